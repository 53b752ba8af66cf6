package helm

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// target asks for the target of the story's step.
func (s *story) target() (target, error) {
	s.T.Helper()
	var found target
	c := s.Call(s.T.Context(), schema.CommandPlan)
	_, err := s.tool.with(s.T.Context(), c, func(session *session) (environments.Result, error) {
		var err error
		found, err = session.target(s.T.Context())
		return environments.Result{}, err
	})
	return found, err
}

// kubeconfig makes a kubeconfig the story's.
func (s *story) kubeconfig(text string) {
	s.Variables["KUBECONFIG_BASE64"] = base64.StdEncoding.EncodeToString([]byte(text))
}

func TestTheTargetIsAReleaseInACluster(t *testing.T) {
	s := tellReal(t, chart)
	uid := kubectl(t, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
	server := kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
	found, err := s.target()
	check(t, err)
	equal(t, "target", found, target{Server: server, Cluster: uid, Namespace: s.namespace, Release: "api"})

	another := strings.Replace(requireCluster(t), "127.0.0.1", "localhost", 1)
	s.kubeconfig(another)
	s.configure("  options: {release-name: web}\n")
	found, err = s.target()
	check(t, err)
	equal(t, "by another address", found, target{
		Server: strings.Replace(server, "127.0.0.1", "localhost", 1), Cluster: uid, Namespace: s.namespace, Release: "web",
	})

	s.kubeconfig("apiVersion: v1\nkind: Config\n")
	s.Variables["HELM_KUBEAPISERVER"], s.Variables["HELM_KUBETOKEN"] = server, token
	s.Variables["HELM_KUBEINSECURE_SKIP_TLS_VERIFY"] = "true"
	found, err = s.target()
	check(t, err)
	equal(t, "by helm's variables", found.Cluster, uid)
	equal(t, "by helm's variables", found.Server, server)
}

// credentials is a kubeconfig whose credentials a program prints that is in the step's PATH alone.
func credentials(t *testing.T, s *story, script string) string {
	t.Helper()
	s.fake("get-token", script)
	return strings.Replace(requireCluster(t), "{token: "+token+"}",
		`{exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token, args: [--for, test],
    interactiveMode: IfAvailable, provideClusterInfo: true, env: [{name: PROFILE, value: ci}]}}`, 1)
}

func TestAProgramForCredentials(t *testing.T) {
	s := tellReal(t, chart)
	calls := filepath.Join(t.TempDir(), "calls")
	s.Variables["WHO"], s.Variables["CALLS"] = "admin", calls
	s.kubeconfig(credentials(t, s, `echo "$WHO $PROFILE $* $KUBERNETES_EXEC_INFO" >>"$CALLS"
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"`+token+`"}}'
`))
	for range 2 {
		found, err := s.target()
		check(t, err)
		equal(t, "cluster", found.Cluster, kubectl(t, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"))
	}
	text, err := os.ReadFile(calls)
	check(t, err)
	contains(t, "calls", string(text), `admin ci --for test {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"`,
		`"interactive":false`, `"cluster":{"server":"https://127.0.0.1:`)
	equal(t, "times asked", strings.Count(string(text), "\n"), 1)

	s.use(New())
	s.Variables["WHO"] = "admin"
	s.fake("get-token", "echo '{}'")
	_, err = s.target()
	contains(t, "no credentials", err.Error(), "get-token prints no credentials")
	s.fake("get-token", "echo oh no >&2; exit 3")
	_, err = s.target()
	contains(t, "fails", err.Error(), "get-token test exited with code 3")
	s.kubeconfig(strings.Replace(credentials(t, s, ""), "command: get-token", "command: no-such-program, installHint: buy it", 1))
	_, err = s.target()
	contains(t, "missing", err.Error(), "the kubeconfig needs the program no-such-program", "buy it")
}

func TestTheProxyOfTheStepIsUsed(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = w.Write([]byte(`{"metadata":{"uid":"4711"}}`))
	}))
	t.Cleanup(proxy.Close)
	s := tell(t, chart).fake("helm", fakeVersion)
	s.kubeconfig("{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'http://cluster.example.org'}}], " +
		"contexts: [{name: c, context: {cluster: c}}]}")
	s.Variables["HTTP_PROXY"] = proxy.URL
	found, err := s.target()
	check(t, err)
	equal(t, "cluster", found.Cluster, "4711")
	equal(t, "asked", asked, "http://cluster.example.org/api/v1/namespaces/kube-system")
}

func TestAClusterThatCannotBeIdentified(t *testing.T) {
	answers := func(t *testing.T, handler http.HandlerFunc) *story {
		t.Helper()
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		s := tell(t, chart).fake("helm", fakeVersion)
		s.kubeconfig(strings.ReplaceAll(`apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "URL"}}]
contexts: [{name: c, context: {cluster: c}}]
`, "URL", server.URL))
		return s
	}
	t.Run("because the user may not read the namespace", func(t *testing.T) {
		s := answers(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"Status","code":403,"reason":"Forbidden","message":"namespaces is forbidden"}`))
		})
		found, err := s.target()
		check(t, err)
		equal(t, "cluster", found.Cluster, "")
		contains(t, "server", found.Server, "http://127.0.0.1:")
	})
	t.Run("because a proxy answers", func(t *testing.T) {
		s := answers(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
		_, err := s.target()
		contains(t, "error", err.Error(), "the cluster of KUBECONFIG_BASE64 (http://127.0.0.1:", "cannot be identified", "502 Bad Gateway")
	})
	t.Run("and nothing is changed in it", func(t *testing.T) {
		s := answers(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
		for _, command := range []schema.Command{schema.CommandApply, schema.CommandDestroy} {
			c := s.Call(t.Context(), command)
			c.Claims = func(context.Context, *schema.Identity, bool) error { return nil }
			act := s.tool.Apply
			if command == schema.CommandDestroy {
				act = s.tool.Destroy
			}
			if _, err := act(t.Context(), c); err == nil || !strings.Contains(err.Error(), "cannot be identified") {
				t.Errorf("%s: %v", command, err)
			}
		}
	})
	t.Run("and it is pinned to another context", func(t *testing.T) {
		s := answers(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
		c := s.Call(t.Context(), schema.CommandPlan)
		step := *c.Step
		step.Target = map[string]string{schema.TargetContext: "prod"}
		c.Step = &step
		_, err := s.tool.Plan(t.Context(), c)
		if _, refused := errors.AsType[*environments.RefusedError](err); !refused {
			t.Errorf("%v", err)
		}
	})
	t.Run("because there is none", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion)
		s.kubeconfig("apiVersion: v1\nkind: Config\n")
		_, err := s.target()
		contains(t, "error", err.Error(), "the kubeconfig of KUBECONFIG_BASE64 cannot be used: ")
	})
	t.Run("because it does not answer", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		t.Cleanup(func() { listener.Close() })
		s := tell(t, chart).fake("helm", fakeVersion)
		s.kubeconfig("{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'http://" +
			listener.Addr().String() + "'}}], contexts: [{name: c, context: {cluster: c}}]}")
		began := time.Now()
		_, err = s.target()
		contains(t, "error", err.Error(), "cannot be identified", context.DeadlineExceeded.Error())
		if took := time.Since(began); took < targetPatience-time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}
