package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// The benchmarks below measure whole commands, from start to exit, against what people use instead: a Makefile that runs
// terraform itself, and Terragrunt. All are given the same files and the same number of jobs, and take turns, so that a slow
// moment of the machine is a slow moment of both. What counts is the ratio.

// BenchmarkAgainstMake tells for each command how long bitops takes, as a part of what make takes. limit-ratio compares a
// second apply with make over nothing but one `terraform apply` for each environment, which does not do the job: nobody can
// be faster without doing less.
func BenchmarkAgainstMake(b *testing.B) {
	r := newBench(b, "terraform", "make")
	r.compare([]turn{
		{"apply-cold", r.apply, r.make("apply")},
		{"apply-warm", r.apply, r.make("apply")},
		{"plan-warm", r.plan, r.make("plan")},
		{"limit", r.apply, r.make("only")},
		{"destroy", r.destroy, r.make("destroy")},
	})
}

// BenchmarkAgainstTerragrunt does the same with `terragrunt run --all` over as many units.
func BenchmarkAgainstTerragrunt(b *testing.B) {
	r := newBench(b, "terraform", "terragrunt")
	r.compare([]turn{
		{"apply-cold", r.apply, r.terragrunt("apply")},
		{"apply-warm", r.apply, r.terragrunt("apply")},
		{"plan-warm", r.plan, r.terragrunt("plan")},
		{"destroy", r.destroy, r.terragrunt("destroy")},
	})
}

// bench runs commands in a repository.
type bench struct {
	*testing.B
	repository benchRepository
	bitops     string
	environ    []string
}

// turn is one command, as a command line of ours and of theirs.
type turn struct {
	name         string
	ours, theirs func() *exec.Cmd
}

func newBench(b *testing.B, programs ...string) *bench {
	b.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("not measured: %s is not on PATH", program)
		}
	}
	r := &bench{B: b, repository: newBenchRepository(b), bitops: buildBitops(b, b.TempDir())}
	r.environ = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TG_NON_INTERACTIVE=true", "TG_PARALLELISM="+strconv.Itoa(benchJobs), "TG_TF_PATH=terraform")
	return r
}

// buildBitops builds the program and returns its path.
func buildBitops(b *testing.B, dir string) string {
	b.Helper()
	program := filepath.Join(dir, "bitops")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

func (r *bench) apply() *exec.Cmd   { return r.ours("apply", "--auto-approve") }
func (r *bench) plan() *exec.Cmd    { return r.ours("plan") }
func (r *bench) destroy() *exec.Cmd { return r.ours("destroy", "--auto-approve") }

func (r *bench) ours(args ...string) *exec.Cmd {
	return r.command("bitops", r.bitops, append(args, "--parallelism", strconv.Itoa(benchJobs))...)
}

func (r *bench) make(target string) func() *exec.Cmd {
	return func() *exec.Cmd { return r.command("make", "make", "-s", "-j", strconv.Itoa(benchJobs), target) }
}

// terragrunt approves by itself when it must not ask: https://terragrunt.gruntwork.io/docs/reference/cli/commands/run/
func (r *bench) terragrunt(command string) func() *exec.Cmd {
	return func() *exec.Cmd { return r.command("terragrunt", "terragrunt", "run", "--all", command) }
}

func (r *bench) command(side, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = filepath.Join(r.repository.dir, side), r.environ
	return cmd
}

// compare lets both take their turns and tells the ratios, ours / theirs.
func (r *bench) compare(turns []turn) {
	r.Helper()
	ours, theirs := make([]time.Duration, len(turns)), make([]time.Duration, len(turns))
	for r.Loop() {
		for i, turn := range turns {
			theirs[i] += r.time(turn.theirs())
			ours[i] += r.time(turn.ours())
		}
		r.forget()
	}
	for i, turn := range turns {
		r.ReportMetric(ours[i].Seconds()/theirs[i].Seconds(), turn.name+"-ratio")
		r.ReportMetric(ours[i].Seconds()/float64(r.N), turn.name+"-s")
	}
}

func (r *bench) time(cmd *exec.Cmd) time.Duration {
	r.Helper()
	begun := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return time.Since(begun)
}

// forget makes the next apply a first one.
func (r *bench) forget() {
	r.Helper()
	forgotten := []string{filepath.Join(r.repository.dir, "bitops", ".bitops")}
	for _, name := range []string{".terraform", ".terragrunt-cache"} {
		found, err := filepath.Glob(filepath.Join(r.repository.dir, "*", "*", "terraform", name))
		if err != nil {
			r.Fatal(err)
		}
		forgotten = append(forgotten, found...)
	}
	for _, dir := range forgotten {
		if err := os.RemoveAll(dir); err != nil {
			r.Fatal(err)
		}
	}
}
