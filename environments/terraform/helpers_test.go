package terraform

import (
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema"
)

// What the tests of all tools share.
var (
	requireTool  = testkit.Tool
	failureLines = testkit.FailureLines
	counts       = testkit.Counts
	output       = testkit.Output
	check        = testkit.Check
	equal        = testkit.Equal
	contains     = testkit.Contains
	lacks        = testkit.Lacks
	exists       = testkit.Exists
	writeFile    = testkit.WriteFile
	values       = testkit.Values
)

func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) { // then terraform would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	os.Exit(m.Run())
}

// A story is the step net/terraform in a repository of its own, whose files a test changes between operations.
type story struct {
	*testkit.Story
	tool *Terraform
}

// tell begins a story with the files of the step's directory.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	tool := New()
	s := &story{tool: tool, Story: testkit.Begin(t, tool, schema.Step{
		Name: "net/terraform", Environment: "net", EnvironmentPath: "net", Deployment: "terraform",
	})}
	maps.DeleteFunc(s.Variables, func(name, _ string) bool { return strings.HasPrefix(name, "TF_VAR_") })
	s.Write(files)
	return s
}

// use gives the step another one for its tool, as another run has.
func (s *story) use(tool *Terraform) { s.tool, s.Tool = tool, tool }

// tellReal is tell for a story that needs the real terraform.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	requireTool(t, "terraform")
	return tell(t, files)
}

// fake puts a shell script in terraform's place.
func (s *story) fake(script string) *story {
	s.T.Helper()
	s.Variables["PATH"] = testkit.Program(s.T, "terraform", script) + ":/usr/bin:/bin"
	return s
}

// processes returns the first words of the programs started since the last question.
func (s *story) processes() string {
	var words []string
	for _, c := range s.Runner.Commands() {
		words = append(words, c.Args[0])
	}
	s.Runner = &process.Recorder{Answer: process.Local{}.Run}
	return strings.Join(words, " ")
}

func addresses(changes []schema.ResourceChange) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.Action+" "+c.Address)
	}
	slices.Sort(list)
	return list
}
