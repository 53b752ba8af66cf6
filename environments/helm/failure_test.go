package helm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// fakeVersion makes a fake script answer the question for its version.
const fakeVersion = `[ "$1" = version ] && { echo 'v3.18.6+gb76a950'; exit; }
`

// fakeUpgrade makes it deploy a release that is not there yet.
const fakeUpgrade = `[ "$1" = status ] && { echo "Error: release: not found" >&2; exit 1; }
[ "$1" = upgrade ] && { echo "{\"name\":\"$2\",\"version\":1,\"info\":{\"status\":\"deployed\"}}"; exit; }
`

func TestHelmIsMissingOrOld(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"too old":             {"echo v3.7.2+g663a896", "helm 3.7.2+g663a896 is too old: bitops needs 3.8 or newer; get helm from https://helm.sh"},
		"helm 2":              {"echo Client: v2.16.1+gbbdfe5e", "is too old"},
		"without a patch":     {"echo v3.8", ""},
		"newer":               {"echo v4.0.1+g12500dd", ""},
		"greets first":        {"echo welcome to version 9; echo v3.18.6", ""},
		"says nothing":        {"true", "helm version does not tell a version"},
		"cannot tell":         {"echo 'Error: oh no' >&2; exit 3", "helm version failed: oh no"},
		"is no program":       {"", "get helm from https://helm.sh"},
		"says something else": {"echo version: yes", "does not tell a version"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, chart)
			if s.Variables["PATH"] = "/nonexistent"; test.script != "" {
				s.fake("helm", `[ "$1" = version ] && { `+test.script+`; exit; }`+"\n"+fakeUpgrade)
			}
			err := s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply))
			if test.want == "" {
				check(t, err)
				s.Apply()
				return
			}
			if _, ok := errors.AsType[*environments.Failure](err); !ok {
				t.Fatalf("error %v", err)
			}
			contains(t, "error", err.Error(), test.want)
			contains(t, "error", s.Fails(schema.CommandApply).Message, test.want)
		})
	}
}

func TestOneQuestionForTheVersion(t *testing.T) {
	s := tell(t, chart).fake("helm", fakeVersion+fakeUpgrade)
	s.Apply()
	s.Apply()
	equal(t, "processes", s.processes(), "version status upgrade status upgrade")
}

func TestTheArgumentsOfHelm(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"bitops.config.yaml": `
helm:
  cli:
    namespace: shop
    timeout: 60
    set: ["a=1,b=2", "text=with space"]
    debug: true
    atomic: "true"
    force: true
    dry-run: false
  options:
    release-name: shop-api
`})).fake("helm", fakeVersion+fakeUpgrade)
	s.Inputs = schema.Values{"password": sensitive("hunter22")}
	s.Apply()
	commands := s.Runner.Commands()
	equal(t, "status", strings.Join(commands[1].Args, " "), "status shop-api --show-resources --output=json --namespace=shop")
	private := s.Repository + "/.bitops/private/inputs.values.json"
	equal(t, "the directory's name", strings.Join(commands[2].Args, " "), "status api --output=json --namespace=shop")
	equal(t, "upgrade", commands[3].Args, []string{
		"upgrade", "shop-api", ".", "--install", "--create-namespace", "--cleanup-on-fail", "--atomic", "--force", "--debug",
		"--timeout=60s", "--output=json", "--values=values.yaml", "--values=" + private,
		"--values=" + s.Repository + "/.bitops/private/set.values.json", "--set=a=1,b=2",
		"--namespace=shop",
	})
	equal(t, "directory", commands[3].Dir, s.Workspace())
	contains(t, "variables", strings.Join(commands[3].Env, "\n"),
		"\nHELM_RELEASE_NAME=shop-api\n", "\nNAMESPACE=shop\n", "\nBITOPS_NAMESPACE=shop\n", "\nTIMEOUT=60\n")
}

func TestOlderHelm(t *testing.T) {
	s := tell(t, chart).fake("helm", `case "$1" in
version) echo v3.9.4 ;;
status) echo '{"name":"api","version":1,"info":{"status":"deployed"},"manifest":"kind: A\nmetadata: {name: x}\n"}' ;;
upgrade) echo '{"name":"api","version":2,"info":{"status":"pending-upgrade"},"manifest":"kind: A\nmetadata: {name: x}\n"}' ;;
esac`)
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	commands := s.Runner.Commands()
	lacks(t, "status", strings.Join(commands[1].Args, " "), "--show-resources")
	contains(t, "upgrade", strings.Join(commands[2].Args, " "), " --dry-run ")
}

