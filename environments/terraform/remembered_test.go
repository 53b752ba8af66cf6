package terraform

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The version of terraform itself is asked for once, until it is another file. Whatever else has its name is asked each
// time, scripts and compiled programs.
func TestTheVersionIsRemembered(t *testing.T) {
	requireTool(t, "terraform")
	s := tellReal(t, map[string]string{"main.tf": ""})
	s.Cache = filepath.Join(t.TempDir(), "cache")
	target, err := exec.LookPath("terraform")
	check(t, err)
	target, err = filepath.EvalSymlinks(target)
	check(t, err)
	bin := t.TempDir()
	check(t, os.Symlink(target, filepath.Join(bin, "terraform")))
	s.Variables["PATH"] = bin + ":/usr/bin:/bin"

	run := func(what, want string) {
		t.Helper()
		s.use(New()) // another run
		s.processes()
		s.Plan()
		equal(t, "processes "+what, s.processes(), want)
	}
	run("the first time", "version init plan")
	run("again", "plan")

	program := filepath.Join(bin, "terraform")
	text, err := os.ReadFile(target)
	check(t, err)
	check(t, os.Remove(program))
	check(t, os.WriteFile(program, text, 0o755))
	run("of another file", "version plan")
	run("of that again", "plan")
	check(t, os.Chtimes(program, time.Now(), time.Now().Add(time.Second)))
	run("of one that was touched", "version plan")

	check(t, os.Remove(program))
	writeFile(t, program, "#!/bin/sh\nexec "+target+" \"$@\"\n")
	check(t, os.Chmod(program, 0o755))
	run("of a script", "version plan")
	run("of a script again", "version plan")
	s.binaryThatIsNone(program, target)
	run("of another program", "version plan")
	run("of another program again", "version plan")
}

// binaryThatIsNone puts a compiled program in terraform's place that starts it, as version managers do.
func (s *story) binaryThatIsNone(program, target string) {
	s.T.Helper()
	dir := s.T.TempDir()
	writeFile(s.T, filepath.Join(dir, "go.mod"), "module example.test/manager\n")
	writeFile(s.T, filepath.Join(dir, "main.go"), `package main

import (
	"os"
	"syscall"
)

func main() { _ = syscall.Exec("`+target+`", append([]string{"terraform"}, os.Args[1:]...), os.Environ()) }
`)
	check(s.T, os.Remove(program))
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		s.T.Fatalf("%v\n%s", err, out)
	}
}
