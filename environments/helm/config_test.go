package helm

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// skips asks whether the step is left out.
func (s *story) skips() string {
	s.T.Helper()
	reason, err := s.tool.Skip(s.Call(s.T.Context(), schema.CommandApply))
	check(s.T, err)
	return reason
}

func TestSkip(t *testing.T) {
	for name, test := range map[string]struct{ file, variable, value, want string }{
		"nothing says so":                  {"helm: {cli: {namespace: x}}", "", "", ""},
		"the configuration":                {"helm: {options: {skip-deploy: true}}", "", "", "skip-deploy is set"},
		"the documented variable":          {"", "HELM_SKIP_DEPLOY", "true", "HELM_SKIP_DEPLOY is set"},
		"the older variable":               {"", "SKIP_DEPLOY_HELM", "1", "SKIP_DEPLOY_HELM is set"},
		"the schema's variable":            {"", "BITOPS_HELM_SKIP_DEPLOY", "yes", "BITOPS_HELM_SKIP_DEPLOY is set"},
		"a variable says no":               {"helm: {options: {skip-deploy: true}}", "HELM_SKIP_DEPLOY", "false", ""},
		"the text false":                   {`helm: {options: {skip-deploy: "false"}}`, "", "", ""},
		"another chart is wanted":          {"", onlyChart[0], "web", onlyChart[0] + " is web"},
		"another chart is wanted, in v1":   {"", onlyChart[1], "web", onlyChart[1] + " is web"},
		"this chart is wanted":             {"", onlyChart[0], "api", ""},
		"this chart is wanted by its path": {"", onlyChart[0], "helm/api/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, with(chart, map[string]string{"bitops.config.yaml": test.file + "\n"}))
			if test.variable != "" {
				s.Variables[test.variable] = test.value
			}
			equal(t, "reason", s.skips(), test.want)
			if test.want != "" {
				equal(t, "apply", s.Apply().Skipped, test.want)
				check(t, s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply)))
				equal(t, "processes", s.processes(), "")
			}
		})
	}
}

func TestOneConfigurationForAllCharts(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"/backend/helm/bitops.config.yaml": "helm: {cli: {namespace: common}}\n"})).
		fake("helm", fakeVersion+fakeUpgrade)
	s.Apply()
	contains(t, "arguments", strings.Join(s.Runner.Commands()[2].Args, " "), "upgrade api ", " --namespace=common")
	s.Write(map[string]string{"bitops.config.yaml": "helm: {cli: {timeout: 1m}}\n"})
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "backend/helm/api/bitops.config.yaml", "cli.namespace is required and has no value")
}

// BitOps v2 read the configuration before the hooks that edit it.
func TestWasEditsOfHooksIgnored(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"bitops.config.yaml": "helm: {}\n"})).fake("helm", fakeVersion+fakeUpgrade)
	s.AfterSync = func(dir string) {
		writeFile(t, filepath.Join(dir, "bitops.config.yaml"), "helm: {cli: {namespace: hooked}}\n")
	}
	s.Apply()
	contains(t, "arguments", strings.Join(s.Runner.Commands()[2].Args, " "), "--namespace=hooked")
}

// BitOps left the chart without a configuration with exit code 2.
func TestWasNoConfigurationExit2(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"bitops.config.yaml": "helm: {}\n"})).fake("helm", fakeVersion+fakeUpgrade)
	check(t, os.Remove(filepath.Join(s.Source(), "bitops.config.yaml")))
	s.Variables["NAMESPACE"] = "from-outside"
	s.Apply()
	contains(t, "arguments", strings.Join(s.Runner.Commands()[2].Args, " "), "--namespace=from-outside")
}

// BitOps knew only variables that it did not document.
func TestWasOnlyAnUndocumentedVariableOverrode(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"bitops.config.yaml": `
helm:
  cli: {namespace: file, timeout: 1s, set: [a=b], debug: true}
  options: {release-name: file}
`})).fake("helm", fakeVersion+fakeUpgrade)
	s.Variables["NAMESPACE"], s.Variables["TIMEOUT"], s.Variables["HELM_RELEASE_NAME"] = "outside", "2s", "other"
	s.Variables["HELM_SET_FLAG"], s.Variables["HELM_DEBUG"] = `["c=d", "e=f"]`, "false"
	s.Apply()
	args := strings.Join(s.Runner.Commands()[3].Args, " ") // after the questions for both names of the release
	contains(t, "arguments", args, "upgrade other ", "--namespace=outside", "--timeout=2s", "/set.values.json")
	lacks(t, "arguments", args, "--debug", "a=b")
}

