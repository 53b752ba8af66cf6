package selection

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

// set is a set of steps by their numbers.
type set map[int]bool

// standing is how firmly a step is selected.
type standing int

const (
	maybe   standing = iota // only as it depends on something that changed
	changed                 // as it changed
	firm                    // by anything else
)

// grades are what the reference computes with: how firmly steps are selected, by their numbers.
type grades map[int]standing

func (g grades) at(as ...standing) set {
	these := set{}
	for i, one := range g {
		these[i] = these[i] || slices.Contains(as, one)
	}
	maps.DeleteFunc(these, func(_ int, in bool) bool { return !in })
	return these
}

// or selects what one of two selects, as firmly as the firmer.
func (g grades) or(others grades) grades {
	all := maps.Clone(g)
	for i, one := range others {
		all[i] = max(all[i], one)
	}
	return all
}

// and selects what both select, as firmly as the less firm.
func (g grades) and(others grades) grades {
	all := grades{}
	for i, one := range g {
		if other, in := others[i]; in {
			all[i] = min(one, other)
		}
	}
	return all
}

func graded(these set, as standing) grades {
	all := grades{}
	for i := range these {
		all[i] = as
	}
	return all
}

// reference is a repository as the reference evaluator sees it: steps by number, each with the number of its
// environment and of the steps that it depends on.
type reference struct {
	env  []int
	on   [][]int
	tags []string // of the environments

	changed set
}

func (r reference) where(is func(step int) bool) set {
	all := set{}
	for i := range r.env {
		if is(i) {
			all[i] = true
		}
	}
	return all
}

// cost returns how many environments the way from one step to another crosses, the cheapest way, or -1: one that goes
// along dependencies, tried until nothing gets cheaper.
func (r reference) cost(from set, edge func(a, b int) bool) map[int]int {
	costs := map[int]int{}
	for i := range from {
		costs[i] = 0
	}
	for changed := true; changed; {
		changed = false
		for a := range r.env {
			for b := range r.env {
				at, known := costs[a]
				if !known || !edge(a, b) {
					continue
				}
				if r.env[a] != r.env[b] {
					at++
				}
				if was, reached := costs[b]; !reached || at < was {
					costs[b], changed = at, true
				}
			}
		}
	}
	return costs
}

func (r reference) within(from set, depth int, edge func(a, b int) bool) set {
	costs := r.cost(from, edge)
	return r.where(func(i int) bool {
		cost, reached := costs[i]
		return from[i] || reached && depth != 0 && (depth < 0 || cost <= depth)
	})
}

// reach adds what is at most so far along dependencies, firmly, and in the other direction, firmly only what depends on firm steps.
func (r reference) reach(g grades, up, down int) grades {
	depends := func(a, b int) bool { return slices.Contains(r.on[a], b) }
	feeds := func(a, b int) bool { return slices.Contains(r.on[b], a) }
	all := maps.Clone(g)
	for i := range r.within(g.at(maybe, changed, firm), up, depends) {
		if _, in := g[i]; !in {
			all[i] = firm
		}
	}
	all = all.or(graded(r.within(g.at(firm), down, feeds), firm))
	return all.or(graded(r.within(g.at(maybe, changed), down, feeds), maybe))
}

// not selects all others.
func (r reference) not(g grades) grades {
	return graded(r.where(func(i int) bool { _, in := g[i]; return !in }), firm)
}

// draw draws a repository, once for Choose and once for the reference.
func draw(t *rapid.T) (*Repository, reference) {
	r, ref := &Repository{}, reference{changed: set{}}
	differs := map[schema.StepName]string{}
	r.Remembered = func(string) (map[schema.StepName]string, error) { return differs, nil }
	for e := range rapid.IntRange(1, 6).Draw(t, "environments") {
		env := Environment{Environment: &schema.Environment{Name: schema.EnvironmentName(fmt.Sprintf("%s%d", []string{"a/", "b/", ""}[e%3], e))}}
		env.Directory, env.Path.Text = string(env.Name), string(env.Name)
		tag := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tag")
		env.Tags, ref.tags = []string{tag}, append(ref.tags, tag)
		for d := range rapid.IntRange(1, 3).Draw(t, "steps") {
			step := &schema.Step{Name: env.Name.Step(fmt.Sprintf("s%d", d)), Environment: env.Name, EnvironmentPath: env.Directory, Deployment: fmt.Sprintf("s%d", d), Tool: schema.ToolName(fmt.Sprintf("s%d", d)), Tags: env.Tags}
			var on []int
			if d > 0 {
				on = append(on, len(ref.env)-1)
			}
			for range rapid.IntRange(0, 2).Draw(t, "dependencies") {
				if len(ref.env) > 0 {
					on = append(on, rapid.IntRange(0, len(ref.env)-1).Draw(t, "on"))
				}
			}
			slices.Sort(on)
			on = slices.Compact(on)
			for _, i := range on {
				step.DependsOn = append(step.DependsOn, stepOf(r, env, i).Name)
			}
			env.Steps = append(env.Steps, step)
			if rapid.IntRange(0, 3).Draw(t, "changed") == 0 {
				differs[step.Name], ref.changed[len(ref.env)] = "it differs", true
			}
			ref.env, ref.on = append(ref.env, e), append(ref.on, on)
		}
		r.Environments = append(r.Environments, env)
	}
	return r, ref
}

// stepOf returns the step of a number: of the repository so far, or of the environment that comes next.
func stepOf(r *Repository, next Environment, number int) *schema.Step {
	var all []*schema.Step
	for _, env := range r.Environments {
		all = append(all, env.Steps...)
	}
	return append(all, next.Steps...)[number]
}

