package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// Ownership knows what the steps of a plan own in the world, as far as that is known, and so which of their records are
// theirs: records belong to a step and to what it owned, because the same repository can be deployed more than once.
//
// What a step owns is known best when its tool has claimed it in this run (claims.go). Before that the files may tell
// (Declared), or the tool can be asked (Identify). A step of a tool that owns nothing by name, such as ansible, belongs to
// what the nearest earlier step of its environment owns.
//
// It is safe for concurrent use. Only Records must be set.
type Ownership struct {
	Records Records
	Plan    *schema.Plan

	// Registry remembers which step owns what. Nil remembers nothing between runs.
	Registry Registry

	// Declared is what the files say that the steps of the manifest own, where they say it.
	Declared map[schema.StepName]*schema.Identity

	// Owns reports whether the tool of a step owns something by name. Nil: none does.
	Owns func(*schema.Step) bool

	// Identify asks the tool of a step what it owns. It returns nil where the tool cannot tell without running hooks.
	Identify func(context.Context, *schema.Step) (*schema.Identity, error)

	// Lineage returns the lineage of what a step owns, "" where that is not known. Nil knows none.
	Lineage func(*schema.Step, *schema.Identity) string

	// SameSettings reports whether the variables that configure a step are what they were when it had a fingerprint.
	SameSettings func(*schema.Step, *schema.Fingerprint) (bool, error)

	// RanWith returns what a step ran with when a record was written that does not say so itself, nil where that is not known.
	RanWith func(*schema.Record) *schema.Fingerprint

	// Orphans are what is deployed and no longer in the manifest. A step of the manifest that owns one was renamed.
	Orphans []schema.Orphan

	// RenamedFrom returns the name that the manifest says a step had before, or "". Nil: none had.
	RenamedFrom func(*schema.Step) schema.StepName

	// Hold locks an environment until the run has ended, unless the run has locked it already. busy says which other run has
	// it, "" for none. Nil: there is no other run.
	Hold func(ctx context.Context, name schema.EnvironmentName) (busy string, err error)

	mu      sync.Mutex
	claimed map[string]schema.StepName           // in this run, by key
	known   map[schema.StepName]*schema.Identity // claimed, or asked for
	asking  map[schema.StepName]*sync.Once       // Identify, once a step
	before  map[schema.StepName]schema.StepName  // the step of the same environment before each
	steps   map[schema.StepName]*schema.Step     // of the plan
	keys    map[string]schema.StepName           // of Declared, those that are certain
	indexed sync.Once
}

// Registry remembers which steps claimed what a key names. Implementations are safe for concurrent use.
type Registry interface {
	// Owners returns the steps that may have it: the one that claimed it last is first, and after it those that had it then.
	Owners(ctx context.Context, key string) ([]schema.Claimant, error)

	// Claim makes steps the owners of it, in place of was, which Owners returned. It returns fs.ErrExist, and changes nothing,
	// when another run claimed it since.
	Claim(ctx context.Context, key string, owners, was []schema.Claimant) error
}

func (o *Ownership) index() {
	o.indexed.Do(func() {
		o.claimed, o.known = map[string]schema.StepName{}, map[schema.StepName]*schema.Identity{}
		o.asking = map[schema.StepName]*sync.Once{}
		o.before, o.steps = map[schema.StepName]schema.StepName{}, map[schema.StepName]*schema.Step{}
		last := map[schema.EnvironmentName]schema.StepName{}
		if o.Plan != nil {
			for i := range o.Plan.Steps {
				step := &o.Plan.Steps[i]
				o.before[step.Name], last[step.Environment] = last[step.Environment], step.Name
				o.steps[step.Name] = step
			}
		}
		o.keys = map[string]schema.StepName{}
		for name, id := range o.Declared {
			if id != nil && !id.Guessed {
				o.keys[id.Key] = name
			}
		}
	})
}

// owner returns the step to whose thing a step belongs: itself, or the nearest earlier one of its environment that owns
// something; nil where there is none.
func (o *Ownership) owner(step *schema.Step) *schema.Step {
	if o.Owns == nil {
		return nil
	}
	o.index()
	for step != nil && !o.Owns(step) {
		step = o.steps[o.before[step.Name]]
	}
	return step
}

// presumed returns what a step owns as far as that is known without asking.
func (o *Ownership) presumed(step *schema.Step) *schema.Identity {
	owner := o.owner(step)
	if owner == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if id := o.known[owner.Name]; id != nil {
		return id
	}
	if id := o.Declared[owner.Name]; id != nil && !id.Guessed {
		return id
	}
	return nil
}

