package plugin

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// What the tests of all tools share.
var (
	requireTool = testkit.Tool
	writeFiles  = testkit.WriteFiles
	output      = testkit.Output
	check       = testkit.Check
	equal       = testkit.Equal
	contains    = testkit.Contains
	lacks       = testkit.Lacks
	exists      = testkit.Exists
)

func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) { // then scripts would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	if repository := os.Getenv("PLUGIN_TEST_INSTALL"); repository != "" { // see TestAKilledInstall
		_, err := Install(context.Background(), InstallOptions{
			Options: Options{
				Repository: repository, Store: filepath.Join(repository, ".bitops"), Environ: os.Environ(),
				Declared: schema.Map[schema.Plugin]{{Key: "hello", Value: schema.Plugin{Source: "file://./plugins/hello"}}},
			},
			Runner: process.Local{},
		})
		panic(fmt.Sprint("still alive: ", err))
	}
	os.Exit(m.Run())
}

// A story is one step of a plugin, net/hello, in a repository of its own. It goes through the whole lifecycle.
type story struct {
	t          *testing.T
	runner     *process.Recorder
	repository string
	variables  environments.Variables
	inputs     schema.Values
	declared   schema.Plugin
	env        map[string]string // of the manifest
	image      string
	events     []schema.Event
	secrets    []string
	watch      func(schema.Event)
}

// tell begins a story with files of the repository. The plugin hello is in plugins/hello, unless the test changes that.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	requireTool(t, "bash")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	s := &story{
		t: t, repository: filepath.Join(dir, "repo"), image: filepath.Join(dir, "image"),
		declared:  schema.Plugin{Source: "file://./plugins/hello"},
		variables: environments.VariablesOf(os.Environ()), watch: func(schema.Event) {},
		runner: &process.Recorder{Answer: process.Local{}.Run},
	}
	maps.DeleteFunc(s.variables, func(name, _ string) bool { return strings.HasPrefix(name, "BITOPS_") })
	s.variables["GIT_CONFIG_GLOBAL"], s.variables["GIT_CONFIG_NOSYSTEM"] = os.DevNull, "1"
	check(t, os.MkdirAll(filepath.Join(s.repository, ".bitops", "work"), 0o755))
	s.write(map[string]string{"net/hello/.keep": ""})
	s.write(files)
	return s
}

func (s *story) write(files map[string]string) {
	s.t.Helper()
	writeFiles(s.t, s.repository, files)
}

func (s *story) path(elements ...string) string {
	return filepath.Join(append([]string{s.repository}, elements...)...)
}

// workspace is the step's directory while it runs.
func (s *story) workspace() string { return s.path(".bitops", "work", "net", "net", "hello") }

func (s *story) options() Options {
	return Options{
		Repository: s.repository, Store: s.path(".bitops"), Environ: s.variables.Environ(), Image: s.image,
		Declared: schema.Map[schema.Plugin]{
			{Key: "terraform", Value: schema.Plugin{Source: "https://git.example/terraform"}},
			{Key: "hello", Position: schema.Position{File: "bitops.config.yaml", Line: 3, Column: 5}, Value: s.declared},
		},
	}
}

func (s *story) plugin() *Plugin {
	s.t.Helper()
	all := New(s.options())
	if len(all) == 0 || all[0].Name() != "hello" {
		s.t.Fatalf("plugins %v, want hello first", all)
	}
	return all[0].(*Plugin)
}

func (s *story) lifecycle() *environments.Lifecycle {
	return &environments.Lifecycle{
		Repository: s.repository, Store: s.path(".bitops"), Run: "r1", Default: "_default", Tools: []environments.Tool{s.plugin()},
		Runner: s.runner, Environ: s.variables.Environ(),
		Secrets: func(texts ...string) { s.secrets = append(s.secrets, texts...) },
	}
}

func (s *story) step() *schema.Step {
	return &schema.Step{
		Name: "net/hello", Environment: "net", EnvironmentPath: "net", Deployment: "hello", Tool: "hello", Env: s.env,
	}
}

func (s *story) observe(e schema.Event) {
	s.events = append(s.events, e)
	s.watch(e)
}

func (s *story) try(ctx context.Context, command schema.Command) environments.StepResult {
	s.t.Helper()
	s.events = nil
	return s.lifecycle().Do(ctx, environments.Request{Step: s.step(), Command: command, Inputs: s.inputs}, s.observe)
}

// do runs an operation that must not fail.
func (s *story) do(command schema.Command) environments.StepResult {
	s.t.Helper()
	r := s.try(s.t.Context(), command)
	if r.Error != nil {
		s.t.Fatalf("%s: %s\n%s", command, r.Error.Message, strings.Join(r.Error.Lines, "\n"))
	}
	return r
}

