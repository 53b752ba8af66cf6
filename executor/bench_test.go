package executor_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// BenchmarkSteps is what the executor costs for one step that does nothing: each has a value from the tenth before it and
// prints some lines. stored is with records and a journal, all of it on disk. cpu is the time of the whole process.
func BenchmarkSteps(b *testing.B) {
	const lines = 10
	for _, steps := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("stored=false/steps=%d", steps), func(b *testing.B) { benchmarkSteps(b, steps, lines, false) })
		b.Run(fmt.Sprintf("stored=true/steps=%d", steps), func(b *testing.B) { benchmarkSteps(b, steps, lines, true) })
	}
}

func benchmarkSteps(b *testing.B, steps, lines int, stored bool) {
	b.Helper()
	before := cpuTime(b)
	for b.Loop() {
		st, err := store.Open(filepath.Join(b.TempDir(), fmt.Sprint(time.Now().UnixNano())))
		if err != nil {
			b.Fatal(err)
		}
		log, err := journal.Create(st.Run("20261123-143005-000000"))
		if err != nil {
			b.Fatal(err)
		}
		redact := &secret.Redactor{}
		redact.Add("correct horse battery staple", "another secret")
		x := &executor.Executor{
			Runner: idle{lines}, Records: st, Now: time.Now, LogOf: func(n schema.StepName) string { return string(n) },
			Emitter: &executor.Emitter{Now: time.Now, Redact: redact, Required: []executor.Sink{log.Write}},
		}
		if !stored {
			x.Records, x.Emitter.Required = &memory{}, nil
		}
		report, err := x.Run(b.Context(), tenChains(steps))
		if err != nil || report.Outcome != schema.Succeeded {
			b.Fatal(report.Outcome, err)
		}
		log.Close()
	}
	of := float64(b.N * steps)
	b.ReportMetric(float64(b.Elapsed().Microseconds())/of, "µs/step")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/of, "cpu-µs/step")
}

// tenChains returns a plan of ten chains side by side.
func tenChains(steps int) *schema.Plan {
	plan := &schema.Plan{Version: 1, Command: schema.CommandApply, Parallelism: 10}
	for n := range steps {
		env := schema.EnvironmentName(fmt.Sprintf("e%d", n))
		s := schema.Step{Name: env.Step("x"), Environment: env, EnvironmentPath: string(env), Tool: "fake", Selected: true}
		if n >= 10 {
			on := schema.EnvironmentName(fmt.Sprintf("e%d", n-10))
			s.DependsOn = []schema.StepName{on.Step("x")}
			s.Offers = []schema.Offer{{Environment: on, Steps: s.DependsOn}}
			s.Interface.Inputs = []schema.Parameter{{Name: "v"}}
		}
		plan.Steps = append(plan.Steps, s)
	}
	return plan
}

// cpuTime is what this process has used so far, user and system.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