// identity returns what a step owns, and asks its tool where nothing else tells.
func (o *Ownership) identity(ctx context.Context, step *schema.Step) *schema.Identity {
	if id := o.presumed(step); id != nil {
		return id
	}
	owner := o.owner(step)
	if owner == nil || o.Identify == nil {
		return nil
	}
	o.mu.Lock()
	once := o.asking[owner.Name]
	if once == nil {
		once = &sync.Once{}
		o.asking[owner.Name] = once
	}
	o.mu.Unlock()
	once.Do(func() {
		id, err := o.Identify(ctx, owner)
		if err != nil || id == nil || id.Guessed {
			return // what cannot be found out is not known; whoever runs the step is told why
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.known[owner.Name] == nil {
			o.known[owner.Name] = id
		}
	})
	return o.presumed(step)
}

// AmbiguousError says that a step is recorded for several things, and that it is not known which of them is meant.
type AmbiguousError struct {
	Step schema.StepName
	Keys []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s is recorded for %s, and which of them is meant here cannot be known before it runs; select it too",
		e.Step, strings.Join(e.Keys, " and for "))
}

// Record returns what is remembered of what a step owns, nil for nothing. It is an *AmbiguousError when that is not known
// and there is more than one.
func (o *Ownership) Record(ctx context.Context, step *schema.Step) (*schema.Record, error) {
	all, err := o.Records.Records(ctx, step.Name)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return o.pick(step, all, o.identity(ctx, step))
}

// pick returns the record of an identity; nil stands for one that is not known.
func (o *Ownership) pick(step *schema.Step, all []*schema.Record, id *schema.Identity) (*schema.Record, error) {
	named, unnamed := sorted(all)
	if id != nil {
		for _, r := range named {
			if r.Identity.Same(id) {
				return halfDone(r, unnamed), nil
			}
		}
		named = nil
	}
	switch {
	case len(named) > 1:
		return nil, &AmbiguousError{Step: step.Name, Keys: keysOf(named)}
	case len(named) == 1:
		if is, known := o.sameSettings(step, named[0]); known && !is {
			return nil, nil
		}
		return halfDone(named[0], unnamed), nil
	case unnamed == nil || o.owner(step) == nil:
		return unnamed, nil
	}
	is, known := o.sameSettings(step, unnamed)
	if known && !is || !known && o.Owns(step) { // the tool can be asked instead
		return nil, nil
	}
	return unnamed, nil
}

// sorted tells the records of what is known from the one of what was not known when it was written, which is nil for none.
// Records of what another step owns now are left out.
func sorted(all []*schema.Record) (named []*schema.Record, unnamed *schema.Record) {
	for _, r := range all {
		switch {
		case r.State == schema.StateRenamed:
		case r.Identity == nil:
			unnamed = r
		default:
			named = append(named, r)
		}
	}
	return named, unnamed
}

// halfDone returns a record as one that is half done where a later run began and did not get so far as to know what the
// step owns.
func halfDone(r, begun *schema.Record) *schema.Record {
	if begun == nil || begun.Version < schema.RecordVersion || begun.State != schema.StatePartial || !begun.Time.After(r.Time) ||
		r.State != schema.StateDeployed {
		return r
	}
	half := *r
	half.State, half.Run = schema.StatePartial, begun.Run
	return &half
}

func keysOf(records []*schema.Record) []string {
	keys := make([]string, len(records))
	for i, r := range records {
		keys[i] = r.Identity.Key
	}
	slices.Sort(keys)
	return keys
}

// sameSettings reports whether a record was written by a run in which the variables that configure the step were what they
// are now. It is not known where that run is no longer remembered.
func (o *Ownership) sameSettings(step *schema.Step, r *schema.Record) (same, known bool) {
	if r == nil {
		return false, false
	}
	was := o.ranWith(r)
	if was == nil || o.SameSettings == nil {
		return false, false
	}
	same, err := o.SameSettings(step, was)
	return same, err == nil
}

// ranWith returns what a step ran with when a record was written, nil where that is not known.
func (o *Ownership) ranWith(r *schema.Record) *schema.Fingerprint {
	if r.Fingerprint == nil && o.RanWith != nil {
		return o.RanWith(r)
	}
	return r.Fingerprint
}

// elsewhere says where a step is deployed that is not recorded for what it owns here, "" where it is not deployed at all.
func (o *Ownership) elsewhere(ctx context.Context, step *schema.Step) string {
	id := o.presumed(step)
	all, err := o.Records.Records(ctx, step.Name)
	if err != nil || id == nil {
		return ""
	}
	for _, r := range all {
		if r.Stands() && r.Identity != nil && !r.Identity.Same(id) {
			return fmt.Sprintf("not deployed here (%s): run %s deployed %s", id.Key, r.Run, r.Identity.Key)
		}
	}
	return ""
}