// deployedRelease makes a fake helm know one release.
const deployedRelease = `[ "$1" = status ] && { echo "{\"name\":\"$2\",\"version\":1,\"info\":{\"status\":\"deployed\",\"resources\":{\"v1/Service\":[{\"metadata\":{\"name\":\"x\"}}]}},\"manifest\":\"kind: Service\nmetadata: {name: x}\n\"}"; exit; }
[ "$1" = uninstall ] && { echo "release uninstalled"; exit; }
`

func TestUninstallPinsTheStepToRemoval(t *testing.T) {
	for name, test := range map[string]struct{ options, variable, value, why string }{
		"the configuration":        {"{uninstall: true}", "", "", "uninstall is set"},
		"a text":                   {`{uninstall: "true"}`, "", "", "uninstall is set"},
		"the variable":             {"{}", "HELM_UNINSTALL", "true", "HELM_UNINSTALL is set"},
		"a list of releases":       {"{}", "HELM_UNINSTALL_CHARTS", "web, api", "uninstall-charts names it"},
		"a list by directory":      {"{release-name: shop}", "HELM_UNINSTALL_CHARTS", "api", "uninstall-charts names it"},
		"a list in the file":       {"{uninstall-charts: [web, api]}", "", "", "uninstall-charts names it"},
		"a list in one text":       {"{uninstall-charts: 'web,api'}", "", "", "uninstall-charts names it"},
		"a list of others":         {"{}", "HELM_UNINSTALL_CHARTS", "api-server,web", ""},
		"the variable says no":     {"{uninstall: true}", "HELM_UNINSTALL", "false", ""},
		"the text false is no yes": {`{uninstall: "false"}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, chart).fake("helm", fakeVersion+deployedRelease+`echo "{\"name\":\"$2\",\"info\":{\"status\":\"deployed\"}}"`)
			s.configure("  options: " + test.options + "\n")
			if test.variable != "" {
				s.Variables[test.variable] = test.value
			}
			planned := s.Plan()
			if test.why == "" {
				equal(t, "processes", s.processes(), "version status upgrade(dry)")
				return
			}
			equal(t, "processes", s.processes(), "version status")
			counts(t, planned.Changes, 0, 0, 1)
			contains(t, "notices", s.Texts(schema.EventNotice), test.why+": apply removes the release")
			counts(t, s.Apply().Changes, 0, 0, 1)
			equal(t, "processes", s.processes(), "status uninstall")
		})
	}
}

func TestDryRunPinsTheStepToPlanning(t *testing.T) {
	s := tell(t, chart).fake("helm", fakeVersion+deployedRelease+`echo "{\"name\":\"$2\",\"info\":{\"status\":\"deployed\"}}"`)
	s.configure("    dry-run: true\n")
	s.Plan()
	contains(t, "notices", s.Texts(schema.EventNotice), "apply only plans this step")
	s.processes()
	_, err := s.Try(t.Context(), schema.CommandDestroy)
	contains(t, "error", fmt.Sprint(err), "not destroyed: dry-run is set")
	equal(t, "processes", s.processes(), "")
	s.configure("    dry-run: true\n  options: {uninstall: true}\n")
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	equal(t, "processes", s.processes(), "status")
}

func TestWhichClusterItIs(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("kind: Config\nusers: [{user: {token: t0ken-canary}}]\n"))
	write := `[ "$1 $2" = "eks update-kubeconfig" ] || exit 9
while [ $# -gt 1 ]; do [ "$1" = --kubeconfig ] && echo "kind: Config" >"$2"; shift; done
echo "Added new context"`
	for name, test := range map[string]struct {
		options   string
		variables map[string]string
		want      string // the file, or what it ends with
		processes string
	}{
		"the caller's":           {"{}", map[string]string{"KUBECONFIG": "/a:/b"}, "/a:/b", "version status"},
		"the caller's, relative": {"{}", map[string]string{"KUBECONFIG": "a:/b", "PWD": "/home/me"}, "/home/me/a:/b", "version status"},
		"none":                   {"{}", nil, "", "version status"},
		"base64":                 {"{}", map[string]string{"KUBECONFIG_BASE64": encoded}, "/kubeconfig", "version status"},
		"base64, BitOps' name":   {"{}", map[string]string{"BITOPS_KUBECONFIG_BASE64": encoded[:20] + "\n" + encoded[20:] + "\n", "KUBECONFIG_BASE64": "!"}, "/kubeconfig", "version status"},
		"base64 before a path":   {"{k8s: {kubeconfigpath: mine}}", map[string]string{"KUBECONFIG_BASE64": encoded}, "/kubeconfig", "version status"},
		"a path":                 {"{k8s: {kubeconfigpath: mine}}", map[string]string{"KUBECONFIG": "/a"}, "/helm/api/mine", "version status"},
		"a path of the variable": {"{}", map[string]string{"KUBE_CONFIG_PATH": "mine"}, "/helm/api/mine", "version status"},
		"a path further up":      {"{k8s: {kubeconfigpath: secrets/theirs}}", nil, "/work/backend/secrets/theirs", "version status"},
		"a path as in BitOps v1": {"{kubeconfig: {path: mine}}", nil, "/helm/api/mine", "version status"},
		"a path before EKS":      {"{k8s: {kubeconfigpath: mine, fetch: {kubeconfig: true, cluster-name: c}}}", nil, "/helm/api/mine", "version status"},
		"EKS":                    {"{k8s: {fetch: {cluster-name: c}}}", map[string]string{"KUBECONFIG": "/a"}, "/kubeconfig", "version eks status"},
		"EKS by the variable":    {"{}", map[string]string{"CLUSTER_NAME": "c"}, "/kubeconfig", "version eks status"},
		"EKS as in BitOps v1":    {"{kubeconfig: {fetch: {enabled: true, cluster-name: c}}}", nil, "/kubeconfig", "version eks status"},
		"EKS is not to be asked": {"{k8s: {fetch: {kubeconfig: false, cluster-name: c}}}", map[string]string{"KUBECONFIG": "/a"}, "/a", "version status"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, with(chart, map[string]string{"mine": "kind: Config\n", "/secrets/theirs": "kind: Config\n"})).
				fake("helm", fakeVersion+fakeUpgrade).fake("aws", write)
			s.configure("  options: " + test.options + "\n")
			maps.Copy(s.Variables, test.variables)
			s.End = func(private string) {
				if info, err := os.Stat(private + "/kubeconfig"); err == nil {
					equal(t, "mode", info.Mode(), os.FileMode(0o600))
				}
			}
			equal(t, "deployed", s.Deployed(), false)
			equal(t, "processes", s.processes(), test.processes)
			s.Apply()
			commands := s.Runner.Commands()
			got := ""
			for _, v := range commands[len(commands)-1].Env {
				if value, ok := strings.CutPrefix(v, "KUBECONFIG="); ok {
					got = value
				}
			}
			if !strings.HasSuffix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("KUBECONFIG is %q, want %q", got, test.want)
			}
		})
	}
}

func TestNoSuchCluster(t *testing.T) {
	for name, test := range map[string]struct{ options, variable, value, aws, want string }{
		"no such file":           {"{k8s: {kubeconfigpath: missing}}", "", "", "", "options.k8s.kubeconfigpath: there is no file missing (backend/helm/api/bitops.config.yaml:4:35)"},
		"a directory":            {"{k8s: {kubeconfigpath: /}}", "", "", "", "there is no file /"},
		"not base64":             {"{}", "KUBECONFIG_BASE64", "%%%", "", "KUBECONFIG_BASE64 is not base64"},
		"no kubeconfig":          {"{}", "KUBECONFIG_BASE64", "YTogWw==", "", "KUBECONFIG_BASE64 holds no kubeconfig"},
		"AWS says no":            {"{k8s: {fetch: {cluster-name: c}}}", "", "", `echo "No cluster found for name: c." >&2; exit 254`, "aws eks exited with code 254"},
		"AWS writes nothing":     {"{k8s: {fetch: {cluster-name: c}}}", "", "", `true`, "aws eks update-kubeconfig wrote no kubeconfig"},
		"the AWS CLI is missing": {"{k8s: {fetch: {cluster-name: c}}}", "PATH", "", "", "get the AWS CLI from https://docs.aws.amazon.com"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, chart).fake("helm", fakeVersion+fakeUpgrade)
			s.configure("  options: " + test.options + "\n")
			switch {
			case test.variable == "PATH":
				helm, _, _ := strings.Cut(s.Variables["PATH"], ":")
				check(t, os.WriteFile(filepath.Join(helm, "helm"), []byte("#!/bin/bash\n"+fakeVersion), 0o755))
				s.Variables["PATH"] = helm
			case test.variable != "":
				s.Variables[test.variable] = test.value
			case test.aws != "":
				s.fake("aws", test.aws)
			}
			contains(t, "message", s.Fails(schema.CommandPlan).Message, test.want)
		})
	}
}
