package dag_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/dag"
)

// step stands for the string types that callers use.
type step string

// parse makes a graph of a text such as "a b:a c:a,b": the vertices in
// manifest order, each with the vertices it depends on.
func parse(t testing.TB, text string) *dag.Graph[step] {
	t.Helper()
	g := dag.New[step]()
	for field := range strings.FieldsSeq(text) {
		name, _, _ := strings.Cut(field, ":")
		if err := g.AddVertex(step(name)); err != nil {
			t.Fatal(err)
		}
	}
	for field := range strings.FieldsSeq(text) {
		name, dependencies, _ := strings.Cut(field, ":")
		for d := range strings.FieldsFuncSeq(dependencies, func(r rune) bool { return r == ',' }) {
			if err := g.AddEdge(step(d), step(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return g
}

// text is the inverse of parse.
func text(g *dag.Graph[step]) string {
	var fields []string
	for _, v := range g.Vertices() {
		field := string(v)
		if dependencies := g.Dependencies(v); len(dependencies) > 0 {
			field += ":" + join(dependencies, ",")
		}
		fields = append(fields, field)
	}
	return strings.Join(fields, " ")
}

func join(vs []step, separator string) string {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = string(v)
	}
	return strings.Join(names, separator)
}

func steps(names string) []step {
	var vs []step
	for name := range strings.FieldsSeq(names) {
		vs = append(vs, step(name))
	}
	return vs
}

// show writes settled vertices as "a=failed b=blocked(a)".
func show(all []dag.Settled[step]) string {
	var words []string
	for _, s := range all {
		word := fmt.Sprintf("%s=%s", s.Vertex, s.State)
		if s.Cause != "" {
			word += fmt.Sprintf("(%s)", s.Cause)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func wantSteps(t testing.TB, what string, got []step, want string) {
	t.Helper()
	if !slices.Equal(got, steps(want)) {
		t.Errorf("%s = %q, want %q", what, join(got, " "), want)
	}
}
