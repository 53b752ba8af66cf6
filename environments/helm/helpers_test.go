package helm

import (
	"encoding/base64"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema"
)

// What the tests of all tools share.
var (
	counts      = testkit.Counts
	check       = testkit.Check
	equal       = testkit.Equal
	contains    = testkit.Contains
	lacks       = testkit.Lacks
	exists      = testkit.Exists
	writeFile   = testkit.WriteFile
	requireTool = testkit.Tool
)

// A story is one chart in a repository of its own, whose files a test changes between operations.
type story struct {
	*testkit.Story
	tool      *Helm
	namespace string
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
	tool := New()
	s := &story{tool: tool, namespace: fmt.Sprintf("test-%d", namespaces.Add(1)), Story: testkit.Begin(t, tool, schema.Step{
		Name: "backend/helm/api", Environment: "backend", EnvironmentPath: "backend", Deployment: "helm/api", Tool: "helm",
	})}
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"} {
		s.Variables[name] = home
	}
	for _, name := range []string{"KUBECONFIG", "NAMESPACE", "TIMEOUT", "CLUSTER_NAME"} {
		delete(s.Variables, name)
	}
	s.Variables["BITOPS_DEFAULT_ROOT_DIR"] = "_default"
	_, own := files["bitops.config.yaml"]
	_, common := files["/backend/helm/bitops.config.yaml"]
	if !own && !common {
		s.configure("")
	}
	s.Write(files)
	return s
}

// use gives the step another one for its tool, as another run has.
func (s *story) use(tool *Helm) { s.tool, s.Tool = tool, tool }

// tellReal is tell for a story that needs the real helm and a cluster. It runs beside others: most of it is waiting.
func tellReal(t *testing.T, files map[string]string) *story {
	t.Helper()
	t.Parallel()
	helm := requireTool(t, "helm")
	kubeconfig := requireCluster(t)
	s := tell(t, files)
	s.Variables["PATH"] = filepath.Dir(helm) + ":" + s.Variables["PATH"]
	s.Variables["KUBECONFIG_BASE64"] = base64.StdEncoding.EncodeToString([]byte(kubeconfig))
	return s
}

// configure writes the chart's configuration: the namespace, and more lines under cli.
func (s *story) configure(more string) {
	s.T.Helper()
	s.Write(map[string]string{"bitops.config.yaml": "helm:\n  cli:\n    namespace: " + s.namespace + "\n" + more})
}

// fake puts a shell script in a program's place, before the usual directories.
func (s *story) fake(name, script string) *story {
	s.T.Helper()
	dir := testkit.Program(s.T, name, script)
	path := s.Variables["PATH"]
	if name == "helm" {
		path = "/usr/bin:/bin"
	}
	s.Variables["PATH"] = dir + ":" + path
	return s
}

// processes returns the first words of the programs started since the last question.
func (s *story) processes() string {
	var words []string
	for _, c := range s.Runner.Commands() {
		words = append(words, c.Args[0])
		if slices.Contains(c.Args, "--dry-run=server") {
			words[len(words)-1] += "(dry)"
		}
	}
	s.Runner = &process.Recorder{Answer: s.Runner.Answer}
	return strings.Join(words, " ")
}

// data returns a ConfigMap's or a Secret's entry as the cluster has it.
func (s *story) data(kind, name, key string) string {
	s.T.Helper()
	return kubectl(s.T, "get", kind, name, "-n", s.namespace, "-o", "jsonpath={.data."+key+"}")
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
