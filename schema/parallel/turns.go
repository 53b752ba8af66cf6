package parallel

import (
	"context"
	"sync"
)

// Turns lets one at a time through for each key. The zero value is ready for use, and it is safe for concurrent use.
type Turns[K comparable] struct {
	mu   sync.Mutex
	keys map[K]chan struct{}
}

// Take waits for the turn of a key and returns what ends it. It returns the context's cause when that ends first.
func (t *Turns[K]) Take(ctx context.Context, key K) (end func(), err error) {
	turn := t.of(key)
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Wait waits for the turn of a key, however long it takes, and returns what ends it.
func (t *Turns[K]) Wait(key K) (end func()) {
	turn := t.of(key)
	turn <- struct{}{}
	return func() { <-turn }
}

func (t *Turns[K]) of(key K) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	turn := t.keys[key]
	if turn == nil {
		if t.keys == nil {
			t.keys = map[K]chan struct{}{}
		}
		turn = make(chan struct{}, 1)
		t.keys[key] = turn
	}
	return turn
}

// Once finds out a value for each key once, and remembers it. The zero value is ready for use, and it is safe for concurrent
// use.
type Once[K comparable, V any] struct {
	turns Turns[K]
	mu    sync.Mutex
	known map[K]V
}

// Get returns the value of a key. Of several callers at once, one finds it out with ask, and the others wait for it or for the
// end of their context. An error is the caller's alone: the next one asks again.
func (o *Once[K, V]) Get(ctx context.Context, key K, ask func() (V, error)) (V, error) {
	var none V
	end, err := o.turns.Take(ctx, key)
	if err != nil {
		return none, err
	}
	defer end()
	if value, known := o.get(key); known {
		return value, nil
	}
	value, err := ask()
	if err != nil {
		return none, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil {
		o.known = map[K]V{}
	}
	o.known[key] = value
	return value, nil
}

func (o *Once[K, V]) get(key K) (V, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	value, known := o.known[key]
	return value, known
}
