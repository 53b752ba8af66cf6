package cloudformation

import (
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

// A story is the step net/cloudformation in a repository of its own, whose files a test changes between operations.
type story struct {
	*testkit.Story
	tool *CloudFormation
}

const minimal = "cloudformation: {options: {cfn-stack-name: app, cfn-files: {template-file: template.yaml}}}"

// tell begins a story with the files of the step's directory, net/cloudformation, against a service at an address.
func tell(t *testing.T, endpoint string, files map[string]string) *story {
	t.Helper()
	tool := &CloudFormation{poll: 5 * time.Millisecond}
	s := &story{tool: tool, Story: testkit.Begin(t, tool, schema.Step{
		Name: "net/cloudformation", Environment: "net", EnvironmentPath: "net", Deployment: "cloudformation",
	})}
	s.Variables = environments.Variables{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
		"AWS_ENDPOINT_URL": endpoint, "HOME": filepath.Dir(s.Repository),
	}
	if _, ok := files["bitops.config.yaml"]; !ok {
		s.Write(map[string]string{"bitops.config.yaml": minimal})
	}
	s.Write(files)
	return s
}

// Fails runs an operation that must fail, and returns everything that a person sees of the error.
func (s *story) Fails(command schema.Command) string {
	s.T.Helper()
	_, err := s.Try(s.T.Context(), command)
	if err == nil {
		s.T.Fatalf("%s did not fail", command)
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

func (s *story) notices() string { return s.Texts(schema.EventNotice) }
func (s *story) log() string     { return s.Texts(schema.EventOutputLine) }

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
