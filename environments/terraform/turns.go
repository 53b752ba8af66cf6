package terraform

import (
	"context"
	"sync"
)

// turns lets one at a time through for each key. Its zero value is ready for use, and it is safe for concurrent use.
type turns struct {
	mu   sync.Mutex
	keys map[string]chan struct{}
}

// take waits for the turn and returns what ends it. An empty key never waits.
func (t *turns) take(ctx context.Context, key string) (release func(), err error) {
	if key == "" {
		return func() {}, nil
	}
	t.mu.Lock()
	turn := t.keys[key]
	if turn == nil {
		if t.keys == nil {
			t.keys = map[string]chan struct{}{}
		}
		turn = make(chan struct{}, 1)
		t.keys[key] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
