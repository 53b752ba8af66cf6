package schema

import (
	"cmp"
	"slices"
)

// Approval is a plan of one step that a person saw and approved. A step of an environment with `approval: true` changes
// what is in one, and nothing else.
type Approval struct {
	Step        StepName     `json:"step"`
	Digest      string       `json:"digest"` // of the plan
	Changes     *Changes     `json:"changes,omitempty"`
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
			plans = append(plans, Approval{Step: s.Name, Digest: s.Digest, Changes: s.Changes, Fingerprint: s.Fingerprint})
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

// SameChanges reports whether two plans list the same changes, in whatever order. It is false where one of them is not known.
func SameChanges(a, b *Changes) bool {
	if a == nil || b == nil {
		return false
	}
	counts := func(c *Changes) [4]int { return [4]int{c.Add, c.Change, c.Remove, c.Outputs} }
	return a.Open == b.Open && counts(a) == counts(b) && slices.Equal(sortedResources(a), sortedResources(b))
}

func sortedResources(c *Changes) []ResourceChange {
	return slices.SortedFunc(slices.Values(c.Resources), func(x, y ResourceChange) int {
		return cmp.Or(cmp.Compare(x.Address, y.Address), cmp.Compare(x.Action, y.Action))
	})
}
