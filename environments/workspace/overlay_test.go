package workspace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments/workspace"
)

// overlaid is a fixture of environment dev with defaults for its tools.
func overlaid(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, "dev")
	f.Overlays = []workspace.Overlay{{
		From: "_default/terraform", To: "terraform", Suffix: "dev",
		Merge: func(lower, upper []byte) ([]byte, error) {
			return bytes.Join([][]byte{lower, upper}, []byte("+")), nil
		},
		Apart: func(name string) bool { return name == "values.yaml" },
	}}
	f.write("dev/terraform/own.tf", "own")
	return f
}

func TestOverlayRules(t *testing.T) {
	for _, c := range []struct {
		name  string
		lower map[string]string // in _default/terraform
		upper map[string]string // in dev/terraform
		want  map[string]string // in the workspace's dev/terraform
	}{
		{
			"a file that only the default has is there",
			map[string]string{"a/b.tf": "low"},
			nil,
			map[string]string{"a/b.tf": "low", "own.tf": "own"},
		},
		{
			"of two .tf files the default keeps its name and the environment's gets its own",
			map[string]string{"main.tf": "low"},
			map[string]string{"main.tf": "up"},
			map[string]string{"main.tf": "low", "main.tf.dev.tf": "up"},
		},
		{"a script of the environment wins", map[string]string{"x.sh": "low"}, map[string]string{"x.sh": "up"}, map[string]string{"x.sh": "up"}},
		{"any other file of the environment wins", map[string]string{"x": "low"}, map[string]string{"x": "up"}, map[string]string{"x": "up"}},
		{"YAML is merged", map[string]string{"x.yaml": "low", "y.yml": "low"}, map[string]string{"x.yaml": "up", "y.yml": "up"}, map[string]string{"x.yaml": "low+up", "y.yml": "low+up"}},
		{"YAML that is kept apart is not merged", map[string]string{"values.yaml": "low"}, map[string]string{"values.yaml": "up"}, map[string]string{"values.yaml": "up"}},
		{"a file of the environment stands where the default has a directory", map[string]string{"a/b": "low"}, map[string]string{"a": "up"}, map[string]string{"a": "up"}},
		{"a directory of the environment stands where the default has a file", map[string]string{"a": "low"}, map[string]string{"a/b": "up"}, map[string]string{"a/b": "up"}},
		{"local state of the default stays where it is", map[string]string{"terraform.tfstate": "low"}, nil, map[string]string{"terraform.tfstate": "absent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := overlaid(t)
			for name, content := range c.lower {
				f.write("_default/terraform/"+name, content)
			}
			for name, content := range c.upper {
				f.write("dev/terraform/"+name, content)
			}
			f.sync()
			for name, want := range c.want {
				if got := f.read("dev/terraform/" + name); got != want {
					t.Errorf("%s holds %q, want %q", name, got, want)
				}
			}
			for name, content := range c.upper {
				if got, _ := os.ReadFile(filepath.Join(f.repo, "dev/terraform", name)); string(got) != content {
					t.Errorf("the environment's %s was changed to %q", name, got)
				}
			}
		})
	}
}

func TestOverlayFollowsItsDefaults(t *testing.T) {
	f := overlaid(t)
	f.write("_default/terraform/x.yaml", "one")
	f.write("dev/terraform/x.yaml", "up")
	f.write("_default/terraform/main.tf", "low")
	f.sync()
	f.write("_default/terraform/x.yaml", "two")
	f.remove("_default/terraform/main.tf")
	f.sync()
	if got := f.read("dev/terraform/x.yaml"); got != "two+up" {
		t.Errorf("x.yaml holds %q after its default changed", got)
	}
	if got := f.read("dev/terraform/main.tf"); got != "absent" {
		t.Errorf("main.tf holds %q after its default was deleted", got)
	}
	f.remove("_default")
	f.sync()
	if got := f.read("dev/terraform/x.yaml"); got != "up" {
		t.Errorf("x.yaml holds %q without a default", got)
	}
}
