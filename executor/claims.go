package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A claim is how a tool says what its step owns, as soon as it knows and before it changes anything: bitops refuses it when
// another step owns the same, so that no step ever destroys what another one made. Two steps of one run that claim the same
// at the same time cannot both get it.

// claimed is what is known of a thing once a step has claimed it.
type claimed struct {
	id      *schema.Identity
	record  *schema.Record // of this step; nil for none
	unnamed *schema.Record // of this step, written before it was known what it owns; nil for none
	from    *schema.Record // of the step's earlier name; nil where it was not renamed
	claims  []claim        // what the registry has to learn
}

// claim is what a registry learns of a key.
type claim struct {
	key         string
	owners, was []schema.Claimant
}

// claim finds out whether a step may have what an identity names.
func (o *Ownership) claim(ctx context.Context, step *schema.Step, id *schema.Identity) (*claimed, error) {
	o.index()
	if err := o.take(step, id); err != nil {
		return nil, err
	}
	all, err := o.Records.Records(ctx, step.Name)
	if err != nil {
		return nil, err
	}
	c := &claimed{id: id}
	named, unnamed := sorted(all)
	if is, known := o.sameSettings(step, unnamed); is || !known {
		c.unnamed = unnamed // one of other settings is of something else, and stays
	}
	if err := o.mayMoveBack(ctx, step, all, id); err != nil {
		return nil, err
	}
	if c.record, err = o.pick(step, all, id); err != nil {
		return nil, err
	}
	if c.record == nil {
		c.record = ofLineage(named, id) // its state was moved to another place
	}
	if c.record.Stands() && c.record.Identity.Same(id) && c.record.MovesFrom == "" {
		if err := c.sameLineage(step); err != nil {
			return c, err
		}
		c.from, err = o.saidToBe(ctx, step)
		return c, err
	}
	return c, o.inherit(ctx, step, c)
}

// saidToBe returns the record under the earlier name that the manifest says a recorded step had, or nil: one that names
// nothing, because an older bitops wrote it. What a record names otherwise, and the step does not own, is something else.
func (o *Ownership) saidToBe(ctx context.Context, step *schema.Step) (*schema.Record, error) {
	name := o.renamedFrom(step)
	if name == "" || !o.isOrphan(name) {
		return nil, nil
	}
	all, err := o.Records.Records(ctx, name)
	if _, unnamed := sorted(all); err == nil && unnamed.Stands() && unnamed.Tool == step.Tool {
		return unnamed, nil
	}
	return nil, err
}

// sameLineage makes sure that the state at an address is the one that was applied there.
func (c *claimed) sameLineage(step *schema.Step) error {
	was := c.record.Identity.Lineage
	if was == "" || c.id.Lineage == "" || was == c.id.Lineage {
		return nil
	}
	return &environments.RefusedError{
		Reason: fmt.Sprintf("%s holds another state than the one that run %s wrote there: its lineage was %s and is %s", c.id.Key, c.record.Run, was, c.id.Lineage),
		Hint:   fmt.Sprintf("if that is how it should be: bitops forget %s", step.Name),
	}
}

// ofLineage returns the standing record of one lineage, or nil.
func ofLineage(named []*schema.Record, id *schema.Identity) *schema.Record {
	for _, r := range named {
		if r.Stands() && r.Identity.SameLineage(id) {
			return r
		}
	}
	return nil
}

// take notes that a step of this run has what an identity names, unless another step of the manifest has.
func (o *Ownership) take(step *schema.Step, id *schema.Identity) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if other, ok := o.claimed[id.Key]; ok && other != step.Name {
		return taken(step.Name, other, id)
	}
	if other, ok := o.keys[id.Key]; ok && other != step.Name && !o.hasLeft(other, id) {
		if o.isOrphan(step.Name) {
			return &environments.RefusedError{
				Reason: fmt.Sprintf("%s belongs to %s, which the manifest has in place of %s", id.Key, other, step.Name),
				Hint:   fmt.Sprintf("nothing is left to be taken down under the old name: bitops forget %s", step.Name),
			}
		}
		return taken(step.Name, other, id)
	}
	o.claimed[id.Key], o.known[step.Name] = step.Name, id
	return nil
}