func (s *story) apply() environments.StepResult   { s.t.Helper(); return s.do(schema.CommandApply) }
func (s *story) plan() environments.StepResult    { s.t.Helper(); return s.do(schema.CommandPlan) }
func (s *story) destroy() environments.StepResult { s.t.Helper(); return s.do(schema.CommandDestroy) }

// fails runs an operation that must fail, and returns why it did.
func (s *story) fails(command schema.Command) *schema.StepError {
	s.t.Helper()
	r := s.try(s.t.Context(), command)
	if r.Error == nil {
		s.t.Fatalf("%s: %s, want a failure", command, r.Outcome)
	}
	return r.Error
}

// log returns what the step printed.
func (s *story) log() string { return s.texts(schema.EventOutputLine) }

// notices returns what the step was worth saying.
func (s *story) notices() string { return s.texts(schema.EventNotice) }

func (s *story) texts(typ schema.EventType) string {
	var texts []string
	for _, e := range s.events {
		if e.Type == typ {
			texts = append(texts, e.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// actions returns the stack-actions of the scripts that were started since the last question.
func (s *story) actions() string {
	var actions []string
	for _, c := range s.runner.Commands() {
		if filepath.Base(filepath.Dir(c.Args[0])) == "hello" {
			actions = append(actions, "<"+strings.Join(c.Args[1:], " ")+">")
		}
	}
	s.runner = &process.Recorder{Answer: s.runner.Answer}
	return strings.Join(actions, " ")
}

func (s *story) problems() string {
	s.t.Helper()
	_, problems := s.plugin().Inspect(schema.Directory{Root: s.repository, Name: "net/hello"})
	return problems.Error()
}

func (s *story) install(names ...string) []Status {
	s.t.Helper()
	all, err := s.tryInstall(s.t.Context(), names...)
	check(s.t, err)
	return all
}

func (s *story) tryInstall(ctx context.Context, names ...string) ([]Status, error) {
	return Install(ctx, InstallOptions{
		Options: s.options(), Names: names, Runner: s.runner,
		Log: func(_ schema.ToolName, stream, line string) {
			s.events = append(s.events, schema.Event{Type: schema.EventOutputLine, Stream: stream, Text: line})
		},
	})
}

func (s *story) status() Status { return List(s.options())[0] }

// git makes a bare repository with a commit for each set of files, tagged v1, v2, …, and returns its file:// URL.
func (s *story) git(versions ...map[string]string) string {
	s.t.Helper()
	requireTool(s.t, "git")
	bare := filepath.Join(filepath.Dir(s.repository), "hello.git")
	s.run("git", "init", "-q", "--bare", "-b", "main", bare)
	for i, files := range versions {
		s.push(bare, "main", files, "v"+string(rune('1'+i)))
	}
	return "file://" + bare
}

// push commits files on a branch, and tags them when there is a name for it.
func (s *story) push(bare, branch string, files map[string]string, tag string) {
	s.t.Helper()
	work := filepath.Join(s.t.TempDir(), "work")
	s.run("git", "init", "-q", "-b", branch, work)
	s.run("git", "-C", work, "remote", "add", "origin", strings.TrimPrefix(bare, "file://"))
	if exec.Command("git", "-C", work, "fetch", "-q", "origin", branch).Run() == nil {
		s.run("git", "-C", work, "reset", "-q", "--hard", "FETCH_HEAD")
	}
	writeFiles(s.t, work, files)
	s.run("git", "-C", work, "add", "-A")
	s.run("git", "-C", work, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
	s.run("git", "-C", work, "push", "-q", "origin", branch)
	if tag != "" {
		s.run("git", "-C", work, "-c", "user.name=a", "-c", "user.email=a@b", "tag", "-f", "-a", "-m", tag, tag)
		s.run("git", "-C", work, "push", "-q", "-f", "origin", tag)
	}
}

func (s *story) run(name string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = s.variables.Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// holding returns the files below a directory that contain a text.
func holding(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	check(t, filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, file)
		}
		return err
	}))
	return found
}

// redacted returns the events as they are shown.
func (s *story) redacted() string {
	r := &secret.Redactor{}
	r.Add(s.secrets...)
	var all []string
	for _, e := range s.events {
		all = append(all, r.String(e.Text))
	}
	return strings.Join(all, "\n")
}

// states returns the state of every plugin.
func states(all []Status) string {
	var texts []string
	for _, s := range all {
		text := string(s.Name) + " " + string(s.State)
		if s.Changed {
			text += ", changed"
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(texts, "; ")
}

func requestOf(step *schema.Step) environments.Request {
	return environments.Request{Step: step, Command: schema.CommandApply}
}
