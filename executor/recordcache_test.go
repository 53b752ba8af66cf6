package executor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// farRecords are Records whose reads take a while, as those of a bucket do. They count them.
type farRecords struct {
	memory
	read func(ctx context.Context, step schema.StepName) error // called for each read, before it answers

	mu    sync.Mutex
	reads map[schema.StepName]int
}

func (f *farRecords) Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	f.mu.Lock()
	if f.reads == nil {
		f.reads = map[schema.StepName]int{}
	}
	f.reads[step]++
	f.mu.Unlock()
	if err := f.read(ctx, step); err != nil {
		return nil, err
	}
	return f.memory.Records(ctx, step)
}

// besideUnselected returns a plan of some independent steps, each of which takes a value from a step of its own that is
// not selected, and all from one that is not either.
func besideUnselected(steps int) *schema.Plan {
	plan := &schema.Plan{Version: 1, Command: schema.CommandApply, Parallelism: steps}
	shared := schema.Step{Name: "shared/x", Environment: "shared", Tool: "fake"}
	plan.Steps = append(plan.Steps, shared)
	for n := range steps {
		from, to := schema.EnvironmentName(fmt.Sprintf("from%d", n)), schema.EnvironmentName(fmt.Sprintf("to%d", n))
		plan.Steps = append(plan.Steps,
			schema.Step{Name: from.Step("x"), Environment: from, Tool: "fake"},
			schema.Step{
				Name: to.Step("x"), Environment: to, Tool: "fake", Selected: true,
				DependsOn: []schema.StepName{from.Step("x"), shared.Name},
				Offers: []schema.Offer{
					{Environment: from, Steps: []schema.StepName{from.Step("x")}},
					{Environment: "shared", Steps: []schema.StepName{shared.Name}},
				},
				Interface: schema.Interface{Inputs: []schema.Parameter{{Name: "v"}, {Name: "shared"}}},
			})
	}
	return plan
}

// recordAll has every step of a plan that is not selected recorded as deployed.
func (f *farRecords) recordAll(plan *schema.Plan) {
	for i := range plan.Steps {
		step := &plan.Steps[i]
		name := "v"
		if step.Environment == "shared" {
			name = "shared"
		}
		if !step.Selected {
			_ = f.Save(&schema.Record{Version: 1, Step: step.Name, State: schema.StateDeployed, Outputs: schema.Values{name: schema.Text("1")}}, nil)
		}
	}
}

func runFar(ctx context.Context, far *farRecords, plan *schema.Plan) (*schema.Report, error) {
	x := &executor.Executor{
		Runner: idle{}, Records: far, Now: time.Now, LogOf: func(schema.StepName) string { return "" },
		Emitter: &executor.Emitter{Now: time.Now, Redact: &secret.Redactor{}},
	}
	return x.Run(ctx, plan)
}

// All reads are under way before the first one ends: no lock is held meanwhile. And each record is read once.
func TestRecordsAreReadSideBySideAndOnce(t *testing.T) {
	const steps = 10
	plan := besideUnselected(steps)
	var begun sync.WaitGroup
	begun.Add(steps) // the reads of the steps that are not shared
	far := &farRecords{}
	far.read = func(ctx context.Context, step schema.StepName) error {
		if plan.Step(step).Selected || step == "shared/x" {
			return nil
		}
		begun.Done()
		all := make(chan struct{})
		go func() { begun.Wait(); close(all) }()
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	far.recordAll(plan)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := runFar(ctx, far, plan)
	if err != nil || report.Overall() != schema.Succeeded {
		t.Fatal(report.Overall(), err)
	}
	for step, reads := range far.reads {
		if reads != 1 {
			t.Errorf("the record of %s was read %d times", step, reads)
		}
	}
}

// A record that could not be read once is read by the next step that needs it.
func TestFailedReadOfARecordIsRepeated(t *testing.T) {
	plan := besideUnselected(2)
	plan.Parallelism = 1
	failed := false
	far := &farRecords{read: func(_ context.Context, step schema.StepName) error {
		if step != "shared/x" || failed {
			return nil
		}
		failed = true
		return errors.New("connection reset")
	}}
	far.recordAll(plan)
	report, err := runFar(t.Context(), far, plan)
	if err != nil || report.Count(schema.Failed) != 1 || report.Count(schema.Succeeded) != 1 {
		t.Errorf("%+v %v", report.Steps, err)
	}
}

// Who waits for the read of another step stops waiting when the run is stopped, as the read itself does.
func TestReadOfARecordEndsWithTheRun(t *testing.T) {
	plan := besideUnselected(3)
	ctx, cancel := context.WithCancel(t.Context())
	far := &farRecords{read: func(ctx context.Context, step schema.StepName) error {
		if step == "shared/x" {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}
	far.recordAll(plan)
	if report, err := runFar(ctx, far, plan); err != nil || report.Overall() != schema.Interrupted {
		t.Errorf("%s %v", report.Overall(), err)
	}
}

// BenchmarkFarRecords is a run of ten independent steps whose records take 300 ms to read and nothing to write. Each needs
// three of them, and the run takes about as long as one read.
func BenchmarkFarRecords(b *testing.B) {
	for b.Loop() {
		plan := besideUnselected(10)
		far := &farRecords{read: func(context.Context, schema.StepName) error { time.Sleep(300 * time.Millisecond); return nil }}
		far.recordAll(plan)
		if report, err := runFar(b.Context(), far, plan); err != nil || report.Overall() != schema.Succeeded {
			b.Fatal(report.Overall(), err)
		}
	}
}
