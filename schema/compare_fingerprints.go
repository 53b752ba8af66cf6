package schema

import (
	"maps"
	"slices"
	"strings"
)

// runsWith adds what a step is planned with that differs. Where a plan does not tell all that a step would change, what cannot be
// compared may make a difference; elsewhere that difference would be among the changes.
func (d *StepDifference) runsWith(was, is *StepReport) {
	if was.Fingerprint == nil || is.Fingerprint == nil {
		return
	}
	before, after, hidden := was.Fingerprint.comparable(is.Fingerprint)
	d.RunsWith = before.Differences(after)
	if was.tellsAll() && is.tellsAll() {
		return
	}
	for _, name := range hidden {
		d.MayDiffer = append(d.MayDiffer, Undecided{Path: name, Why: UndecidedSensitive})
	}
}

// tellsAll reports whether a plan shows all that the step would change.
func (s *StepReport) tellsAll() bool { return s.Shown() && s.Changes != nil && !s.Changes.Open }

// comparable returns two fingerprints without hashes of the same value that are made to differ, and the names of those. A file that
// a tool wrote counts as it was left.
func (f *Fingerprint) comparable(now *Fingerprint) (before, after *Fingerprint, hidden []string) {
	was, is := *f, *now
	was.Locks, is.Locks, was.Written, is.Written = f.left(now), now.left(f), nil, nil
	var inputs, variables []string
	was.Inputs, is.Inputs, inputs = withoutSalted("input", f.Inputs, now.Inputs)
	was.Variables, is.Variables, variables = withoutSalted("variable", f.Variables, now.Variables)
	return &was, &is, append(inputs, variables...)
}

// left returns the lock files of a run as it left them, as far as the other one has them too.
func (f *Fingerprint) left(other *Fingerprint) map[string]string {
	all := maps.Clone(f.Locks)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, f.Written)
	maps.DeleteFunc(all, func(name, _ string) bool {
		_, locked := other.Locks[name]
		_, written := other.Written[name]
		return !locked && !written
	})
	return all
}

// withoutSalted returns hashes without those of which it cannot be told whether they are of the same value: one of them has a salt
// that the other one has not.
func withoutSalted(what string, was, is map[string]string) (before, after map[string]string, hidden []string) {
	before, after = maps.Clone(was), maps.Clone(is)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		hash, there := is[name]
		if !there || salt(hash) == salt(was[name]) {
			continue
		}
		delete(before, name)
		delete(after, name)
		hidden = append(hidden, what+" "+name)
	}
	return before, after, hidden
}

// salt returns the salt of a hash, "" where it has none.
func salt(hash string) string {
	if !Salted(hash) {
		return ""
	}
	return hash[:strings.LastIndexByte(hash, ':')]
}
