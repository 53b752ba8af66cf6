package terraform

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
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

// A story is one step in a repository of its own, whose files a test changes between operations.
type story struct {
	t          *testing.T
	tool       *Terraform
	runner     *process.Recorder
	repository string
	variables  environments.Variables
	cache      string
	inputs     schema.Values
	offered    schema.Values
	events     []schema.Event // of the last operation
	all        []schema.Event
	watch      func(schema.Event)
	afterSync  func(dir string) // changes the workspace, as a hook would
}

// tell begins a story with the files of the step's directory, net/terraform.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	repository, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	s := &story{
		t: t, tool: New(), repository: filepath.Join(repository, "repo"),
		variables: environments.VariablesOf(os.Environ()), watch: func(schema.Event) {},
		runner: &process.Recorder{Answer: process.Local{}.Run},
	}
	maps.DeleteFunc(s.variables, func(name, _ string) bool { return strings.HasPrefix(name, "TF_VAR_") })
	s.write(files)
	return s
}

// tellReal is tell for a story that needs the real terraform.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	requireTool(t, "terraform")
	return tell(t, files)
}

func (s *story) source() string { return filepath.Join(s.repository, "net", "terraform") }

func (s *story) workspace() string {
	return filepath.Join(s.repository, ".bitops", "work", "net", "net", "terraform")
}

func (s *story) write(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		file := filepath.Join(s.source(), name)
		check(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(s.t, os.WriteFile(file, []byte(text), 0o644))
	}
}

// fake puts a shell script in terraform's place.
func (s *story) fake(script string) *story {
	s.t.Helper()
	dir := s.t.TempDir()
	check(s.t, os.WriteFile(filepath.Join(dir, "terraform"), []byte("#!/bin/bash\n"+script), 0o755))
	s.variables["PATH"] = dir + ":/usr/bin:/bin"
	return s
}

// call brings the workspace up to date and returns the call of a new operation.
func (s *story) call(ctx context.Context, command schema.Command) *environments.Call {
	s.t.Helper()
	ws, _, err := workspace.Sync(ctx, workspace.Options{
		Repository: s.repository, Store: filepath.Join(s.repository, ".bitops", "work"), Name: "net", Path: "net",
		Exclude: s.tool.Private,
	})
	check(s.t, err)
	if s.afterSync != nil {
		s.afterSync(s.workspace())
	}
	private := filepath.Join(s.repository, ".bitops", "private")
	check(s.t, os.RemoveAll(private))
	check(s.t, os.Mkdir(private, 0o700))
	s.events = nil
	return environments.NewCall(environments.CallOptions{
		Step:    &schema.Step{Name: "net/terraform", Environment: "net", EnvironmentPath: "net", Deployment: "terraform"},
		Command: command, Workspace: ws, Private: private, Runner: s.runner,
		Directory: s.workspace(), Source: s.source(), Cache: s.cache,
		Variables: s.variables.With(nil), Inputs: s.inputs, Offered: s.offered,
		Observe: func(e schema.Event) {
			s.events, s.all = append(s.events, e), append(s.all, e)
			s.watch(e)
		},
	})
}

// try runs an operation and removes its private files, as the lifecycle does.
func (s *story) try(ctx context.Context, command schema.Command) (environments.Result, error) {
	s.t.Helper()
	c := s.call(ctx, command)
	defer os.RemoveAll(c.Private)
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
		s.t.Fatalf("%s: %v\n%s", command, err, strings.Join(failureLines(err), "\n"))
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

func (s *story) outputs() schema.Values {
	s.t.Helper()
	values, err := s.tool.Outputs(s.t.Context(), s.call(s.t.Context(), schema.CommandPlan))
	check(s.t, err)
	return values
}

func (s *story) deployed() bool {
	s.t.Helper()
	yes, err := s.tool.Deployed(s.t.Context(), s.call(s.t.Context(), schema.CommandDestroy))
	check(s.t, err)
	return yes
}

// processes returns the first words of the programs started since the last question.
func (s *story) processes() string {
	var words []string
	for _, c := range s.runner.Commands() {
		words = append(words, c.Args[0])
	}
	s.runner = &process.Recorder{Answer: process.Local{}.Run}
	return strings.Join(words, " ")
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

func addresses(changes []schema.ResourceChange) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.Action+" "+c.Address)
	}
	slices.Sort(list)
	return list
}
