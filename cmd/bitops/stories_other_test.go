//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

func gone(ts *testscript.TestScript, _ bool, _ []string) { onlyOnLinux(ts) }

func terminal(ts *testscript.TestScript, _ bool, _ []string) { onlyOnLinux(ts) }

func onlyOnLinux(ts *testscript.TestScript) {
	ts.Value(runner{}).(testscript.T).Skip("this story is told on Linux")
}
