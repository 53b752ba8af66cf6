package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
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
	r.deploy()
	for b.Loop() {
		if out := r.run(r.bitops, "apply", "changed", "--auto-approve"); !strings.HasPrefix(out, "Nothing to do") {
			b.Fatal(out)
		}
	}
}

// BenchmarkSelect tells how long it takes to list everything, to list what changed where nothing did, and to complete a word, in
// repositories of environments that do not depend on each other.
func BenchmarkSelect(b *testing.B) {
	for _, n := range []int{2_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRepository(b, n, func(i int) string { return fmt.Sprintf("# %d\n", i) }, func(int) string { return "{}" })
			r.deploy()
			for name, args := range map[string][]string{
				"everything": {"list", "**"}, "changed": {"list", "changed"}, "complete": {"__complete", "plan", "tool:terraform & e1"},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						r.run(r.bitops, args...)
					}
				})
			}
		})
	}
}

// BenchmarkCutOff tells how long `bitops apply changed+` takes where one environment has another comment, and 1,000 depend on it
// that have no reason to run.
func BenchmarkCutOff(b *testing.B) {
	const dependents = 1000
	r := newRepository(b, dependents+1, func(i int) string {
		if i == 0 {
			return "output \"id\" {\n  value = 1\n}\n"
		}
		return "variable \"up\" {}\n"
	}, func(i int) string {
		if i == 0 {
			return "{}"
		}
		return "{inputs: {up: '${outputs.e0.id}'}}"
	})
	r.deploy()
	for n := 0; b.Loop(); n++ {
		r.write("e0/terraform/comment.tf", fmt.Sprintf("# %d\n", n))
		if out := r.run(r.bitops, "apply", "changed+", "--auto-approve"); strings.Count(out, "start ") != 1 {
			b.Fatal(out)
		}
	}
}

// chain is a repository of many environments.
type chain struct {
	*testing.B
	dir, bitops string
}

func newChain(b *testing.B, environments int, main func(i int) string) chain {
	b.Helper()
	return newRepository(b, environments, main, func(i int) string {
		if i == 0 {
			return "{}"
		}
		return fmt.Sprintf("{depends_on: [e%d]}", i-1)
	})
}

// newRepository makes a repository of environments, each with what main and entry return for its number.
func newRepository(b *testing.B, environments int, main, entry func(i int) string) chain {
	b.Helper()
	r := chain{B: b, dir: b.TempDir(), bitops: buildBitops(b, b.TempDir())}
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  environments:\n")
	for i := range environments {
		fmt.Fprintf(&manifest, "    e%d: %s\n", i, entry(i))
		r.write(fmt.Sprintf("e%d/terraform/main.tf", i), main(i))
	}
	r.write("bitops.config.yaml", manifest.String())
	return r
}

// deploy applies everything with a program in terraform's place that does nothing, and leaves that on the path.
func (r chain) deploy() {
	r.Helper()
	r.write("bin/terraform", `#!/bin/sh
case $1 in
version) echo '{"terraform_version": "1.11.0"}' ;;
output) echo '{"id": {"value": 1, "type": "number", "sensitive": false}}' ;;
show) echo '{"format_version": "1.2"}' ;;
apply) echo '{"@level": "info", "type": "outputs", "outputs": {"id": {"value": 1, "type": "number", "sensitive": false}}}' ;;
esac
`)
	if err := os.Chmod(filepath.Join(r.dir, "bin/terraform"), 0o755); err != nil {
		r.Fatal(err)
	}
	r.Setenv("PATH", filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"))
	r.run(r.bitops, "apply", "--auto-approve", "--parallelism", "8")
}

func (r chain) write(name, text string) {
	r.Helper()
	testkit.WriteFile(r.B, filepath.Join(r.dir, name), text)
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
