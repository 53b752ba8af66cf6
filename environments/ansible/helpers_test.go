package ansible

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/environments/workspace"
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

// A story is one step in a repository of its own, whose files a test changes between operations.
type story struct {
	t          *testing.T
	tool       *Ansible
	runner     *process.Recorder
	repository string
	offers     []schema.Offer
	variables  environments.Variables
	inputs     schema.Values
	offered    schema.Values
	events     []schema.Event // of the last operation
	watch      func(schema.Event)
	afterSync  func(dir string) // changes the workspace, as a hook would
}

// tell begins a story with files whose names are relative to the step's directory, app/ansible. One without any
// configuration has localhost for its inventory.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	repository, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	s := &story{
		t: t, tool: New(), repository: filepath.Join(repository, "repo"), watch: func(schema.Event) {},
		runner: &process.Recorder{Answer: process.Local{}.Run},
		variables: environments.Variables{
			"PATH": os.Getenv("PATH"), "HOME": repository, "BITOPS_ENVROOT": filepath.Join(repository, "repo", ".bitops", "work", "app", "app"),
		},
	}
	s.write(map[string]string{"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,'}}"})
	s.write(files)
	return s
}

// tellReal is tell for a story that needs the real ansible-playbook.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	requireTool(t, program)
	return tell(t, files)
}

func (s *story) source() string { return filepath.Join(s.repository, "app", "ansible") }

func (s *story) workspace() string {
	return filepath.Join(s.repository, ".bitops", "work", "app", "app", "ansible")
}

func (s *story) write(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		file := filepath.Join(s.source(), name)
		check(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(s.t, os.WriteFile(file, []byte(text), 0o644))
	}
}

// fake puts a shell script in ansible's place. What it prints are the arguments, a line each.
func (s *story) fake(script string) *story {
	s.t.Helper()
	dir := s.t.TempDir()
	text := "#!/bin/bash\nprintf '%s\\n' \"$@\"\necho '{\"event\":\"end\"}' >>\"$BITOPS_ANSIBLE_REPORT\"\n" + script
	check(s.t, os.WriteFile(filepath.Join(dir, program), []byte(text), 0o755))
	s.variables["PATH"] = dir + ":/usr/bin:/bin"
	return s
}

// call brings the workspace up to date and returns the call of a new operation.
func (s *story) call(ctx context.Context, command schema.Command) *environments.Call {
	s.t.Helper()
	ws, _, err := workspace.Sync(ctx, workspace.Options{
		Repository: s.repository, Store: filepath.Join(s.repository, ".bitops", "work"), Name: "app", Path: "app",
		Exclude: s.tool.Private,
	})
	check(s.t, err)
	private := filepath.Join(s.repository, ".bitops", "private")
	check(s.t, os.RemoveAll(private))
	check(s.t, os.Mkdir(private, 0o700))
	s.events = nil
	return environments.NewCall(environments.CallOptions{
		Step: &schema.Step{
			Name: "app/ansible", Environment: "app", EnvironmentPath: "app", Deployment: "ansible", Tool: "ansible", Offers: s.offers,
		},
		Command: command, Workspace: ws, Private: private, Runner: s.runner,
		Directory: s.workspace(), Source: s.source(),
		Variables: s.variables.With(nil), Inputs: s.inputs, Offered: s.offered,
		Observe: func(e schema.Event) {
			s.events = append(s.events, e)
			s.watch(e)
		},
	})
}

// try runs an operation as the lifecycle does: the configuration is read, hooks change the workspace, the tool runs, and
// private files are removed.
func (s *story) try(ctx context.Context, command schema.Command) (environments.Result, error) {
	s.t.Helper()
	c := s.call(ctx, command)
	defer os.RemoveAll(c.Private)
	if reason, err := s.tool.Skip(c); reason != "" || err != nil {
		return environments.Result{Skipped: reason}, err
	}
	if s.afterSync != nil {
		s.afterSync(s.workspace())
	}
	switch command {
	case schema.CommandPlan:
		return s.tool.Plan(ctx, c)
	case schema.CommandPlanDestroy:
		return s.tool.PlanDestroy(ctx, c)
	case schema.CommandDestroy:
		return s.tool.Destroy(ctx, c)
	default:
		return s.tool.Apply(ctx, c)
	}
}

func (s *story) do(command schema.Command) environments.Result {
	s.t.Helper()
	result, err := s.try(s.t.Context(), command)
	if err != nil {
		var lines []string
		if failure, ok := errors.AsType[*environments.Failure](err); ok {
			lines = failure.Lines
		}
		s.t.Fatalf("%s: %v\n%s", command, err, strings.Join(lines, "\n"))
	}
	return result
}

func (s *story) apply() environments.Result   { s.t.Helper(); return s.do(schema.CommandApply) }
func (s *story) plan() environments.Result    { s.t.Helper(); return s.do(schema.CommandPlan) }
func (s *story) destroy() environments.Result { s.t.Helper(); return s.do(schema.CommandDestroy) }

// fails runs an operation that must fail, and returns the failure.
func (s *story) fails(command schema.Command) *environments.Failure {
	s.t.Helper()
	_, err := s.try(s.t.Context(), command)
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		s.t.Fatalf("%s: error %v (%T), want a failure", command, err, err)
	}
	return failure
}

// arguments applies with a fake ansible and returns the arguments it was given, but for those of generated files.
func (s *story) arguments() []string {
	s.t.Helper()
	s.fake("").apply()
	commands := s.runner.Commands()
	var args []string
	for _, arg := range commands[len(commands)-1].Args {
		args = append(args, strings.ReplaceAll(arg, filepath.Join(s.repository, ".bitops", "private"), "PRIVATE"))
	}
	return args
}

// texts returns the texts of the last operation's events of a type.
func (s *story) texts(typ schema.EventType) string {
	var texts []string
	for _, e := range s.events {
		if e.Type == typ {
			texts = append(texts, e.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// holding returns the files below the repository that contain a text.
func (s *story) holding(text string) []string {
	s.t.Helper()
	var found []string
	check(s.t, filepath.WalkDir(s.repository, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		if bytes.Contains(content, []byte(text)) {
			rel, _ := filepath.Rel(s.repository, file)
			found = append(found, rel)
		}
		return err
	}))
	return found
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
	s.t.Helper()
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		s.t.Fatalf("error %v (%T), want a failure", err, err)
	}
	return failure
}