// hasLeft reports whether a step claimed something else in this run than its files say.
func (o *Ownership) hasLeft(step schema.StepName, declared *schema.Identity) bool {
	id := o.known[step]
	return id != nil && !id.Same(declared)
}

// taken says that two steps own the same.
func taken(step, other schema.StepName, id *schema.Identity) error {
	return &environments.RefusedError{
		Reason: fmt.Sprintf("%s and %s own the same: %s", other, step, id.Key),
		Hint:   "each would destroy what the other made; give each its own",
	}
}

// mayMoveBack refuses what another step took over from this one and has still, unless the manifest says that it is to come
// back. What became of it under a third name, the registry knows.
func (o *Ownership) mayMoveBack(ctx context.Context, step *schema.Step, all []*schema.Record, id *schema.Identity) error {
	for _, r := range all {
		if r.State != schema.StateRenamed || !r.Identity.Same(id) || o.renamedFrom(step) == r.RenamedTo {
			continue
		}
		now, err := o.Records.Records(ctx, r.RenamedTo)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(now, func(r *schema.Record) bool { return r.Stands() && r.Identity.Same(id) }) {
			continue
		}
		return &environments.RefusedError{
			Reason: fmt.Sprintf("%s belongs to %s since run %s", id.Key, r.RenamedTo, r.Run),
			Hint: fmt.Sprintf("to give it back to %s, write `renamed_from: %s` into its entry of the manifest", step.Environment,
				strings.TrimSuffix(string(r.RenamedTo), "/"+step.Deployment)),
		}
	}
	return nil
}

// inherit finds out what is known of a thing that the step has no record of: that another step owns it, or that the step
// had another name when it was deployed.
func (o *Ownership) inherit(ctx context.Context, step *schema.Step, c *claimed) (err error) {
	if c.from, err = o.earlierName(ctx, step, c.id); err == nil {
		err = o.stateStays(step, c)
	}
	if err != nil || o.Registry == nil {
		return err
	}
	keys := []string{c.id.Key}
	if c.id.Lineage != "" {
		keys = append(keys, lineageKey(c.id))
	}
	for _, key := range keys {
		owners, err := o.Registry.Owners(ctx, key)
		if err != nil {
			return err
		}
		now := []schema.Claimant{{Step: step.Name, Environment: step.Environment}}
		for _, owner := range owners {
			has, err := o.inheritFrom(ctx, step, owner.Step, c)
			if err != nil {
				return err
			}
			if has {
				now = append(now, owner)
			}
		}
		if !slices.Equal(now, owners) {
			c.claims = append(c.claims, claim{key, now, owners})
		}
	}
	return nil
}

// stateStays refuses a new name for what has its local state in its old place still: the step would make everything again, and
// what that state knows would be forgotten.
func (o *Ownership) stateStays(step *schema.Step, c *claimed) error {
	if c.from == nil || c.from.Identity == nil || o.Lineage == nil {
		return nil
	}
	was := c.from.Identity
	if was.File == "" || was.File == c.id.File || was.Lineage == "" || o.Lineage(step, was) != was.Lineage {
		return nil
	}
	return &environments.RefusedError{
		Reason: fmt.Sprintf("it was %s before, and its local state is still in %s", c.from.Step, was.File),
		Hint:   fmt.Sprintf("move %s to %s", was.File, c.id.File),
	}
}

func lineageKey(id *schema.Identity) string { return "lineage " + id.Lineage }

