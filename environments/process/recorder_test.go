package process_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
)

func ExampleRecorder() {
	runner := &process.Recorder{
		Answer: func(_ context.Context, c process.Command) (process.Result, error) {
			c.Stdout(process.Line{Text: "Terraform v1.11.4"})
			return process.Result{ExitCode: 2}, nil
		},
	}
	result, err := runner.Run(context.Background(), process.Command{
		Name: "terraform", Args: []string{"version"}, Stdout: func(l process.Line) { fmt.Println(l.Text) },
	})
	fmt.Println(result.ExitCode, err)
	for _, c := range runner.Commands() {
		fmt.Println(c.Name, c.Args)
	}
	// Output:
	// Terraform v1.11.4
	// 2 <nil>
	// terraform [version]
}

func TestRecorderPassesThrough(t *testing.T) {
	runner := &process.Recorder{Answer: process.Local{}.Run}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			r, err := runner.Run(t.Context(), process.Command{Name: "sh", Args: []string{"-c", "exit 3"}, Env: []string{path}})
			if err != nil || r.ExitCode != 3 {
				t.Errorf("code %d, error %v", r.ExitCode, err)
			}
		})
	}
	wg.Wait()
	equal(t, "commands", len(runner.Commands()), 10)
}

func TestRecorderKeepsWhatItSaw(t *testing.T) {
	runner := new(process.Recorder)
	c := process.Command{Name: "a", Args: []string{"one"}}
	if r, err := runner.Run(t.Context(), c); err != nil || r.ExitCode != 0 {
		t.Errorf("%+v %v", r, err)
	}
	c.Args[0] = "two"
	equal(t, "argument", runner.Commands()[0].Args[0], "one")
}
