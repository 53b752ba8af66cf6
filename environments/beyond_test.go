package environments

import (
	"regexp"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// looking is a tool whose files read by the word "peek".
type looking struct{ Tool }

func (looking) Name() schema.ToolName { return "looking" }
func (looking) Reads() *regexp.Regexp { return regexp.MustCompile(`\bpeek\b`) }

func TestByWhichWaysStepsReadBeyondTheirValues(t *testing.T) {
	for name, test := range map[string]struct {
		files    map[string]string
		declares schema.Interface
		want     string
	}{
		"its own files":             {map[string]string{"a/looking/main": "x"}, schema.Interface{}, ""},
		"any values":                {map[string]string{"a/looking/main": "x"}, schema.Interface{AnyInput: true}, ""},
		"hooks":                     {map[string]string{"a/looking/main": "x"}, schema.Interface{AnyInput: true, MoreOutput: true}, "hooks and playbooks can read anything"},
		"a module":                  {map[string]string{"a/looking/main": "../../modules/m", "modules/m/x": ""}, schema.Interface{}, ""},
		"what its tool reads by":    {map[string]string{"a/looking/main": "peek"}, schema.Interface{}, "a/looking/main has peek"},
		"the same in a module":      {map[string]string{"a/looking/main": "../../modules/m", "modules/m/x": "peek"}, schema.Interface{}, "modules/m/x has peek"},
		"the same in the defaults":  {map[string]string{"a/looking/main": "x", "_default/looking/y": "peek"}, schema.Interface{}, "_default/looking/y has peek"},
		"another one's file":        {map[string]string{"a/looking/main": "../../b/looking/out", "b/looking/out": ""}, schema.Interface{}, "its files read b/looking/out"},
		"by a link":                 {map[string]string{"a/looking/main": "-> ../../b/looking/out", "b/looking/out": ""}, schema.Interface{}, "its files read b/looking/out"},
		"through a module":          {map[string]string{"a/looking/main": "../../modules/m", "modules/m/x": "../../b/looking", "b/looking/out": ""}, schema.Interface{}, "its files read b/looking"},
		"where environments lie":    {map[string]string{"a/looking/main": "../../stage/", "stage/c/looking/x": ""}, schema.Interface{}, "its files read stage"},
		"what is not there yet":     {map[string]string{"a/looking/main": "../../b/kubeconfig"}, schema.Interface{}, "its files can read anything"},
		"the repository by a name":  {map[string]string{"a/looking/main": "$BITOPS_TEMPDIR/x"}, schema.Interface{}, "its files can read anything"},
		"another deployment's file": {map[string]string{"a/looking/main": "../other/x", "a/other/x": ""}, schema.Interface{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := repositoryOf(t, test.files, "a", "b", "stage/c")
			l := &Lifecycle{
				Tools: []Tool{looking{}}, Repository: files.repository, Default: "_default", sources: files,
				Paths: map[string]bool{"a": true, "b": true, "stage/c": true},
			}
			why, err := l.ReadsBeyond(&schema.Step{Environment: "a", EnvironmentPath: "a", Deployment: "looking", Tool: "looking", Interface: test.declares})
			if why != test.want || err != nil {
				t.Errorf("got %q, %v; want %q", why, err, test.want)
			}
		})
	}
}
