package planner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

// drawn is an environment of a random manifest, as the oracle knows it.
type drawn struct {
	name       string
	tools      []string
	dependsOn  []string // environments and steps
	references []string // environments and steps
	tags       []string
}

func (e drawn) step(i int) schema.StepName { return schema.StepName(e.name + "/" + e.tools[i]) }

func drawEnvironments(t *rapid.T) []drawn {
	all := make([]drawn, rapid.IntRange(1, 6).Draw(t, "environments"))
	for i := range all {
		e := &all[i]
		e.name = rapid.SampledFrom([]string{"e%d", "p/e%d", "a.%d"}).Draw(t, "name")
		e.name = fmt.Sprintf(e.name, i)
		e.tools = []string{"terraform", "ansible", "helm"}[:rapid.IntRange(1, 3).Draw(t, "tools")]
		e.tags = []string{rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tag")}
		for _, list := range []*[]string{&e.dependsOn, &e.references} {
			for range rapid.IntRange(0, 2).Draw(t, "dependencies") {
				j := rapid.IntRange(0, len(all)-1).Draw(t, "on")
				if j >= i && (j == i || rapid.IntRange(0, 9).Draw(t, "backwards") > 0) {
					continue
				}
				on := fmt.Sprint(j) // names are not all drawn yet
				if rapid.Bool().Draw(t, "a step") {
					on += "/terraform"
				}
				*list = append(*list, on)
			}
		}
	}
	for i := range all {
		for _, list := range [][]string{all[i].dependsOn, all[i].references} {
			for k, on := range list {
				j := int(on[0] - '0')
				list[k] = all[j].name + on[1:]
			}
		}
	}
	return all
}

// manifest writes the environments down.
func manifest(all []drawn) string {
	var b strings.Builder
	b.WriteString("bitops:\n  environments:\n")
	for _, e := range all {
		fmt.Fprintf(&b, "    %s:\n      tags: [%s]\n      depends_on: [%s]\n      inputs:\n        none: 1\n",
			e.name, strings.Join(e.tags, ", "), strings.Join(e.dependsOn, ", "))
		for k, ref := range e.references {
			kind, path := "outputs", ""
			if strings.HasSuffix(ref, "/terraform") {
				kind, path = "steps", ".outputs"
			}
			fmt.Fprintf(&b, "        i%d: ['x ${%s[\"%s\"]%s.y}']\n", k, kind, ref, path)
		}
	}
	return b.String()
}

// edges returns what must come directly before what.
func edges(all []drawn) map[schema.StepName][]schema.StepName {
	lastOf := map[string]schema.StepName{}
	for _, e := range all {
		lastOf[e.name] = e.step(len(e.tools) - 1)
		lastOf[e.name+"/terraform"] = e.step(0)
	}
	want := map[schema.StepName][]schema.StepName{}
	for _, e := range all {
		for i := range e.tools {
			want[e.step(i)] = nil
			if i > 0 {
				want[e.step(i)] = []schema.StepName{e.step(i - 1)}
			}
		}
		for _, on := range slices.Concat(e.dependsOn, e.references) {
			if !slices.Contains(want[e.step(0)], lastOf[on]) {
				want[e.step(0)] = append(want[e.step(0)], lastOf[on])
			}
		}
	}
	return want
}

// circular reports whether some step comes before itself.
func circular(want map[schema.StepName][]schema.StepName) bool {
	gone := map[schema.StepName]bool{}
	for {
		before := len(gone)
		for step, dependencies := range want {
			if !slices.ContainsFunc(dependencies, func(d schema.StepName) bool { return !gone[d] }) {
				gone[step] = true
			}
		}
		if len(gone) == before {
			return len(gone) < len(want)
		}
	}
}

// TestEveryEdgeHasAReason plans random manifests: the edges of the plan are those that `depends_on`, the references and
// the order of steps ask for, no more and no fewer; and there is no plan exactly when they go round in a circle.
func TestEveryEdgeHasAReason(t *testing.T) {
	base := t.TempDir()
	for i := range 6 {
		for _, name := range []string{"e%d", "p/e%d", "a.%d"} {
			for _, tool := range []string{"terraform", "ansible", "helm"} {
				for tools := 1; tools <= 3; tools++ {
					if slices.Index([]string{"terraform", "ansible", "helm"}, tool) < tools {
						dir := filepath.Join(base, fmt.Sprint(tools), fmt.Sprintf(name, i), tool)
						if err := os.MkdirAll(dir, 0o755); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
	}
	root, err := filepath.EvalSymlinks(base)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := drawEnvironments(t)
		text := manifest(all)
		file := "m.yaml"
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		m, problems := schema.LoadManifest(root, file)
		if problems != nil {
			t.Fatalf("%v\n%s", problems, text)
		}
		for i := range m.Environments {
			m.Environments[i].Path.Text = fmt.Sprint(len(all[i].tools), "/", all[i].name)
		}
		selector := rapid.SampledFrom([]string{"", "tag:" + all[0].tags[0], all[0].name}).Draw(t, "selector")
		o := Options{}
		if selector != "" {
			o.Select.Selectors = []string{selector}
		}
		plan, problems := Build(m, lines{root, []schema.ToolName{"terraform", "ansible", "helm"}}, o)
		want := edges(all)
		if circular(want) {
			if plan != nil || !strings.Contains(problems.Error(), "in a circle: ") {
				t.Fatalf("no circle is found: %v\n%s", problems, text)
			}
			return
		}
		if plan == nil || problems != nil {
			t.Fatalf("%v\n%s", problems, text)
		}
		check(t, plan, all, want, selector)
	})
}

func check(t *rapid.T, plan *schema.Plan, all []drawn, want map[schema.StepName][]schema.StepName, selector string) {
	at := 0
	for _, e := range all {
		chosen := selector == "" || selector == e.name || selector == "tag:"+e.tags[0]
		for i := range e.tools {
			step := &plan.Steps[at]
			at++
			got, expected := slices.Sorted(slices.Values(step.DependsOn)), slices.Sorted(slices.Values(want[e.step(i)]))
			if step.Name != e.step(i) || !slices.Equal(got, expected) || step.Selected != chosen {
				t.Fatalf("%s after %v, selected %t; want %s after %v, selected %t", step.Name, got, step.Selected, e.step(i), expected, chosen)
			}
			if len(step.Inputs) != 1+len(e.references) {
				t.Fatalf("%s is given %d inputs", step.Name, len(step.Inputs))
			}
		}
	}
	if at != len(plan.Steps) {
		t.Fatalf("%d steps, want %d", len(plan.Steps), at)
	}
}
