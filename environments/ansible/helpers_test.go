package ansible

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema"
)

// What the tests of all tools share.
var (
	requireTool = testkit.Tool
	values      = testkit.Values
	check       = testkit.Check
	equal       = testkit.Equal
	contains    = testkit.Contains
	lacks       = testkit.Lacks
	writeFile   = testkit.WriteFile
	readFile    = testkit.ReadFile
)

func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) { // then ansible would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	os.Exit(m.Run())
}

// A story is the step app/ansible in a repository of its own, whose files a test changes between operations.
type story struct {
	*testkit.Story
	tool *Ansible
}

// tell begins a story with files whose names are relative to the step's directory. One without any configuration has localhost
// for its inventory.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	tool := New()
	s := &story{tool: tool, Story: testkit.Begin(t, tool, schema.Step{
		Name: "app/ansible", Environment: "app", EnvironmentPath: "app", Deployment: "ansible", Tool: "ansible",
	})}
	s.Variables = environments.Variables{
		"PATH": os.Getenv("PATH"), "HOME": filepath.Dir(s.Repository), "BITOPS_ENVROOT": filepath.Dir(s.Workspace()),
	}
	s.Write(map[string]string{"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,'}}"})
	s.Write(files)
	return s
}

// tellReal is tell for a story that needs the real ansible-playbook.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	requireTool(t, program)
	return tell(t, files)
}

// fake puts a shell script in ansible's place. What it prints are the arguments, a line each.
func (s *story) fake(script string) *story {
	s.T.Helper()
	dir := s.T.TempDir()
	text := "#!/bin/bash\nprintf '%s\\n' \"$@\"\necho '{\"event\":\"end\"}' >>\"$BITOPS_ANSIBLE_REPORT\"\n" + script
	check(s.T, os.WriteFile(filepath.Join(dir, program), []byte(text), 0o755))
	s.Variables["PATH"] = dir + ":/usr/bin:/bin"
	return s
}

// arguments applies with a fake ansible and returns the arguments it was given, but for those of generated files.
func (s *story) arguments() []string {
	s.T.Helper()
	s.fake("").Apply()
	commands := s.Runner.Commands()
	var args []string
	for _, arg := range commands[len(commands)-1].Args {
		args = append(args, strings.ReplaceAll(arg, filepath.Join(s.Repository, ".bitops", "private"), "PRIVATE"))
	}
	return args
}

// output checks one output by its JSON.
func output(t *testing.T, values schema.Values, name, want string) {
	t.Helper()
	got, err := values[name].Reveal()
	if err != nil || string(got) != want {
		t.Errorf("output %s = %s (%v), want %s", name, got, err, want)
	}
}

func counts(t *testing.T, r environments.Result, changed int) {
	t.Helper()
	if c := r.Changes; c == nil || c.Add != 0 || c.Change != changed || c.Remove != 0 {
		t.Errorf("changes %+v, want ~%d", r.Changes, changed)
	}
}

func (s *story) failureOf(err error) *environments.Failure {
	s.T.Helper()
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		s.T.Fatalf("error %v (%T), want a failure", err, err)
	}
	return failure
}
