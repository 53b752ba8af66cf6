package dag_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bitops-engine/bitops/dag"
)

var errBroken = errors.New("the journal cannot be written")

// walk runs Walk to its end and returns what it told, in its order.
func walk(
	ctx context.Context, t *testing.T, graph string, o dag.Options[step],
	run func(context.Context, step) (dag.Result, error),
) (string, error) {
	t.Helper()
	f, err := dag.NewFrontier(parse(t, graph), o)
	if err != nil {
		t.Fatal(err)
	}
	var told []dag.Settled[step]
	err = dag.Walk(ctx, f, run, func(s dag.Settled[step]) { told = append(told, s) }, nil)
	return show(told), err
}

func TestWalkTellsEverythingThatIsSettled(t *testing.T) {
	for _, test := range []struct{ name, graph, fails, want string }{
		{"an empty graph is walked at once", "", "", ""},
		{"dependencies come before dependents", "c:b b:a a", "", "a=succeeded b=succeeded c=succeeded"},
		{"a failure is told, not returned", "a b:a c", "a", "a=failed b=blocked(a) c=not started(a)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := func(_ context.Context, v step) (dag.Result, error) {
				if string(v) == test.fails {
					return dag.Failed, nil
				}
				return dag.Succeeded, nil
			}
			told, err := walk(t.Context(), t, test.graph, dag.Options[step]{Parallelism: 1}, run)
			if told != test.want || err != nil {
				t.Errorf("told %q, %v, want %q", told, err, test.want)
			}
		})
	}
}

func TestWalkRunsIndependentVerticesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		met := make(chan struct{})
		run := func(_ context.Context, v step) (dag.Result, error) {
			if v == "a" {
				met <- struct{}{}
			} else {
				<-met
			}
			return dag.Succeeded, nil
		}
		if _, err := walk(t.Context(), t, "a b", dag.Options[step]{}, run); err != nil {
			t.Error(err)
		}
	})
}

func TestWalkStartsNothingWhenTheContextIsDoneAlready(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run := func(context.Context, step) (dag.Result, error) {
		t.Error("something started")
		return dag.Succeeded, nil
	}
	told, err := walk(ctx, t, "a b:a", dag.Options[step]{}, run)
	if want := "a=not started b=not started"; told != want || err != nil {
		t.Errorf("told %q, %v, want %q", told, err, want)
	}
}

func TestWalkStartsNothingWhenAResultArrivesWithTheCancellation(t *testing.T) {
	// While Walk is busy telling that first is settled, the context is
	// cancelled and a returns. Which of the two Walk sees first is left to
	// chance: try often.
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			run := func(ctx context.Context, v step) (dag.Result, error) {
				switch v {
				case "a":
					<-ctx.Done()
				case "after":
					t.Error("after started")
				}
				return dag.Succeeded, nil
			}
			told := func(s dag.Settled[step]) {
				if s.Vertex == "first" {
					cancel()
					synctest.Wait() // until a waits to be heard
				}
			}
			f, err := dag.NewFrontier(parse(t, "first a after:a"), dag.Options[step]{})
			if err != nil {
				t.Fatal(err)
			}
			if err := dag.Walk(ctx, f, run, told, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWalkWaitsForWhatRunsWhenTheContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cleanUp := make(chan struct{})
		returned := make(chan struct{})
		var told string
		go func() {
			defer close(returned)
			told, _ = walk(ctx, t, "a b:a", dag.Options[step]{}, func(ctx context.Context, _ step) (dag.Result, error) {
				<-ctx.Done()
				<-cleanUp
				return dag.Interrupted, nil
			})
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case <-returned:
			t.Error("Walk returned before what was running")
		default:
		}
		close(cleanUp)
		<-returned
		if want := "b=not started a=interrupted"; told != want {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestWalkReturnsTheErrorOfARunAfterTheOthersHaveFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := make(chan struct{})
		run := func(ctx context.Context, v step) (dag.Result, error) {
			switch v {
			case "a":
				close(broken)
				return dag.Succeeded, errBroken
			case "b":
				<-broken
				synctest.Wait() // until Walk has dealt with the error
				if ctx.Err() != nil {
					t.Error("the error of one cancelled another")
				}
				return dag.Succeeded, nil
			default:
				t.Errorf("%s started", v)
				return dag.Succeeded, nil
			}
		}
		told, err := walk(t.Context(), t, "a b after:a onward:b", dag.Options[step]{KeepGoing: true}, run)
		if !errors.Is(err, errBroken) {
			t.Errorf("error = %v", err)
		}
		if want := "a=interrupted after=blocked(a) onward=not started b=succeeded"; told != want {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

// TestWalkDoesNotSwallowAPanic lets a child process do the panicking: nothing
// in the same process can outlive it.
func TestWalkDoesNotSwallowAPanic(t *testing.T) {
	const panics = "DAG_TEST_PANICS"
	if os.Getenv(panics) != "" {
		_, err := walk(t.Context(), t, "a b", dag.Options[step]{}, func(context.Context, step) (dag.Result, error) {
			panic("out of cheese")
		})
		t.Fatalf("Walk returned %v", err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), panics+"=yes")
	output, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "panic: out of cheese") {
		t.Errorf("the child ended with %v and said:\n%s", err, output)
	}
}
