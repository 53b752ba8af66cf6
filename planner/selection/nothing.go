package selection

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// nothing says that a factor can select nothing in this repository, and what may have been meant.
func (c *chooser) nothing(f Factor) schema.Problem {
	switch f.Kind {
	case kindTag:
		return wrong("no environment has the tag %q", f.Value).WithHint("%s", schema.DidYouMean(f.Value, c.known(func(s *schema.Step) []string { return s.Tags })))
	case kindTool:
		return wrong("no step is one of %q", f.Value).
			WithHint("%s", schema.DidYouMean(f.Value, c.known(func(s *schema.Step) []string { return []string{string(s.Tool)} })))
	case kindPath:
		return wrong("no environment lies in %s", f.Value)
	case kindReads:
		return wrong("no step is made of %s", f.Value).WithHint("a path is relative to the repository; `bitops list path:DIRECTORY` is about where environments lie")
	case kindStep:
		return wrong("no step is called %q", f.Value).WithHint("%s", schema.DidYouMean(f.Value, c.stepNames()))
	}
	names := make([]string, 0, len(c.Environments))
	for _, env := range c.Environments {
		names = append(names, string(env.Name))
	}
	p := wrong("no environment matches %q", f.Value)
	if c.IsCommit != nil && f.Kind == kindWord && c.IsCommit(f.Value) {
		return p.WithHint("it is a commit: write changed:%s, or --changed=%[1]s", f.Value)
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, f.Value+"/") }) {
		return p.WithHint("did you mean '%s/**'?", f.Value)
	}
	if strings.Contains(f.Value, "/") {
		if step := schema.Nearest(f.Value, c.stepNames()); step != "" {
			return p.WithHint("%s", cmp.Or(nearest(f.Value, names), schema.DidYouMean(f.Value, []string{step})))
		}
	}
	return p.WithHint("%s", schema.DidYouMean(f.Value, names))
}

func nearest(word string, candidates []string) string {
	if near := schema.Nearest(word, candidates); near != "" {
		return schema.DidYouMean(word, []string{near})
	}
	return ""
}

func (c *chooser) stepNames() []string {
	names := make([]string, 0, len(c.steps))
	for _, step := range c.steps {
		names = append(names, string(step.Name))
	}
	return names
}

// known returns the words that steps have for something, each once.
func (c *chooser) known(of func(*schema.Step) []string) []string {
	var all []string
	for _, step := range c.steps {
		all = append(all, of(step)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
