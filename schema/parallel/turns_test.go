package parallel

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestTurnsAreOfOneKeyAlone(t *testing.T) {
	var turns Turns[string]
	end, err := turns.Take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.Take(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := turns.Take(ended, "a"); !errors.Is(err, why) {
		t.Errorf("the turn was taken, or not given up as it should: %v", err)
	}
	end()
	if _, err := turns.Take(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestOneOfManyAsks(t *testing.T) {
	var once Once[string, int]
	asked := 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got, err := once.Get(t.Context(), "a", func() (int, error) {
				asked++ // in one turn
				if asked < 3 {
					return 0, errors.New("not yet")
				}
				return asked, nil
			})
			if err == nil && got != 3 {
				t.Errorf("got %d", got)
			}
		})
	}
	all.Wait()
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestWaitingForAnAnswerCanBeGivenUp(t *testing.T) {
	var once Once[string, int]
	ctx, cancel := context.WithCancel(t.Context())
	_, err := once.Get(t.Context(), "a", func() (int, error) {
		cancel()
		if _, err := once.Get(ctx, "a", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a second caller is not let go: %v", err)
		}
		return 1, nil
	})
	if err != nil {
		t.Error(err)
	}
}