// drawFactor draws a factor as text, and what it selects by the reference.
func drawFactor(t *rapid.T, r *Repository, ref reference) (string, grades) {
	e := rapid.IntRange(0, len(r.Environments)-1).Draw(t, "environment")
	env := r.Environments[e]
	var text string
	var is func(int) bool
	as := firm
	switch rapid.SampledFrom([]string{"name", "step", "tag", "tool", "pattern", "changed"}).Draw(t, "kind") {
	case "changed":
		text, is, as = "changed", func(i int) bool { return ref.changed[i] }, changed
	case "name":
		text, is = "env:"+string(env.Name), func(i int) bool { return ref.env[i] == e }
	case "step":
		d := rapid.IntRange(0, len(env.Steps)-1).Draw(t, "step")
		text, is = string(env.Steps[d].Name), func(i int) bool { return stepOf(r, Environment{}, i).Name == env.Steps[d].Name }
	case "tag":
		text, is = "tag:"+ref.tags[e], func(i int) bool { return ref.tags[ref.env[i]] == ref.tags[e] }
	case "tool":
		text, is = "tool:s0", func(i int) bool { return stepOf(r, Environment{}, i).Tool == "s0" }
	case "pattern":
		text, is = "a/**", func(i int) bool { return ref.env[i]%3 == 0 }
	}
	these := graded(ref.where(is), as)
	depths := rapid.SampledFrom([]int{0, 0, 0, -1, 1, 2})
	up, down := depths.Draw(t, "up"), depths.Draw(t, "down")
	all := ref.reach(these, up, down)
	if up != 0 {
		text = strings.TrimPrefix(fmt.Sprint(up), "-1") + "+" + text
	}
	if down != 0 {
		text += "+" + strings.TrimPrefix(fmt.Sprint(down), "-1")
	}
	if rapid.IntRange(0, 4).Draw(t, "not") == 0 {
		return "!" + text, ref.not(all)
	}
	return text, all
}

// TestChooseAgainstReference compares with set algebra on random repositories.
func TestChooseAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, ref := draw(t)
		chosen, away, adds := grades{}, grades{}, false
		var selectors []string
		for range rapid.IntRange(0, 4).Draw(t, "selectors") {
			text, these := drawFactor(t, r, ref)
			out := strings.HasPrefix(text, "!") // in front, it takes away what follows
			if out {
				these = ref.not(these)
			}
			for range rapid.IntRange(0, map[bool]int{true: 0, false: 2}[out]).Draw(t, "factors") {
				more, others := drawFactor(t, r, ref)
				text += " & " + more
				these = these.and(others)
			}
			selectors = append(selectors, text)
			if adds = adds || !out; out {
				away = away.or(these)
			} else {
				chosen = chosen.or(these)
			}
		}
		if !adds {
			chosen = ref.not(nil)
		}
		depends := func(a, b int) bool { return slices.Contains(ref.on[a], b) }
		feeds := func(a, b int) bool { return slices.Contains(ref.on[b], a) }
		q := Query{Selectors: selectors, Dependencies: rapid.Bool().Draw(t, "dependencies"), Dependents: rapid.Bool().Draw(t, "dependents"), Destroys: rapid.Bool().Draw(t, "destroys")}
		for range rapid.IntRange(0, 2).Draw(t, "among") {
			text, these := drawFactor(t, r, ref)
			if strings.HasPrefix(text, "!") {
				text = "path:** & " + text // in front, it would take away
			}
			q.Among = append(q.Among, text)
			chosen = chosen.and(these)
		}
		chosen = ref.reach(chosen, map[bool]int{true: -1}[q.Dependencies], map[bool]int{true: -1}[q.Dependents])
		out := set{}
		if rapid.Bool().Draw(t, "excludes") {
			text, these := drawFactor(t, r, ref)
			if strings.HasPrefix(text, "!") {
				text = "path:** & " + text // in front, it would take away
			}
			q.Exclude = []string{text}
			out = ref.within(these.at(maybe, changed, firm), -1, map[bool]func(a, b int) bool{true: depends, false: feeds}[q.Destroys])
		}
		want := maps.Clone(chosen)
		maps.DeleteFunc(want, func(i int, _ standing) bool { _, taken := away[i]; return taken || out[i] })
		choice, problems := Choose(r, q)
		for i := range ref.env {
			step := stepOf(r, Environment{}, i)
			why, got := choice.Reasons[step.Name]
			as, in := want[i]
			if got != in {
				t.Errorf("%q: %s is selected: %t, want %t", selectors, step.Name, got, in)
			}
			if why.Maybe != (in && as == maybe) {
				t.Errorf("%q: %s may have no reason to run: %t, want %t", selectors, step.Name, why.Maybe, in && as == maybe)
			}
			if got && len(selectors) > 0 && why.Text == "" {
				t.Errorf("%q: %s is selected without a reason", selectors, step.Name)
			}
		}
		mayBeEmpty := strings.Contains(strings.Join(slices.Concat(selectors, q.Among, q.Exclude), " "), "changed")
		if empty := len(want) == 0 && !mayBeEmpty; problems.HasErrors() != empty {
			t.Errorf("%q: %v, but %d steps are selected", selectors, problems.Err(), len(want))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a+", "2+a", "!a & tag:b+1", "", "+", "1+2", "is:", "&&", "!!a", "dev/**", "changed:main+", "changed:(a&b)+2 & c", "changed:()", "reads:a/b+", "changed:a..b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, problems := Parse(text)
		if len(problems) == 0 && len(s.Factors) == 0 {
			t.Error("nothing was read, and nothing is wrong")
		}
	})
}
