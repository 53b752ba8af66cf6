package environments_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// lister declares the names of its files, and lacks a file "need" and a file "config", both or either.
type lister struct {
	fake
	asked []string
}

func (l *lister) Inspect(d schema.Directory) (i schema.Interface, problems schema.Problems) {
	l.asked = append(l.asked, d.Name)
	entries, _ := d.Entries()
	for _, entry := range entries {
		i.Outputs = append(i.Outputs, schema.Parameter{Name: entry.Name()})
	}
	for _, name := range []string{"need", "config"} {
		if _, there := d.Type(name); !there {
			problems = append(problems, schema.Errorf(schema.Position{File: d.Name}, "no %s", name))
		}
	}
	return i, problems
}

func inspectorOf(t *testing.T, files ...string) (*environments.Inspector, *lister) {
	t.Helper()
	root, tool := t.TempDir(), &lister{}
	for _, file := range files {
		full := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &environments.Inspector{Repository: root, Default: "_default", Registered: []environments.Tool{tool}}, tool
}

// What an environment lacks and the defaults have is no problem; what both lack is one, also when each lacks more.
func TestInspectWithDefaults(t *testing.T) {
	for name, test := range map[string]struct {
		own, below string // files; "" for no such directory
		want       string
	}{
		"all of it":                 {"need config", "", ""},
		"nothing below":             {"config", "", "no need"},
		"the rest is below":         {"config", "need", ""},
		"and the other way round":   {"need", "config", ""},
		"both lack the same":        {"config", "config", "no need"},
		"both lack one of the two":  {"other", "config", "no need"},
		"and neither has the other": {"other", "need", "no config"},
	} {
		t.Run(name, func(t *testing.T) {
			var files []string
			for dir, names := range map[string]string{"net/fake": test.own, "_default/fake": test.below} {
				for file := range strings.FieldsSeq(names) {
					files = append(files, dir+"/"+file)
				}
			}
			inspector, _ := inspectorOf(t, files...)
			_, problems := inspector.Inspect("fake", "net", "fake")
			if want := strings.Fields(test.want); len(want) == 0 && len(problems) > 0 || len(want) > 0 && (len(problems) != 1 || problems[0].Message != test.want) {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

// The defaults of a deployment are looked at once, however many environments have it.
func TestDefaultsAreInspectedOnce(t *testing.T) {
	inspector, tool := inspectorOf(t, "a/fake/need", "b/fake/need", "b/fake/more/need", "_default/fake/config")
	for _, environment := range []string{"a", "b"} {
		declared, _ := inspector.Inspect("fake", environment, "fake")
		if _, ok := declared.Output("config"); !ok {
			t.Errorf("%s lacks what the defaults declare: %v", environment, declared)
		}
	}
	if _, problems := inspector.Inspect("fake", "b", "fake/more"); len(problems) != 1 {
		t.Errorf("another deployment has other defaults: %v", problems)
	}
	slices.Sort(tool.asked)
	if want := []string{"_default/fake", "a/fake", "b/fake", "b/fake/more"}; !slices.Equal(tool.asked, want) {
		t.Errorf("asked for %v, not %v", tool.asked, want)
	}
}

// Hooks of any kind beside the files can leave outputs that no file tells of.
func TestInspectFindsHooks(t *testing.T) {
	for file, want := range map[string]bool{
		"need": false, "bitops.before-deploy.d/a.sh": true, "bitops-after-deploy.d/a.sh": true,
		"bitops.on-failure.d/a.sh": true, "bitops.other.d/a.sh": false,
	} {
		inspector, _ := inspectorOf(t, "net/fake/config", "net/fake/"+file)
		if declared, _ := inspector.Inspect("fake", "net", "fake"); declared.MoreOutput != want || declared.AnyInput != want {
			t.Errorf("with %s: %+v", file, declared)
		}
	}
}
