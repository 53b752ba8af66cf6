package testkit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// Story is one step of a tool in a repository of its own, whose files a test changes between operations. It is taken through
// its tool as the lifecycle does, without hooks.
type Story struct {
	T          *testing.T
	Tool       environments.Tool
	Runner     *process.Recorder
	Repository string
	Step       schema.Step // a copy for each operation
	Variables  environments.Variables
	Inputs     schema.Values
	Offered    schema.Values
	Cache      string // that all steps of a checkout share, or ""
	Artifact   string // where plans are kept and taken from, or ""
	Hidden     []string

	Events []schema.Event // of the last operation
	All    []schema.Event
	Watch  func(schema.Event)

	AfterSync func(dir string)     // changes the workspace, as a hook would
	End       func(private string) // looks at the private files before they go; may be nil
}

// Begin begins the story of a step in an empty repository, with the caller's variables. Its programs are real.
func Begin(t *testing.T, tool environments.Tool, step schema.Step) *Story {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	Check(t, err)
	return &Story{
		T: t, Tool: tool, Repository: filepath.Join(dir, "repo"), Step: step,
		Runner:    &process.Recorder{Answer: process.Local{}.Run},
		Variables: environments.VariablesOf(os.Environ()),
		Watch:     func(schema.Event) {},
	}
}

// Source returns the step's directory in the checkout.
func (s *Story) Source() string { return filepath.Join(s.Repository, s.Step.Directory()) }

// Workspace returns the step's directory in which it runs.
func (s *Story) Workspace() string {
	return filepath.Join(s.Repository, ".bitops", "work", workspace.DirectoryName(string(s.Step.Environment)), s.Step.Directory())
}

// Write writes files into the step's directory; a name that begins with a slash is relative to the repository.
func (s *Story) Write(files map[string]string) {
	s.T.Helper()
	for name, text := range files {
		dir := s.Source()
		if strings.HasPrefix(name, "/") {
			dir = s.Repository
		}
		WriteFile(s.T, filepath.Join(dir, name), text)
	}
}

// Call brings the workspace up to date and returns the call of a new operation.
func (s *Story) Call(ctx context.Context, command schema.Command) *environments.Call {
	s.T.Helper()
	ws, _, err := workspace.Sync(ctx, workspace.Options{
		Repository: s.Repository, Store: filepath.Join(s.Repository, ".bitops", "work"),
		Name: string(s.Step.Environment), Path: s.Step.EnvironmentPath, Exclude: s.Tool.Private,
	})
	Check(s.T, err)
	private := filepath.Join(s.Repository, ".bitops", "private")
	Check(s.T, os.RemoveAll(private))
	Check(s.T, os.Mkdir(private, 0o700))
	s.Events = nil
	step := s.Step
	return environments.NewCall(environments.CallOptions{
		Step: &step, Command: command, Workspace: ws, Private: private, Runner: s.Runner,
		Directory: s.Workspace(), Source: s.Source(), Cache: s.Cache,
		Artifact: s.Artifact, Planned: s.Artifact != "" && !command.Previews(),
		Variables: s.Variables.With(nil), Inputs: s.Inputs, Offered: s.Offered,
		Secrets: func(texts ...string) { s.Hidden = append(s.Hidden, texts...) },
		Observe: func(e schema.Event) {
			s.Events, s.All = append(s.Events, e), append(s.All, e)
			s.Watch(e)
		},
	})
}

// Try runs an operation as the lifecycle does: the configuration is read, hooks change the workspace, the tool runs, and private
// files are removed.
func (s *Story) Try(ctx context.Context, command schema.Command) (environments.Result, error) {
	s.T.Helper()
	c := s.Call(ctx, command)
	defer func() { _ = os.RemoveAll(c.Private) }()
	if s.End != nil {
		defer func() { s.End(c.Private) }()
	}
	if skipper, ok := s.Tool.(environments.Skipper); ok {
		if reason, err := skipper.Skip(c); reason != "" || err != nil {
			return environments.Result{Skipped: reason}, err
		}
	}
	if s.AfterSync != nil {
		s.AfterSync(s.Workspace())
	}
	return Operate(ctx, s.Tool, c, command)
}

// Operate runs one operation of a tool.
func Operate(ctx context.Context, tool environments.Tool, c *environments.Call, command schema.Command) (environments.Result, error) {
	switch command {
	case schema.CommandPlan:
		return tool.Plan(ctx, c)
	case schema.CommandPlanDestroy:
		return tool.PlanDestroy(ctx, c)
	case schema.CommandDestroy:
		return tool.Destroy(ctx, c)
	default:
		return tool.Apply(ctx, c)
	}
}

// Do runs an operation that must not fail.
func (s *Story) Do(command schema.Command) environments.Result {
	s.T.Helper()
	result, err := s.Try(s.T.Context(), command)
	if err != nil {
		s.T.Fatalf("%s: %v\n%s", command, err, strings.Join(FailureLines(err), "\n"))
	}
	return result
}

// Apply applies the step.
func (s *Story) Apply() environments.Result { s.T.Helper(); return s.Do(schema.CommandApply) }

// Plan plans the step.
func (s *Story) Plan() environments.Result { s.T.Helper(); return s.Do(schema.CommandPlan) }

// Destroy takes the step down.
func (s *Story) Destroy() environments.Result { s.T.Helper(); return s.Do(schema.CommandDestroy) }

// Fails runs an operation that must fail, and returns the failure.
func (s *Story) Fails(command schema.Command) *environments.Failure {
	s.T.Helper()
	_, err := s.Try(s.T.Context(), command)
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		s.T.Fatalf("%s: error %v (%T), want a failure", command, err, err)
	}
	return failure
}

// Outputs asks the tool for what the step left behind.
func (s *Story) Outputs() schema.Values {
	s.T.Helper()
	values, err := s.Tool.Outputs(s.T.Context(), s.Call(s.T.Context(), schema.CommandPlan))
	Check(s.T, err)
	return values
}

// Deployed asks the tool whether anything of the step exists.
func (s *Story) Deployed() bool {
	s.T.Helper()
	yes, err := s.Tool.Deployed(s.T.Context(), s.Call(s.T.Context(), schema.CommandDestroy))
	Check(s.T, err)
	return yes
}

// Texts returns the texts of the last operation's events of a type.
func (s *Story) Texts(typ schema.EventType) string {
	var texts []string
	for _, e := range s.Events {
		if e.Type == typ {
			texts = append(texts, e.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// Holding returns the files of the repository that contain a text.
func (s *Story) Holding(text string) []string {
	s.T.Helper()
	return Holding(s.T, s.Repository, text)
}
