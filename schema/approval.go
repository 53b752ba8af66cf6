package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Approval is a plan of one step that a person saw and approved. A step of an environment with `approval: true` changes
// what is in one, and nothing else.
type Approval struct {
	Step        StepName     `json:"step"`
	Digest      string       `json:"digest"` // of the plan
	Changes     *Changes     `json:"changes,omitempty"`
	Told        []string     `json:"told,omitempty"` // what the tool printed as the plan
	Fingerprint *Fingerprint `json:"fingerprint,omitempty"`
}

// approvable reports whether a report shows a plan of the step that waits for approval.
func (s *StepReport) approvable(previews bool) bool {
	return s.Digest != "" && (s.Outcome == Held || previews && s.Shown())
}

// Approvable returns the plans of an environment that wait for approval, in the order of the report, and a digest that
// stands for all of them: "" where there are none.
func (r *Report) Approvable(environment EnvironmentName) (plans []Approval, digest string) {
	var digests []string
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Environment == environment && s.approvable(r.Command.Previews()) {
			plans = append(plans, Approval{Step: s.Name, Digest: s.Digest, Changes: s.Changes, Told: s.Told, Fingerprint: s.Fingerprint})
			digests = append(digests, s.Digest)
		}
	}
	switch len(digests) {
	case 0:
		return nil, ""
	case 1:
		return plans, digests[0]
	}
	digest, _ = HashOf(digests) // texts can always be hashed
	return plans, digest
}

// OpenApprovals returns the approvals of a run that were not made use of: a step that is done used its own up.
func (r *Report) OpenApprovals() []Approval {
	var open []Approval
	for _, a := range r.Approvals {
		s := r.Step(a.Step)
		if s == nil {
			continue
		}
		if _, done := s.Done(r.Run); !done {
			open = append(open, a)
		}
	}
	return open
}

// SameChanges reports whether what a person approved and what would be done now are the same changes, in whatever order: the same
// resources, and as far as it was known then, with the same values. It is false where one of them is not known.
func SameChanges(approved, now *Changes) bool {
	if approved == nil || now == nil || approved.ValuesWithheld && hasAttributes(now) {
		return false
	}
	approved, now = approved.Bounded(), now.Bounded()
	counts := func(c *Changes) [4]int { return [4]int{c.Add, c.Change, c.Remove, c.Outputs} }
	return approved.Open == now.Open && approved.First == now.First && counts(approved) == counts(now) &&
		sameResources(approved.Resources, now.Resources) && sameResources(approved.Deferred, now.Deferred) &&
		slices.Equal(sortedInvocations(approved), sortedInvocations(now)) && sameAttributes(approved.OutputChanges, now.OutputChanges)
}

func hasAttributes(c *Changes) bool {
	return len(c.OutputChanges) > 0 || slices.ContainsFunc(c.Resources, func(r ResourceChange) bool { return len(r.Attributes) > 0 })
}

func sameResources(approved, now []ResourceChange) bool {
	sorted := func(all []ResourceChange) []ResourceChange {
		return slices.SortedFunc(slices.Values(all), func(x, y ResourceChange) int {
			return cmp.Or(cmp.Compare(x.Address, y.Address), cmp.Compare(x.Action, y.Action))
		})
	}
	return slices.EqualFunc(sorted(approved), sorted(now), sameResource)
}

func sameResource(approved, now ResourceChange) bool {
	return approved.Address == now.Address && approved.Action == now.Action && approved.MovedFrom == now.MovedFrom &&
		approved.ImportedID == now.ImportedID && sameAttributes(approved.Attributes, now.Attributes)
}

func sortedInvocations(c *Changes) []Invocation {
	return slices.SortedFunc(slices.Values(c.Invocations), func(x, y Invocation) int {
		return cmp.Or(cmp.Compare(x.Address, y.Address), cmp.Compare(x.Cause, y.Cause), cmp.Compare(x.Event, y.Event))
	})
}

// sameAttributes reports whether attributes differ from what was approved only where that was not known then.
func sameAttributes(approved, now []AttributeChange) bool {
	open := func(a AttributeChange) bool {
		return slices.ContainsFunc(approved, func(o AttributeChange) bool { return o.Unknown && within(o.Path, a.Path) })
	}
	known := func(all []AttributeChange) []AttributeChange {
		all = slices.DeleteFunc(slices.Clone(all), open)
		slices.SortFunc(all, func(x, y AttributeChange) int { return cmp.Compare(x.Path, y.Path) })
		return all
	}
	return slices.EqualFunc(known(approved), known(now), func(x, y AttributeChange) bool {
		return x.Path == y.Path && string(x.Before) == string(y.Before) && string(x.After) == string(y.After) && !y.Unknown
	})
}

// within reports whether a path is another one or leads on from it.
func within(path, longer string) bool {
	rest, ok := strings.CutPrefix(longer, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
