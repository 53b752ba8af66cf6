package executor

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bitops-engine/bitops/schema"
)

// recordCache reads the record of each step once in a run: the locks of the run keep others from changing it. Reads of
// different steps overlap, a second read of a step waits for the first, and no lock is held meanwhile. A read that failed
// is repeated by the next caller. It is safe for concurrent use.
type recordCache struct {
	records Records

	mu    sync.Mutex
	reads map[schema.StepName]*recordRead
}

var _ Records = (*recordCache)(nil)

// recordRead is one read of a record. Its results are there once done is closed.
type recordRead struct {
	done   chan struct{}
	record *schema.Record
	err    error
}

func newRecordCache(records Records) *recordCache {
	return &recordCache{records: records, reads: map[schema.StepName]*recordRead{}}
}

// Record implements Records. Callers share the record, and do not change it.
func (c *recordCache) Record(ctx context.Context, step schema.StepName) (*schema.Record, error) {
	record, err := c.readOnce(ctx, step)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil { // that of another caller
		record, err = c.readOnce(ctx, step)
	}
	return record, err
}

func (c *recordCache) readOnce(ctx context.Context, step schema.StepName) (*schema.Record, error) {
	c.mu.Lock()
	read := c.reads[step]
	if read != nil {
		c.mu.Unlock()
		return read.wait(ctx)
	}
	read = &recordRead{done: make(chan struct{})}
	c.reads[step] = read
	c.mu.Unlock()

	read.record, read.err = c.records.Record(ctx, step)
	if read.err != nil {
		c.drop(step, read)
	}
	close(read.done)
	return read.record, read.err
}

// readsAtOnce bounds the reads that one step has under way.
const readsAtOnce = 16

// warm reads the records of several steps side by side, and returns an error of one of them.
func (c *recordCache) warm(ctx context.Context, steps []schema.StepName) error {
	var reads errgroup.Group // without a context of its own: other steps may wait for these reads
	reads.SetLimit(readsAtOnce)
	for _, name := range steps {
		reads.Go(func() error {
			_, err := c.Record(ctx, name)
			return err
		})
	}
	return reads.Wait()
}

func (r *recordRead) wait(ctx context.Context) (*schema.Record, error) {
	select {
	case <-r.done:
		return r.record, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// drop forgets a read, or whichever there is for nil, so that the next caller reads again.
func (c *recordCache) drop(step schema.StepName, read *recordRead) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if read == nil || c.reads[step] == read {
		delete(c.reads, step)
	}
}

// Save implements Records.
func (c *recordCache) Save(r *schema.Record) error {
	defer c.drop(r.Step, nil)
	return c.records.Save(r)
}

// Forget implements Records.
func (c *recordCache) Forget(step schema.StepName) error {
	defer c.drop(step, nil)
	return c.records.Forget(step)
}
