package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The benchmarks below measure whole commands, from start to exit, against what a person would write instead: a Makefile
// that runs terraform itself. Both are given the same files and the same number of jobs, and take turns, so that a slow
// moment of the machine is a slow moment of both. What counts is the ratio.

const (
	benchLevels = 6
	benchWidth  = 5
	benchJobs   = 4
)

// bench is a repository of 30 environments in six levels, each with values from two or three of the level before.
type bench struct {
	*testing.B
	dir, bitops string
	environ     []string
}

func newBench(b *testing.B) *bench {
	b.Helper()
	for _, program := range []string{"terraform", "make"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("%s is missing", program)
		}
	}
	r := &bench{B: b, dir: b.TempDir()}
	r.bitops = filepath.Join(r.dir, "bitops")
	r.environ = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	if out, err := exec.Command("go", "build", "-o", r.bitops, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  environments:\n")
	targets := map[string]*strings.Builder{"apply": {}, "plan": {}, "only": {}, "destroy": {}}
	names := ""
	for level := range benchLevels {
		for n := range benchWidth {
			name := fmt.Sprintf("e%d%d", level, n)
			names += " " + name
			fmt.Fprintf(&manifest, "    %s:\n", name)
			r.environment(name, upstream(level, n), &manifest, targets)
		}
	}
	for _, side := range []string{"ours", "theirs"} {
		r.write(filepath.Join(side, "bitops.config.yaml"), manifest.String())
	}
	var makefile strings.Builder
	for target, rules := range targets {
		fmt.Fprintf(&makefile, "%s: $(patsubst %%,%s-%%,%s)\n%s", target, target, names, rules)
	}
	r.write("theirs/Makefile", makefile.String())
	return r
}

// upstream names the environments that one takes values from.
func upstream(level, n int) []string {
	var names []string
	for m := 0; level > 0 && m < 2+n%2; m++ {
		names = append(names, fmt.Sprintf("e%d%d", level-1, (n+m)%benchWidth))
	}
	return names
}

// environment writes one, and the rules that deploy it without bitops. The last value of an environment is kept in a file,
// which others read.
func (r *bench) environment(name string, from []string, manifest *strings.Builder, targets map[string]*strings.Builder) {
	r.Helper()
	var main strings.Builder
	var values string
	if len(from) > 0 {
		manifest.WriteString("      inputs:\n")
	}
	for n, other := range from {
		fmt.Fprintf(manifest, "        v%d: \"${outputs.%s.id}\"\n", n, other)
		fmt.Fprintf(&main, "variable \"v%d\" { type = string }\n", n)
		values += fmt.Sprintf("TF_VAR_v%d=$$(cat ../../%s/id) ", n, other)
		fmt.Fprintf(targets["destroy"], "destroy-%s: destroy-%s\n", other, name)
	}
	main.WriteString("resource \"terraform_data\" \"it\" {\n  input = \"" + name)
	for n := range from {
		fmt.Fprintf(&main, " ${substr(var.v%d, 0, 8)}", n)
	}
	main.WriteString("\"\n}\noutput \"id\" { value = terraform_data.it.id }\n")
	for _, side := range []string{"ours", "theirs"} {
		r.write(filepath.Join(side, name, "terraform", "main.tf"), main.String())
	}
	for _, target := range []string{"apply", "plan", "only"} {
		fmt.Fprintf(targets[target], "%s-%s:", target, name)
		for _, other := range from {
			fmt.Fprintf(targets[target], " %s-%s", target, other)
		}
		fmt.Fprintf(targets[target], "\n\t@cd %s/terraform && exec >../log 2>&1 && ", name)
	}
	hand := "terraform output -raw id >../id\n"
	fmt.Fprintf(targets["apply"], "{ test -d .terraform || terraform init -input=false; } && %sterraform apply -input=false -auto-approve && %s", values, hand)
	fmt.Fprintf(targets["plan"], "%sterraform plan -input=false && %s", values, hand)
	fmt.Fprintf(targets["only"], "%sterraform apply -input=false -auto-approve\n", values)
	fmt.Fprintf(targets["destroy"], "destroy-%s:\n\t@cd %s/terraform && exec >../log 2>&1 && %sterraform destroy -input=false -auto-approve\n", name, name, values)
}

func (r *bench) write(name, text string) {
	r.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
}

// ours and theirs run a command on one side, and return how long it took.
func (r *bench) ours(args ...string) time.Duration {
	r.Helper()
	return r.time("ours", r.bitops, append(args, "--parallelism", strconv.Itoa(benchJobs))...)
}

func (r *bench) theirs(target string) time.Duration {
	r.Helper()
	return r.time("theirs", "make", "-s", "-j", strconv.Itoa(benchJobs), target)
}

func (r *bench) time(side, program string, args ...string) time.Duration {
	r.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, side), r.environ
	begun := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return time.Since(begun)
}

// BenchmarkAgainstMake tells for each command how long bitops takes, as a part of what make takes. limit-ratio compares a
// second apply with make over nothing but one `terraform apply` for each environment, which does not do the job: nobody can
// be faster without doing less.
func BenchmarkAgainstMake(b *testing.B) {
	r := newBench(b)
	var ours, theirs [5]time.Duration
	names := [5]string{"apply-cold", "apply-warm", "plan-warm", "limit", "destroy"}
	for b.Loop() {
		for i, turn := range []struct {
			ours   []string
			theirs string
		}{
			{[]string{"apply", "--auto-approve"}, "apply"},
			{[]string{"apply", "--auto-approve"}, "apply"},
			{[]string{"plan"}, "plan"},
			{[]string{"apply", "--auto-approve"}, "only"},
			{[]string{"destroy", "--auto-approve"}, "destroy"},
		} {
			theirs[i] += r.theirs(turn.theirs)
			ours[i] += r.ours(turn.ours...)
		}
		r.forget()
	}
	for i, name := range names {
		b.ReportMetric(ours[i].Seconds()/theirs[i].Seconds(), name+"-ratio")
		b.ReportMetric(ours[i].Seconds()/float64(b.N), name+"-s")
	}
}

// forget makes the next apply a first one.
func (r *bench) forget() {
	r.Helper()
	all, err := filepath.Glob(filepath.Join(r.dir, "theirs", "*", "terraform", ".terraform"))
	if err != nil {
		r.Fatal(err)
	}
	for _, dir := range append(all, filepath.Join(r.dir, "ours", ".bitops")) {
		if err := os.RemoveAll(dir); err != nil {
			r.Fatal(err)
		}
	}
}
