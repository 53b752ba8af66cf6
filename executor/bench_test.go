package executor_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// BenchmarkSteps is what bitops itself costs for one step that does nothing: 10,000 of them, each with a value from the
// one before, with a journal, records, and some lines of output.
func BenchmarkSteps(b *testing.B) {
	const steps, lines = 10_000, 10
	for _, stored := range []bool{false, true} {
		b.Run(fmt.Sprintf("stored=%v", stored), func(b *testing.B) {
			for b.Loop() {
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
				report, err := x.Run(b.Context(), plan)
				if err != nil || report.Outcome != schema.Succeeded {
					b.Fatal(report.Outcome, err)
				}
				log.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/steps, "µs/step")
		})
	}
}
