package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkChangedSinceCommit tells how long `bitops list changed:main` takes in a chain of 2,000 environments with 100,000
// files, where a module of 50 changed. It is to be below 1.5 s.
func BenchmarkChangedSinceCommit(b *testing.B) {
	const environments, files, modules = 2000, 49, 40
	r := newChain(b, environments, func(i int) string {
		return fmt.Sprintf("module \"m\" {\n  source = \"../../modules/m%d\"\n}\n", i%modules)
	})
	for i := range environments {
		for j := range files {
			r.write(fmt.Sprintf("e%d/terraform/files/f%d", i, j), fmt.Sprintln(i, j))
		}
	}
	for i := range modules {
		r.write(fmt.Sprintf("modules/m%d/main.tf", i), "# a module")
	}
	r.run("git", "init", "-q", "-b", "main")
	r.run("git", "add", "-A")
	r.run("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one")
	r.write("modules/m3/main.tf", "# another one")
	for b.Loop() {
		if n := strings.Count(r.run(r.bitops, "list", "changed:main"), "\n"); n != environments/modules {
			b.Fatalf("%d environments differ", n)
		}
	}
}

// BenchmarkNothingChanged tells how long `bitops apply changed` takes where nothing changed in 1,000 environments. It is to be
// below 1 s.
func BenchmarkNothingChanged(b *testing.B) {
	r := newChain(b, 1000, func(i int) string { return fmt.Sprintf("# %d\n", i) })
	program := "#!/bin/sh\ncase $1 in\nversion) echo '{\"terraform_version\": \"1.11.0\"}' ;;\noutput) echo '{}' ;;\nshow) echo '{\"format_version\": \"1.2\"}' ;;\nesac\n"
	r.write("bin/terraform", program)
	if err := os.Chmod(filepath.Join(r.dir, "bin/terraform"), 0o755); err != nil {
		b.Fatal(err)
	}
	b.Setenv("PATH", filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"))
	r.run(r.bitops, "apply", "--auto-approve")
	for b.Loop() {
		if out := r.run(r.bitops, "apply", "changed", "--auto-approve"); !strings.HasPrefix(out, "Nothing to do") {
			b.Fatal(out)
		}
	}
}

// chain is a repository of environments that each depend on the one before.
type chain struct {
	*testing.B
	dir, bitops string
}

func newChain(b *testing.B, environments int, main func(i int) string) chain {
	b.Helper()
	r := chain{B: b, dir: b.TempDir(), bitops: buildBitops(b, b.TempDir())}
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  environments:\n    e0: {}\n")
	for i := range environments {
		if i > 0 {
			fmt.Fprintf(&manifest, "    e%d: {depends_on: [e%d]}\n", i, i-1)
		}
		r.write(fmt.Sprintf("e%d/terraform/main.tf", i), main(i))
	}
	r.write("bitops.config.yaml", manifest.String())
	return r
}

func (r chain) write(name, text string) {
	r.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
}

func (r chain) run(program string, args ...string) string {
	r.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = r.dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, said.String())
	}
	return string(out)
}
