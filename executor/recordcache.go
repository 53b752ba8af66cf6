package executor

import (
	"context"
	"errors"
	"slices"
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
	done    chan struct{}
	records []*schema.Record
	err     error
}

func newRecordCache(records Records) *recordCache {
	return &recordCache{records: records, reads: map[schema.StepName]*recordRead{}}
}

// Records implements Records. Callers share the records, and do not change them.
func (c *recordCache) Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	records, err := c.readOnce(ctx, step)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil { // that of another caller
		records, err = c.readOnce(ctx, step)
	}
	return records, err
}

func (c *recordCache) readOnce(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	c.mu.Lock()
	read := c.reads[step]
	if read != nil {
		c.mu.Unlock()
		return read.wait(ctx)
	}
	read = &recordRead{done: make(chan struct{})}
	c.reads[step] = read
	c.mu.Unlock()

	read.records, read.err = c.records.Records(ctx, step)
	if read.err != nil {
		c.drop(step, read)
	}
	close(read.done)
	return read.records, read.err
}

// readsAtOnce bounds the reads that one step has under way.
const readsAtOnce = 16

// warm reads the records of several steps side by side, and returns an error of one of them.
func (c *recordCache) warm(ctx context.Context, steps []schema.StepName) error {
	var reads errgroup.Group // without a context of its own: other steps may wait for these reads
	reads.SetLimit(readsAtOnce)
	for _, name := range steps {
		reads.Go(func() error {
			_, err := c.Records(ctx, name)
			return err
		})
	}
	return reads.Wait()
}

func (r *recordRead) wait(ctx context.Context) ([]*schema.Record, error) {
	select {
	case <-r.done:
		return r.records, r.err
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

// Save implements Records. What was read stays known: a store that went away meanwhile is not asked again.
func (c *recordCache) Save(r, instead *schema.Record) error {
	if err := c.records.Save(r, instead); err != nil {
		c.drop(r.Step, nil)
		return err
	}
	c.change(r.Step, func(all *schema.Records) { all.Put(r, instead) })
	return nil
}

// Forget implements Records.
func (c *recordCache) Forget(r *schema.Record) error {
	if err := c.records.Forget(r); err != nil {
		c.drop(r.Step, nil)
		return err
	}
	c.change(r.Step, func(all *schema.Records) { all.Remove(r) })
	return nil
}

// change replaces what was read of a step; where that is not known yet, the next caller reads it.
func (c *recordCache) change(step schema.StepName, how func(*schema.Records)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := c.reads[step]
	if read == nil {
		return
	}
	select {
	case <-read.done:
	default: // it began before, and may answer either
		delete(c.reads, step)
		return
	}
	all := schema.Records{Step: step, Records: slices.Clone(read.records)}
	how(&all)
	changed := &recordRead{done: make(chan struct{}), records: all.Records}
	close(changed.done)
	c.reads[step] = changed
}