// inheritFrom settles what another step claimed, and reports whether that one has it still.
func (o *Ownership) inheritFrom(ctx context.Context, step *schema.Step, owner schema.StepName, c *claimed) (has bool, err error) {
	if owner == step.Name {
		return false, nil
	}
	all, err := o.Records.Records(ctx, owner)
	if err != nil {
		return false, err
	}
	named, _ := sorted(all)
	record := ofLineage(named, c.id)
	for _, r := range named {
		if r.Stands() && r.Identity.Same(c.id) {
			record = r
		}
	}
	refused := &environments.RefusedError{}
	switch {
	case record == nil: // it claimed that once, and has it no longer
		return false, nil
	case c.from != nil && c.from.Step == owner:
		return true, nil
	case o.isOrphan(step.Name): // it is taken down under its own name, and that is the other's
		refused.Hint = fmt.Sprintf("where only the old name is to be forgotten: bitops forget %s", step.Name)
	case o.isOrphan(owner):
		c.from = record // the manifest no longer has it: it is this step now
		return true, nil
	default:
		refused.Hint = fmt.Sprintf("if %s is what %s was, write `renamed_from: %s` into its entry of the manifest; if nothing of %s exists any more: bitops forget %s",
			step.Environment, record.Environment, record.Environment, owner, owner)
	}
	deployed := "deployed"
	if record.State == schema.StatePartial {
		deployed = "began to deploy"
	}
	refused.Reason = fmt.Sprintf("%s belongs to %s, which run %s %s", record.Identity.Key, owner, record.Run, deployed)
	return false, refused
}

// earlierName returns the record of a step under the name that it had before it was renamed, or nil: of an orphan that
// owned the same, or of the step that the manifest names.
func (o *Ownership) earlierName(ctx context.Context, step *schema.Step, id *schema.Identity) (*schema.Record, error) {
	if o.isOrphan(step.Name) {
		return nil, nil // it is taken down under its own name
	}
	id = o.withLineage(step, id)
	for i := range o.Orphans {
		orphan := &o.Orphans[i]
		same := orphan.RenamedTo == step.Name || orphan.Identity.Same(id) || orphan.Identity.SameLineage(id)
		if !same {
			continue
		}
		if r, err := o.under(ctx, orphan.Step, step.Tool, id); r != nil || err != nil {
			return r, err
		}
	}
	if name := o.renamedFrom(step); name != "" {
		return o.under(ctx, name, step.Tool, id)
	}
	return nil, nil
}

// withLineage returns an identity with its lineage, where an orphan has one to compare it with.
func (o *Ownership) withLineage(step *schema.Step, id *schema.Identity) *schema.Identity {
	has := func(orphan schema.Orphan) bool { return orphan.Identity != nil && orphan.Identity.Lineage != "" }
	if id == nil || id.Lineage != "" || o.Lineage == nil || !slices.ContainsFunc(o.Orphans, has) {
		return id
	}
	whole := *id
	whole.Lineage = o.Lineage(step, id)
	return &whole
}

// under returns the record under an earlier name of a step, or nil. One of local state that lies in the step's directory
// may name another file: it moved with the directory.
func (o *Ownership) under(ctx context.Context, name schema.StepName, tool schema.ToolName, id *schema.Identity) (*schema.Record, error) {
	all, err := o.Records.Records(ctx, name)
	if err != nil {
		return nil, err
	}
	named, unnamed := sorted(all)
	for _, r := range named {
		moved := id == nil || r.Identity.File != "" && id.File != ""
		if r.Stands() && r.Tool == tool && (moved || r.Identity.Same(id)) {
			return r, nil
		}
	}
	if unnamed.Stands() && unnamed.Tool == tool {
		return unnamed, nil
	}
	return nil, nil
}

func (o *Ownership) renamedFrom(step *schema.Step) schema.StepName {
	if o.RenamedFrom == nil {
		return ""
	}
	return o.RenamedFrom(step)
}

// isOrphan reports whether the manifest no longer has a step.
func (o *Ownership) isOrphan(name schema.StepName) bool {
	return slices.ContainsFunc(o.Orphans, func(orphan schema.Orphan) bool { return orphan.Step == name })
}

// deployedElsewhere returns the record of another place in which a step is deployed, nil for none, or where it is, or was,
// deployed in this one.
func (o *Ownership) deployedElsewhere(ctx context.Context, step *schema.Step) (*schema.Record, error) {
	id := o.presumed(step)
	if id == nil || o.owner(step) != step || len(id.Target) == 0 {
		return nil, nil
	}
	all, err := o.Records.Records(ctx, step.Name)
	var found *schema.Record
	for _, r := range all {
		switch {
		case r.Identity.Same(id) && r.State != schema.StatePartial:
			return nil, nil
		case r.Stands() && r.Identity != nil && r.Identity.Where() != id.Where():
			found = r
		}
	}
	return found, err
}
