package dag_test

import (
	"slices"
	"testing"
)

func TestAncestorsAndDescendants(t *testing.T) {
	const diamond = "d:b,c c:a b:a a alone"
	for _, test := range []struct{ name, graph, of, ancestors, descendants string }{
		{"of nothing there are none", diamond, "", "", ""},
		{"of one vertex they come in manifest order", diamond, "d", "c b a", ""},
		{"they do not include the vertex", diamond, "a", "", "d c b"},
		{"of several they are merged", diamond, "b c", "a", "d"},
		{"one of several is included if another leads to it", diamond, "d b", "c b a", "d"},
		{"a vertex on a cycle is its own", "a:b b:a", "a", "a b", "a b"},
		{"a vertex that depends on itself is its own", "a:a", "a", "a", "a"},
		{"an unknown vertex has none", diamond, "unknown", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := parse(t, test.graph)
			wantSteps(t, "Ancestors", g.Ancestors(steps(test.of)...), test.ancestors)
			wantSteps(t, "Descendants", g.Descendants(steps(test.of)...), test.descendants)
		})
	}
}

func TestSubset(t *testing.T) {
	for _, test := range []struct{ name, graph, keep, want string }{
		{"keeping everything copies the graph", "a b:a c:b", "a b c", "a b:a c:b"},
		{"keeping nothing leaves the empty graph", "a b:a", "", ""},
		{"order through a dropped vertex stays", "a b:a c:b", "a c", "a c:a"},
		{"order through several dropped vertices stays", "a b:a c:b d:c", "a d", "a d:a"},
		{"a kept vertex on the way is not skipped", "a b:a c:b d:c", "a c d", "a c:a d:c"},
		{"a direct edge stays beside a longer way", "a b:a c:a,b", "a b c", "a b:a c:a,b"},
		{"two ways through dropped vertices make one edge", "a b:a c:a d:b,c", "a d", "a d:a"},
		{"dropped ends leave no edges", "a b:a c:b", "b", "b"},
		{"a cycle through a dropped vertex stays a cycle", "a:b b:a", "a", "a:a"},
		{"a cycle of dropped vertices is passed through", "a b:a,c c:b d:c", "a d", "a d:a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			keep := steps(test.keep)
			got := parse(t, test.graph).Subset(func(v step) bool { return slices.Contains(keep, v) })
			if text(got) != test.want {
				t.Errorf("Subset = %q, want %q", text(got), test.want)
			}
		})
	}
}
