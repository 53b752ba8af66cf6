package main

import (
	"fmt"
	"os"
	"runtime/pprof"
)

// profile writes a processor profile to the file that BITOPS_CPUPROFILE names, for whoever makes bitops faster. It
// returns what ends it.
func profile() (stop func()) {
	name := os.Getenv("BITOPS_CPUPROFILE")
	if name == "" {
		return func() {}
	}
	f, err := os.Create(name)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bitops: profile: %v\n", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}
