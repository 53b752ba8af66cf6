package terraform

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A backend's password reaches terraform as it is written, and no command line holds it.
func TestBackendConfigIsInNoArgument(t *testing.T) {
	const password = `p"a\ss=${x}%{y}'é`
	var mu sync.Mutex
	var state []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, given, _ := r.BasicAuth(); given != password {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		switch {
		case r.Method == http.MethodPost:
			state, _ = io.ReadAll(r.Body)
		case state == nil:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write(state)
		}
	}))
	defer server.Close()
	s := tellReal(t, map[string]string{
		"main.tf": "terraform {\n  backend \"http\" {}\n}\n" + one,
		"bitops.config.yaml": "terraform: {cli: {backend-config: ['address=" + server.URL + "', username=me, 'password=" +
			strings.ReplaceAll(password, "'", "''") + "', retry_max=1]}}",
	})
	counts(t, s.Apply().Changes, 1, 0, 0)
	counts(t, s.Plan().Changes, 0, 0, 0)
	for _, c := range s.Runner.Commands() {
		if text := strings.Join(c.Args, " "); strings.Contains(text, `p"a`) || strings.Contains(text, server.URL) {
			t.Errorf("arguments: %s", text)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(state) == 0 {
		t.Error("no state was written")
	}
}

func TestBackendSettings(t *testing.T) {
	for item, want := range map[string]string{
		"bucket=b":                                "bucket = \"b\"\n",
		"use_lockfile=true":                       "use_lockfile = \"true\"\n", // terraform makes what it needs of it
		"key=a=${b}\nc":                           "key = \"a=\\u0024{b}\\nc\"\n",
		"empty=":                                  "empty = \"\"\n",
		`assume_role={role_arn = "arn"}`:          "assume_role = {role_arn = \"arn\"}\n",
		`allowed_account_ids=["1", "2"]`:          "allowed_account_ids = [\"1\", \"2\"]\n",
		"endpoint=[::1]:9000":                     "endpoint = \"[::1]:9000\"\n",
		`credentials={"type": "service_account"}`: "credentials = \"{\\\"type\\\": \\\"service_account\\\"}\"\n",
	} {
		key, value, _ := strings.Cut(item, "=")
		equal(t, item, string(backendSetting(key, value)), want)
	}
	s := tell(t, map[string]string{
		"main.tf": "terraform {\n  backend \"http\" {}\n}\n", "bitops.config.yaml": "terraform: {cli: {backend-config: ['a b=c']}}",
	}).fake(version1)
	_, err := s.Try(t.Context(), schema.CommandPlan)
	if failure, ok := errors.AsType[*environments.Failure](err); !ok || failure.Message != `cli.backend-config: "a b" is not the name of a setting` {
		t.Errorf("error %v", err)
	}
}

func TestVariablesTellTheStatesOfABackendApart(t *testing.T) {
	of := func(kind string, arguments map[string]string, variables environments.Variables) string {
		id, ok := stateIn(kind, arguments, defaultWorkspace, variables)
		if !ok {
			t.Fatalf("%s: the state is not known", kind)
		}
		return id.Key
	}
	suffix := map[string]string{"secret_suffix": "state"}
	for name, same := range map[string]bool{
		"KUBE_CTX": false, "KUBE_CTX_CLUSTER": false, "KUBE_HOST": false, "KUBE_NAMESPACE": false, "KUBE_CONFIG_PATH": false, "KUBE_TOKEN": true,
	} {
		one, two := of("kubernetes", suffix, environments.Variables{name: "one"}), of("kubernetes", suffix, environments.Variables{name: "two"})
		if (one == two) != same {
			t.Errorf("with two values of %s: %s and %s", name, one, two)
		}
	}
	written := map[string]string{"secret_suffix": "state", "config_context": "prod"}
	if got, want := of("kubernetes", written, environments.Variables{"KUBE_CTX": "other"}), of("kubernetes", written, nil); got != want {
		t.Errorf("what is written does not come before a variable: %s", got)
	}
}