func TestLyingHelm(t *testing.T) {
	t.Run("prints something else than a release", func(t *testing.T) {
		for _, answer := range []string{"", "nonsense", "{", `{"name":`, `[]`, `{"name":"apiserver","info":{"status":"deployed"}}`} {
			s := tell(t, chart).fake("helm", fakeVersion+"echo '"+answer+"'")
			equal(t, "message", s.Fails(schema.CommandPlan).Message, "helm status prints no release api")
		}
	})
	t.Run("exits with code 0 although the release failed", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`[ "$1" = status ] && { echo "Error: release: not found" >&2; exit 1; }
echo '{"name":"api","version":4,"info":{"status":"failed"}}'`)
		equal(t, "message", s.Fails(schema.CommandApply).Message,
			"helm upgrade exited with code 0, but revision 4 of release api is failed")
	})
	t.Run("fails without an error", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`echo "panic: oh no" >&2; exit 11`)
		failure := s.Fails(schema.CommandApply)
		equal(t, "exit code", failure.ExitCode, 11)
		equal(t, "message", failure.Message, "helm status exited with code 11")
		equal(t, "lines", failure.Lines, []string{"panic: oh no"})
	})
	t.Run("greets and warns", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`echo "WARNING: Kubernetes configuration file is group-readable" >&2
echo "welcome"
`+fakeUpgrade)
		s.Apply()
		contains(t, "log", s.Texts(schema.EventOutputLine), "WARNING: Kubernetes configuration file")
	})
	t.Run("prints manifests that are no YAML", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`[ "$1" = history ] && { echo "[]"; exit; }
echo '{"name":"api","version":4,"manifest":"a: [","info":{"status":"deployed"}}'`)
		if changes := s.Apply().Changes; changes != nil {
			t.Errorf("changes %+v", changes)
		}
		equal(t, "processes", s.processes(), "version status upgrade(dry) upgrade")
		contains(t, "notices", s.Texts(schema.EventNotice), "the manifests cannot be compared")
	})
	t.Run("says that there is no history", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`[ "$1" = history ] && { echo "none"; exit; }
echo '{"name":"api","version":4,"info":{"status":"unknown"}}'`)
		equal(t, "message", s.Fails(schema.CommandApply).Message, "helm history prints no history of api")
	})
	t.Run("floods", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`[ "$1" = status ] && { echo "Error: release: not found" >&2; exit 1; }
yes "a warning" | head -c 1200000 >&2
head -c 3000000 /dev/zero | tr '\0' x; echo
printf '{"name":"api","version":1,"info":{"status":"deployed"},"manifest":"a: '
head -c 5000000 /dev/zero | tr '\0' x; echo '"}'`)
		s.Apply()
		longest := 0
		for _, e := range s.Events {
			longest = max(longest, len(e.Text))
		}
		if len(s.Events) < 100_000 || longest > 1<<20 {
			t.Errorf("%d events, the longest %d bytes", len(s.Events), longest)
		}
	})
}

func TestInterruptedHelm(t *testing.T) {
	t.Run("ignores the interrupt for a while", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion+`[ "$1" = status ] && { echo "Error: release: not found" >&2; exit 1; }
trap 'echo "Release api has been cancelled." >&2; sleep 0.2; exit 1' INT
echo "begun" >&2; for i in $(seq 600); do sleep 0.1; done`)
		ctx, cancel := context.WithCancel(t.Context())
		s.Watch = func(e schema.Event) {
			if e.Text == "begun" {
				time.AfterFunc(10*time.Millisecond, cancel)
			}
		}
		if _, err := s.Try(ctx, schema.CommandApply); err == nil {
			t.Error("no error")
		}
		contains(t, "log", s.Texts(schema.EventOutputLine), "has been cancelled")
	})
	t.Run("is interrupted before it starts", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion)
		c := s.Call(t.Context(), schema.CommandApply)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.tool.Apply(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("waits for its turn to ask for the version", func(t *testing.T) {
		s := tell(t, chart).fake("helm", fakeVersion)
		c := s.Call(t.Context(), schema.CommandApply)
		_, _ = s.tool.versions.known.Get(t.Context(), s.Variables["PATH"], func() (*version.Version, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := s.tool.Apply(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			return nil, errors.New("another step asks, and is not answered")
		})
	})
}

func TestUnreachableCluster(t *testing.T) {
	requireTool(t, "helm")
	s := tell(t, chart)
	s.Variables["PATH"] = dirOf(t, "helm") + ":" + s.Variables["PATH"]
	s.Variables["KUBECONFIG_BASE64"] = "YXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCg=="
	failure := s.Fails(schema.CommandPlan)
	contains(t, "message", failure.Message, "helm status failed: Kubernetes cluster unreachable")
	contains(t, "lines", strings.Join(failure.Lines, "\n"), "The cluster is that of KUBECONFIG_BASE64.")
}
