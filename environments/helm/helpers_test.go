package helm

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// What the tests of all tools share.
var (
	failureLines = testkit.FailureLines
	counts       = testkit.Counts
	check        = testkit.Check
	equal        = testkit.Equal
	contains     = testkit.Contains
	lacks        = testkit.Lacks
	exists       = testkit.Exists
	writeFile    = testkit.WriteFile
	requireTool  = testkit.Tool
)

// A story is one chart in a repository of its own, whose files a test changes between operations.
type story struct {
	t          *testing.T
	tool       *Helm
	runner     *process.Recorder
	repository string
	deployment string
	namespace  string
	variables  environments.Variables
	inputs     schema.Values
	offered    schema.Values
	events     []schema.Event // of the last operation
	all        []schema.Event
	watch      func(schema.Event)
	afterSync  func(dir string)     // changes the workspace, as a hook would
	end        func(private string) // looks at the private files before they go
	artifact   string               // where plans are kept and taken from, or ""
}

// chart is a chart of one ConfigMap.
var chart = map[string]string{
	"Chart.yaml":  "apiVersion: v2\nname: api\nversion: 0.1.0\n",
	"values.yaml": "color: red\n",
	"templates/config.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  color: {{ .Values.color | quote }}
`,
}

// with returns files with more laid over them; an empty text leaves one out.
func with(files, more map[string]string) map[string]string {
	all := maps.Clone(files)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

var namespaces atomic.Int32

// tell begins a story with the files of the chart, backend/helm/api. A name that begins with a slash is relative to the
// repository. Without a configuration, the chart gets one with a namespace of its own.
func tell(t *testing.T, files map[string]string) *story {
	t.Helper()
	repository, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	s := &story{
		t: t, tool: New(), repository: filepath.Join(repository, "repo"), deployment: "helm/api",
		variables: environments.VariablesOf(os.Environ()), watch: func(schema.Event) {},
		runner:    &process.Recorder{Answer: process.Local{}.Run},
		namespace: fmt.Sprintf("test-%d", namespaces.Add(1)),
	}
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"} {
		s.variables[name] = home
	}
	for _, name := range []string{"KUBECONFIG", "NAMESPACE", "TIMEOUT", "CLUSTER_NAME"} {
		delete(s.variables, name)
	}
	s.variables["BITOPS_DEFAULT_ROOT_DIR"] = "_default"
	_, own := files["bitops.config.yaml"]
	_, common := files["/backend/helm/bitops.config.yaml"]
	if !own && !common {
		s.configure("")
	}
	s.write(files)
	return s
}

// tellReal is tell for a story that needs the real helm and a cluster. It runs beside others: most of it is waiting.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	t.Parallel()
	helm := requireTool(t, "helm")
	kubeconfig := requireCluster(t)
	s := tell(t, files)
	s.variables["PATH"] = filepath.Dir(helm) + ":" + s.variables["PATH"]
	s.variables["KUBECONFIG_BASE64"] = base64.StdEncoding.EncodeToString([]byte(kubeconfig))
	return s
}

// configure writes the chart's configuration: the namespace, and more lines under cli.
func (s *story) configure(more string) {
	s.t.Helper()
	s.write(map[string]string{"bitops.config.yaml": "helm:\n  cli:\n    namespace: " + s.namespace + "\n" + more})
}

func (s *story) source() string { return filepath.Join(s.repository, "backend", s.deployment) }

func (s *story) workspace() string {
	return filepath.Join(s.repository, ".bitops", "work", "backend", "backend", s.deployment)
}

func (s *story) write(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		file := filepath.Join(s.source(), name)
		if strings.HasPrefix(name, "/") {
			file = filepath.Join(s.repository, name)
		}
		check(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(s.t, os.WriteFile(file, []byte(text), 0o644))
	}
}

// fake puts a shell script in a program's place, before the usual directories.
func (s *story) fake(name, script string) *story {
	s.t.Helper()
	dir := s.t.TempDir()
	check(s.t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/bash\n"+script), 0o755))
	path := s.variables["PATH"]
	if name == "helm" {
		path = "/usr/bin:/bin"
	}
	s.variables["PATH"] = dir + ":" + path
	return s
}

// call brings the workspace up to date and returns the call of a new operation.
func (s *story) call(ctx context.Context, command schema.Command) *environments.Call {
	s.t.Helper()
	ws, _, err := workspace.Sync(ctx, workspace.Options{
		Repository: s.repository, Store: filepath.Join(s.repository, ".bitops", "work"), Name: "backend", Path: "backend",
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
			Name: schema.StepName("backend/" + s.deployment), Environment: "backend", EnvironmentPath: "backend",
			Deployment: s.deployment, Tool: "helm",
		},
		Command: command, Workspace: ws, Private: private, Runner: s.runner,
		Artifact: s.artifact, Planned: s.artifact != "" && !command.Previews(),
		Directory: s.workspace(), Source: s.source(),
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
	if s.end != nil {
		defer func() { s.end(c.Private) }()
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
		if slices.Contains(c.Args, "--dry-run=server") {
			words[len(words)-1] += "(dry)"
		}
	}
	s.runner = &process.Recorder{Answer: s.runner.Answer}
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

// data returns a ConfigMap's or a Secret's entry as the cluster has it.
func (s *story) data(kind, name, key string) string {
	s.t.Helper()
	return kubectl(s.t, "get", kind, name, "-n", s.namespace, "-o", "jsonpath={.data."+key+"}")
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

func addresses(c *schema.Changes) []string {
	var list []string
	for _, r := range c.Resources {
		list = append(list, r.Action+" "+r.Address)
	}
	return list
}

func sensitive(text string) schema.Value {
	return schema.Value{Data: schema.Text(text).Data, Sensitive: true}
}
