package dag

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Walk drives f to its end: it calls run for each vertex that f lets start, in
// a goroutine of its own, and settled for each vertex that is settled. Before
// vertices start, and whenever one has ended, it calls starting with those that
// start next, if any, and how many are at work then; starting may be nil.
//
// Failures are results, told through settled; Walk returns nil for them. An
// error from run means that the walk itself cannot go on: its vertex counts as
// Interrupted whatever the Result beside it, nothing new starts, and when the
// running ones have finished Walk returns the first such error. It never
// cancels one vertex because of another.
//
// When ctx is done, nothing new starts, and Walk returns nil after the running
// ones, whose ctx is the same, have finished. Whether they were cut short is
// for run to say. run must return (a panic in it ends the program), and without
// an error it must return a Result that Settle takes.
//
// Only the goroutine that called Walk touches f and calls settled and starting. f is Walk's
// until it returns; at first nothing of it may be running.
func Walk[V ~string](
	ctx context.Context,
	f *Frontier[V],
	run func(ctx context.Context, v V) (Result, error),
	settled func(Settled[V]),
	starting func(next []V, working int),
) error {
	type report struct {
		vertex V
		result Result
		err    error
	}
	reports := make(chan report)
	tell := func(all []Settled[V]) {
		for _, s := range all {
			settled(s)
		}
	}
	// The zero Group: a group with a context would cancel a sibling's live
	// work at the first error.
	var workers errgroup.Group
	working := 0
	done := ctx.Done()
	for {
		// Asked here and not only in select, which may choose a report that
		// has arrived at the same time and go on.
		if ctx.Err() != nil {
			tell(f.Stop())
			done = nil
		}
		next := f.Next()
		working += len(next)
		if starting != nil {
			starting(next, working)
		}
		for _, v := range next {
			workers.Go(func() error {
				result, err := run(ctx, v)
				reports <- report{v, result, err}
				return err
			})
		}
		if f.Done() {
			return workers.Wait()
		}
		select {
		case <-done:
		case r := <-reports:
			working--
			if r.err != nil {
				r.result = Interrupted
			}
			tell(f.Settle(r.vertex, r.result))
			if r.err != nil {
				tell(f.Stop())
			}
		}
	}
}
