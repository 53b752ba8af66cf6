package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// What the tests of all tools share.
var (
	counts   = testkit.Counts
	check    = testkit.Check
	equal    = testkit.Equal
	contains = testkit.Contains
	lacks    = testkit.Lacks
)

func TestMain(m *testing.M) {
	code := m.Run()
	if stopMoto != nil {
		stopMoto()
	}
	os.Exit(code)
}

// A story is one step in a repository of its own, whose files a test changes between operations.
type story struct {
	t          *testing.T
	tool       *CloudFormation
	repository string
	variables  environments.Variables
	inputs     schema.Values
	offered    schema.Values
	events     []schema.Event // of the last operation
	watch      func(schema.Event)
	afterSync  func(dir string) // changes the workspace, as a hook would
	artifact   string           // where plans are kept and taken from, or ""

	hidden []string // what must not be shown
}

const minimal = "cloudformation: {options: {cfn-stack-name: app, cfn-files: {template-file: template.yaml}}}"

// tell begins a story with the files of the step's directory, net/cloudformation, against a service at an address.
func tell(t *testing.T, endpoint string, files map[string]string) *story {
	t.Helper()
	repository, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	s := &story{
		t: t, tool: &CloudFormation{poll: 5 * time.Millisecond}, repository: filepath.Join(repository, "repo"),
		watch: func(schema.Event) {},
		variables: environments.Variables{
			"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
			"AWS_ENDPOINT_URL": endpoint, "HOME": repository,
		},
	}
	if _, ok := files["bitops.config.yaml"]; !ok {
		s.write(map[string]string{"bitops.config.yaml": minimal})
	}
	s.write(files)
	return s
}

func (s *story) source() string { return filepath.Join(s.repository, "net", "cloudformation") }

func (s *story) workspace() string {
	return filepath.Join(s.repository, ".bitops", "work", "net", "net", "cloudformation")
}

func (s *story) write(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		file := filepath.Join(s.source(), name)
		check(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(s.t, os.WriteFile(file, []byte(text), 0o644))
	}
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
		Step: &schema.Step{
			Name: "net/cloudformation", Environment: "net", EnvironmentPath: "net", Deployment: "cloudformation",
		},
		Command: command, Workspace: ws, Private: private, Directory: s.workspace(), Source: s.source(),
		Artifact: s.artifact, Planned: s.artifact != "" && !command.Previews(),
		Variables: s.variables.With(nil), Inputs: s.inputs, Offered: s.offered,
		Secrets: func(texts ...string) { s.hidden = append(s.hidden, texts...) },
		Observe: func(e schema.Event) {
			s.events = append(s.events, e)
			s.watch(e)
		},
	})
}

// try runs an operation as the lifecycle does.
func (s *story) try(ctx context.Context, command schema.Command) (environments.Result, error) {
	s.t.Helper()
	c := s.call(ctx, command)
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a script that never ends fails the test
	defer cancel()
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
		s.t.Fatalf("%s: %v\n%s", command, err, s.shown(err))
	}
	return result
}

func (s *story) apply() environments.Result   { s.t.Helper(); return s.do(schema.CommandApply) }
func (s *story) plan() environments.Result    { s.t.Helper(); return s.do(schema.CommandPlan) }
func (s *story) destroy() environments.Result { s.t.Helper(); return s.do(schema.CommandDestroy) }

// fails runs an operation that must fail, and returns everything that a person sees of the error.
func (s *story) fails(command schema.Command) string {
	s.t.Helper()
	_, err := s.try(s.t.Context(), command)
	if err == nil {
		s.t.Fatalf("%s did not fail", command)
	}
	return s.shown(err)
}

func (s *story) shown(err error) string {
	text := err.Error()
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		text += "\n" + strings.Join(failure.Lines, "\n")
	}
	return text
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

func (s *story) notices() string { return s.texts(schema.EventNotice) }
func (s *story) log() string     { return s.texts(schema.EventOutputLine) }

var (
	startMoto sync.Once
	motoURL   string
	stopMoto  func()
)

// moto returns the address of an imitation of AWS, one for all tests, or skips the test.
func moto(t *testing.T) string {
	t.Helper()
	program := testkit.Tool(t, "moto_server")
	startMoto.Do(func() { motoURL, stopMoto = launchMoto(program) })
	if motoURL == "" {
		t.Fatal("moto_server does not listen")
	}
	return motoURL
}

// launchMoto starts moto_server on a free port, in a directory of its own because it writes files where it runs. The
// address is "" when it does not listen.
func launchMoto(program string) (url string, stop func()) {
	stop = func() {}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", stop
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(address)
	dir, err := os.MkdirTemp("", "moto")
	if err != nil {
		return "", stop
	}
	server := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	server.Dir = dir
	if server.Start() != nil {
		return "", stop
	}
	stop = func() {
		server.Process.Kill()
		server.Wait()
		os.RemoveAll(dir)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.Close()
			return "http://" + address, stop
		}
	}
	return "", stop
}

func addresses(c *schema.Changes) string {
	var list []string
	for _, r := range c.Resources {
		list = append(list, r.Action+" "+r.Address)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// shows returns outputs as they are shown, with their values only where everybody may see them.
func shows(values schema.Values) string {
	var list []string
	for _, name := range values.Names() {
		list = append(list, fmt.Sprintf("%s=%s", name, values[name]))
	}
	return strings.Join(list, " ")
}
