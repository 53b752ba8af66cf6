package environments_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

const (
	before    = "a/fake/bitops.before-deploy.d/"
	after     = "a/fake/bitops.after-deploy.d/"
	onFailure = "a/fake/bitops.on-failure.d/"
)

func TestOrderOfPhases(t *testing.T) {
	b := newBench(t, before+"2.sh", "echo before 2", before+"10.sh", "echo before 10", after+"z", "echo after $PWD", onFailure+"x", "echo no")
	b.tool.script = "echo tool"
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	want := "before 10\nbefore 2\ntool\nafter " + filepath.Join(b.Store, "work/a/a/fake")
	if got := b.printed(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	phases := b.log(schema.EventPhaseStarted)
	if want := "before-hooks bitops.before-deploy.d/10.sh\nbefore-hooks bitops.before-deploy.d/2.sh\ntool fake\nafter-hooks bitops.after-deploy.d/z"; phases != want {
		t.Errorf("phases\n%s", phases)
	}
	if b.began != 1 {
		t.Errorf("began %d times", b.began)
	}
}

func TestOlderSpellingOfHooks(t *testing.T) {
	b := newBench(t, "a/fake/bitops-before-deploy.d/x", "echo before", "a/fake/bitops-after-deploy.d/x", "echo after")
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if got := b.printed(); got != "before\nafter" {
		t.Errorf("printed %s", got)
	}
}

func TestWasWhatIsNoHookExit126(t *testing.T) {
	b := newBench(t, before+"README.md", "no", before+"readme", "no", before+"d/x.sh", "echo no", before+"x.sh~", "echo no", before+"x.sh.bak",
		"echo no", before+".x.sh.swp", "echo no", before+"#x.sh#", "echo no", before+"x.sh", "echo yes")
	broken := filepath.Join(b.Repository, before, "broken")
	if err := os.Symlink("nowhere", broken); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(broken); err != nil {
			t.Error(err)
		}
	})
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if got := b.printed(); got != "yes" {
		t.Errorf("printed %s", got)
	}
	notes := b.log(schema.EventNotice)
	for _, name := range []string{"README.md", "readme", "d is left out: it is a directory", "x.sh~", "x.sh.bak", ".x.sh.swp", "#x.sh#", "broken"} {
		if !strings.Contains(notes, "hook bitops.before-deploy.d/"+name) {
			t.Errorf("nobody notes %s:\n%s", name, notes)
		}
	}
}

func TestPlanRunsBeforeHooksOnly(t *testing.T) {
	for _, command := range []schema.Command{schema.CommandPlan, schema.CommandPlanDestroy} {
		b := newBench(t, before+"x", "echo $BITOPS_COMMAND", after+"x", "echo no", onFailure+"x", "echo no")
		b.tool.script = "echo tool; exit 3"
		r := b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: command})
		wantResult(t, r, schema.Failed, "bash exited with code 3")
		if got := b.printed(); got != "plan\ntool" {
			t.Errorf("%s printed %s", command, got)
		}
		b.tool.script, b.events = "echo fine", nil
		wantResult(t, b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: command}), schema.Succeeded, "")
		if got := b.printed(); got != "plan\nfine" {
			t.Errorf("%s printed %s", command, got)
		}
	}
}

func TestCommandsAreToldToHooks(t *testing.T) {
	for _, command := range []schema.Command{schema.CommandApply, schema.CommandDestroy} {
		b := newBench(t, before+"x", "echo $BITOPS_COMMAND")
		wantResult(t, b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: command}), schema.Succeeded, "")
		if got := b.printed(); got != string(command) {
			t.Errorf("%s printed %s", command, got)
		}
	}
}

func TestFailingHookFailsTheStep(t *testing.T) {
	b := newBench(t, before+"x", "for i in $(seq 30); do echo line $i >&2; done; exit 7", onFailure+"x", `echo "because: $BITOPS_ERROR"; exit 9`)
	b.tool.script = "echo tool"
	r := b.do(t, step("a", "fake"))
	wantResult(t, r, schema.Failed, "hook bitops.before-deploy.d/x exited with code 7")
	if r.Error.ExitCode != 7 || r.Error.Phase != schema.PhaseBefore || len(r.Error.Lines) != 20 || r.Error.Lines[19] != "line 30" {
		t.Errorf("error %+v", r.Error)
	}
	got := b.printed()
	if strings.Contains(got, "tool") || !strings.HasSuffix(got, "\nbecause: hook bitops.before-deploy.d/x exited with code 7") {
		t.Errorf("printed %s", got)
	}
	if notes := b.log(schema.EventNotice); !strings.Contains(notes, "on-failure hook: hook bitops.on-failure.d/x exited with code 9") {
		t.Errorf("notes: %s", notes)
	}
}

func TestFailingToolSkipsAfterHooks(t *testing.T) {
	b := newBench(t, after+"x", "echo after", onFailure+"x", "echo failure")
	b.tool.script = "echo tool; exit 4"
	r := b.do(t, step("a", "fake"))
	wantResult(t, r, schema.Failed, "bash exited with code 4")
	if b.printed() != "tool\nfailure" || r.Error.ExitCode != 4 || r.Error.Phase != schema.PhaseTool {
		t.Errorf("printed %s, %+v", b.printed(), r.Error)
	}
}

func TestSkippedStepTouchesNothing(t *testing.T) {
	b := newBench(t, before+"x", "echo no", after+"x", "echo no", onFailure+"x", "echo no")
	b.tool.skip, b.tool.script = "skip-deploy is set", "echo no"
	r := b.do(t, step("a", "fake"))
	if r.Outcome != schema.Skipped || r.Reason != "skip-deploy is set" || b.printed() != "" || b.began != 0 {
		t.Errorf("%+v, printed %q, began %d times", r, b.printed(), b.began)
	}
}

// Before hooks can make the configuration that was missing.
func TestUnreadableConfigurationSkipsNothing(t *testing.T) {
	b := newBench(t, before+"x", "echo yes")
	b.tool.skipErr = errors.New("no configuration")
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if b.printed() != "yes" {
		t.Errorf("printed %q", b.printed())
	}
}

// A tool that finds out later that it is left out gets no after hooks either.
func TestLateSkip(t *testing.T) {
	b := newBench(t, before+"x", "echo before; echo a=1 >> $BITOPS_OUTPUT", after+"x", "echo no")
	b.tool.result.Skipped = "a hook says so"
	r := b.do(t, step("a", "fake"))
	if r.Outcome != schema.Skipped || r.Reason != "a hook says so" || b.printed() != "before" || len(r.Outputs) > 0 {
		t.Errorf("%+v, printed %q", r, b.printed())
	}
}

func TestStepThatMayNotBeginDoesNothing(t *testing.T) {
	b := newBench(t, before+"x", "echo no", onFailure+"x", "echo no")
	r := b.request(t.Context(), environments.Request{
		Step: step("a", "fake"), Command: schema.CommandApply, Begin: func() error { return errors.New("disk full") },
	})
	wantResult(t, r, schema.Failed, "disk full")
	if b.printed() != "" {
		t.Errorf("printed %q", b.printed())
	}
}

func TestHooksTalkBack(t *testing.T) {
	b := newBench(t,
		before+"1", `printf 'GREETING=hello\nLINES<<END\none\ntwo\nEND\n' >> $BITOPS_ENV; echo from_before=1 >> $BITOPS_OUTPUT`,
		before+"2", `echo "$GREETING $LINES"; echo GREETING=bye >> $BITOPS_ENV; echo overwritten=x >> $BITOPS_OUTPUT`,
		before+"3", `echo overwrites=yes > $BITOPS_OUTPUT; printf 'crlf=1\r\n' >> $BITOPS_OUTPUT`,
		after+"1", `echo "$GREETING $FROM_TOOL"; echo result=of hook >> $BITOPS_OUTPUT`)
	b.tool.script = `echo "tool: $GREETING"; echo FROM_TOOL=t >> $BITOPS_ENV; echo from_tool=t >> $BITOPS_OUTPUT`
	b.tool.result.Outputs = schema.Values{"result": schema.Text("of tool"), "kept": schema.Text("kept")}
	r := b.do(t, step("a", "fake"))
	wantResult(t, r, schema.Succeeded, "")
	if got := b.printed(); got != "hello one\ntwo\ntool: bye\nbye t" {
		t.Errorf("printed %s", got)
	}
	want := `map[crlf:"1" from_before:"1" from_tool:"t" kept:"kept" overwrites:"yes" overwritten:"x" result:"of hook"]`
	if got := fmt.Sprint(r.Outputs); got != want {
		t.Errorf("outputs %s, want %s", got, want)
	}
}

func TestBadLinesFailTheStep(t *testing.T) {
	for script, want := range map[string]string{
		`printf 'a=1\nhunter2\n' >> $BITOPS_OUTPUT`:                                       "$BITOPS_OUTPUT, line 2 is not name=value",
		`printf 'a b=hunter2' >> $BITOPS_ENV`:                                             "$BITOPS_ENV, line 1: the name",
		`printf 'a=1\nb<<E\nhunter2\n' >> $BITOPS_OUTPUT`:                                 "$BITOPS_OUTPUT, line 2: the value is never ended",
		`printf 'a=1\nb=hunter2\377\n' >> $BITOPS_OUTPUT`:                                 "$BITOPS_OUTPUT, line 2: the value is not UTF-8",
		`printf 'a=hunter2\0\n' >> $BITOPS_ENV`:                                           "$BITOPS_ENV, line 1: the value holds a NUL",
		`rm $BITOPS_OUTPUT`:                                                               "read $BITOPS_OUTPUT: ",
		`for i in $(seq 9); do echo a=$i >>$BITOPS_ENV; done; echo hunter2 >>$BITOPS_ENV`: "$BITOPS_ENV, line 10 is not",
	} {
		b := newBench(t, before+"x", script)
		r := b.do(t, step("a", "fake"))
		wantResult(t, r, schema.Failed, "hook bitops.before-deploy.d/x: "+want)
		if strings.Contains(r.Error.Message, "hunter2") {
			t.Errorf("the error shows the line: %s", r.Error.Message)
		}
		b = newBench(t, "a/fake/x", "")
		b.tool.script = script
		wantResult(t, b.do(t, step("a", "fake")), schema.Failed, want)
	}
	// The numbers go on from one hook to the next.
	b := newBench(t, before+"1", "printf 'a=1\nb=2\n' >> $BITOPS_OUTPUT", before+"2", "echo bad >> $BITOPS_OUTPUT")
	wantResult(t, b.do(t, step("a", "fake")), schema.Failed, "hook bitops.before-deploy.d/2: $BITOPS_OUTPUT, line 3 is not")
}

// What a hook makes of a secret is one, and so is what it calls one.
func TestHooksPassOnSecrets(t *testing.T) {
	b := newBench(t, before+"x", `
		echo "url=http://u:$BITOPS_INPUT_DB_PASSWORD@h" >> $BITOPS_OUTPUT
		echo "api_token=from-a-vault" >> $BITOPS_OUTPUT
		echo "plain=nothing" >> $BITOPS_OUTPUT
		echo "of_tool=other" >> $BITOPS_OUTPUT
		echo "pin=7" >> $BITOPS_OUTPUT
		echo "with_7=17" >> $BITOPS_OUTPUT
		echo "SESSION_TOKEN=for-the-rest" >> $BITOPS_ENV`)
	password, pin, secret := schema.Text("correct horse"), schema.Text("7"), schema.Text("x")
	password.Sensitive, pin.Sensitive, secret.Sensitive = true, true, true
	b.tool.result.Outputs = schema.Values{"of_tool": secret, "later": secret}
	r := b.request(t.Context(), environments.Request{
		Step: step("a", "fake"), Command: schema.CommandApply,
		Inputs: schema.Values{"db_password": password}, Offered: schema.Values{"pin": pin},
	})
	wantResult(t, r, schema.Succeeded, "")
	want := `map[api_token:(sensitive) later:(sensitive) of_tool:(sensitive) pin:(sensitive) plain:"nothing" url:(sensitive) with_7:"17"]`
	if got := fmt.Sprint(r.Outputs); got != want {
		t.Errorf("outputs %s, want %s", got, want)
	}
	for _, s := range []string{"correct horse", "http://u:correct horse@h", "from-a-vault", "for-the-rest", "x"} {
		if !slices.Contains(b.secrets, s) {
			t.Errorf("nobody was told to hide %q", s)
		}
	}
}

// A secret has to be known before something can print it: the variables' before the first hook, the tool's before the
// after hooks.
func TestSecretsAreToldInTime(t *testing.T) {
	b := newBench(t, before+"1", `echo one`, before+"2", `echo GITHUB_TOKEN=hook-token >> $BITOPS_ENV`, before+"3", "echo three", after+"x", "echo four")
	b.Environ = append(b.Environ, "DEPLOY_TOKEN=caller-token")
	secret := schema.Text("tool-secret")
	secret.Sensitive = true
	b.tool.result.Outputs = schema.Values{"s": secret}
	s := step("a", "fake")
	s.Env = map[string]string{"DB_PASSWORD": "manifest-password"}
	want := map[string][]string{
		"one": {"caller-token", "manifest-password"}, "three": {"hook-token"}, "four": {"tool-secret"},
	}
	b.Do(t.Context(), environments.Request{Step: s, Command: schema.CommandApply}, func(e schema.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, secret := range want[e.Text] {
			if !slices.Contains(b.secrets, secret) {
				t.Errorf("%s is printed before %q is known as a secret", e.Text, secret)
			}
		}
		delete(want, e.Text)
	})
	if len(want) > 0 {
		t.Errorf("not printed: %v", want)
	}
}

// Outputs of earlier runs are secrets from the moment they are read.
func TestOutputsAreToldAsSecrets(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	secret := schema.Text("tool-secret")
	secret.Sensitive = true
	b.tool.outputs = schema.Values{"s": secret}
	values, err := b.Outputs(t.Context(), step("a", "fake"), b.observe)
	if err != nil || len(values) != 1 || !slices.Contains(b.secrets, "tool-secret") {
		t.Errorf("%v, %v, secrets %v", values, err, b.secrets)
	}
}

// Nothing of one step's environment reaches another, neither one that follows nor one beside it.
func TestWasVariablesSharedByAllSteps(t *testing.T) {
	b := newBench(t, "a/one/x", "", "a/two/x", "", "b/one/x", "", "b/two/x", "",
		"a/one/bitops.before-deploy.d/x", "echo LEAK=a >> $BITOPS_ENV; export LEAK2=a", "a/two/bitops.before-deploy.d/x", "env",
		"b/one/bitops.before-deploy.d/x", "echo LEAK=b >> $BITOPS_ENV", "b/two/bitops.before-deploy.d/x", "env")
	var all sync.WaitGroup
	for _, e := range []schema.EnvironmentName{"a", "b"} {
		all.Go(func() {
			for _, deployment := range []string{"one", "two"} {
				s := step(e, deployment)
				s.Env = map[string]string{"OWN": string(s.Name)}
				r := b.Do(t.Context(), environments.Request{
					Step: s, Command: schema.CommandApply, Inputs: schema.Values{deployment: schema.Text("of " + string(s.Name))},
				}, b.observe)
				if r.Outcome != schema.Succeeded {
					t.Errorf("%s: %+v", s.Name, r.Error)
				}
			}
		})
	}
	all.Wait()
	for _, e := range b.events {
		for _, leak := range []string{"LEAK", "BITOPS_INPUT_ONE", "/one"} {
			if e.Type == schema.EventOutputLine && strings.Contains(e.Text, leak) {
				t.Errorf("%s sees %s", e.Step, e.Text)
			}
		}
		if name, ok := strings.CutPrefix(e.Text, "OWN="); ok && name != string(e.Step) {
			t.Errorf("%s sees the variables of %s", e.Step, name)
		}
	}
}

func TestVariables(t *testing.T) {
	b := newBench(t, "prod/app/fake/aws/x", "", "prod/app/fake/aws/bitops.before-deploy.d/x", "env -0 | tr '\\n' ' ' | tr '\\0' '\\n'")
	b.Environ = append(b.Environ, "CALLER=yes", "BITOPS_PLUGIN_DIR=/mine", "BITOPS_ENVIRONMENT=forged", "OVERRIDDEN=caller", "odd", "=odd")
	b.FailFast = true
	s := step("app", "fake/aws")
	s.EnvironmentPath = "prod/app"
	s.Env = map[string]string{"MANIFEST": "yes", "OVERRIDDEN": "manifest", "BITOPS_STEP": "forged"}
	number, _ := schema.FromJSON([]byte("5"))
	list, _ := schema.FromJSON([]byte(`["a",1]`))
	r := b.request(t.Context(), environments.Request{
		Step: s, Command: schema.CommandApply,
		Inputs:  schema.Values{"vpc_id": schema.Text("vpc-1"), "image.tag": schema.Text("v1"), "n": number, "both": schema.Text("input")},
		Offered: schema.Values{"list": list, "both": schema.Text("offered")},
	})
	wantResult(t, r, schema.Succeeded, "")
	got := environments.VariablesOf(strings.Split(b.printed(), "\n"))
	ws := filepath.Join(b.Store, "work", "app")
	env, own := filepath.Join(ws, "prod/app"), filepath.Join(ws, "prod/app/fake/aws")
	want := map[string]string{
		"BITOPS_ENVIRONMENT": "app", "BITOPS_TEMPDIR": ws, "BITOPS_ENVROOT": env, "BITOPS_OPSREPO_ENVIRONMENT_DIR": own,
		"BITOPS_OPSREPO_ENV_FILE": filepath.Join(own, "ENV_FILE"), "BITOPS_DEFAULT_ROOT_DIR": "_default", "BITOPS_FAIL_FAST": "true",
		"BITOPS_KUBE_CONFIG_FILE": filepath.Join(ws, ".kube/config"), "BITOPS_PLUGIN_NAME": "fake", "BITOPS_DIR": "/opt/bitops",
		"BITOPS_SCRIPTS_DIR": "/opt/bitops/scripts", "BITOPS_PLUGINS_DIR": "/opt/bitops/scripts/installed_plugins/",
		"BITOPS_INSTALLED_PLUGIN_DIR": "/opt/bitops/scripts/installed_plugins/fake", "BITOPS_PLUGIN_DIR": "/mine",

		"ENVIRONMENT": "app", "TEMPDIR": ws, "ROOT_DIR": ws, "ENVROOT": env, "DEFAULT_ENVROOT": filepath.Join(ws, "_default"),
		"SCRIPTS_DIR": "/opt/bitops/scripts", "TERRAFORM_ROOT": filepath.Join(env, "terraform"), "ANSIBLE_ROOT": filepath.Join(env, "ansible"),
		"CLOUDFORMATION_ROOT": filepath.Join(env, "cloudformation"), "HELM_ROOT": filepath.Join(env, "helm"), "FAKE_ROOT": own,
		"KUBE_CONFIG_FILE": filepath.Join(ws, ".kube/config"),

		"BITOPS_COMMAND": "apply", "BITOPS_STEP": "app/fake/aws", "BITOPS_RUN_ID": "20261123-143005-9f3c1a", "BITOPS_SOURCE_DIR": b.Repository,
		"BITOPS_INPUT_VPC_ID": "vpc-1", "BITOPS_INPUT_IMAGE_TAG": "v1", "BITOPS_INPUT_N": "5", "BITOPS_INPUT_LIST": `["a",1]`,
		"BITOPS_INPUT_BOTH": "input", "CALLER": "yes", "MANIFEST": "yes", "OVERRIDDEN": "manifest", "PWD": own,
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	for _, name := range []string{"BITOPS_INPUTS_FILE", "BITOPS_OUTPUT", "BITOPS_ENV"} {
		if !strings.HasPrefix(got[name], filepath.Join(b.Store, "work")) {
			t.Errorf("%s is %q", name, got[name])
		}
	}
}

func TestHelmVariables(t *testing.T) {
	for deployment, want := range map[string]string{"helm": "helm||", "helm/api": "helm|api|helm/api"} {
		b := newBench(t, "a/"+deployment+"/bitops.before-deploy.d/x", `echo "${HELM_ROOT#$ENVROOT/}|$HELM_CHART|${HELM_CHART_DIRECTORY#$ENVROOT/}"`)
		b.Tools = []environments.Tool{renamed{b.tool}}
		s := step("a", deployment)
		s.Tool = "helm"
		wantResult(t, b.do(t, s), schema.Succeeded, "")
		if b.printed() != want {
			t.Errorf("%s: %s", deployment, b.printed())
		}
	}
}

// A deployment of kubectl wrote the kubeconfig that a variable holds to a file, for the hooks of every tool.
func TestKubeconfigOfAVariable(t *testing.T) {
	kubeconfig := "users: [{name: admin, user: {token: t0ken-canary, client-key-data: a2V5}}]\n"
	b := newBench(t, before+"x", `cat "$BITOPS_KUBE_CONFIG_FILE"; stat -c %a "$KUBE_CONFIG_FILE"`)
	b.Environ = append(b.Environ, "KUBECONFIG_BASE64="+base64.StdEncoding.EncodeToString([]byte(kubeconfig)))
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if want := kubeconfig + "600"; b.printed() != want {
		t.Errorf("printed %s, want %s", b.printed(), want)
	}
	if !slices.Contains(b.secrets, "t0ken-canary") || slices.Contains(b.secrets, "admin") {
		t.Errorf("secrets %q", b.secrets)
	}
	b = newBench(t, before+"x", `echo "${BITOPS_KUBE_CONFIG_FILE#$BITOPS_TEMPDIR/}"`)
	b.Environ = append(b.Environ, "BITOPS_KUBECONFIG_BASE64=%")
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if b.printed() != ".kube/config" {
		t.Errorf("printed %s", b.printed())
	}
}

// renamed is the fake under the name of a tool whose hooks get variables of their own.
type renamed struct{ *fake }

func (renamed) Name() schema.ToolName { return "helm" }

func TestWasSecretsLeftInTemporaryDirectories(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	value := schema.Text("v")
	var private string
	b.tool.during = func(c *environments.Call) {
		private = c.Private
		dir, err := os.Stat(private)
		if err != nil || dir.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", dir.Mode(), err)
		}
		text, err := os.ReadFile(c.Variables["BITOPS_INPUTS_FILE"])
		if err != nil || string(text) != `{"a":"v"}` {
			t.Errorf("%s, %v", text, err)
		}
		entries, _ := os.ReadDir(private)
		for _, e := range entries {
			if info, _ := e.Info(); info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s", e.Name(), info.Mode())
			}
		}
		if len(entries) != 4 {
			t.Errorf("private files: %v", entries)
		}
	}
	for _, script := range []string{"true", "false"} {
		b.tool.script = script
		b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: schema.CommandApply, Inputs: schema.Values{"a": value}})
		if _, err := os.Stat(private); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after %s the private directory is there: %v", script, err)
		}
	}
}

// A killed run cannot clean up. Somebody else does, also for steps that are no more.
func TestWasSecretsOfAKilledRunLeftBehind(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	b.tool.script = "ls ../../.. | grep private" // its own is there, but none of the others
	for _, name := range []string{"a~fake~~private", "gone~terraform~~private"} {
		write(t, filepath.Join(b.Store, "work", name, "inputs.json"), "secret")
	}
	kept := filepath.Join(b.Store, "work", "other", "file")
	write(t, kept, "")
	environments.RemoveLeftovers(b.Store)
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if b.printed() != "a~fake~~private" {
		t.Errorf("there are %s", b.printed())
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// The workspace is made once an environment and run: what one step leaves there, the next finds, and what changes in the
// checkout meanwhile waits for the next run.
func TestWorkspaceIsPreparedOnce(t *testing.T) {
	b := newBench(t, "a/one/x", "", "a/two/x", "old")
	b.tool.script = "echo edited > ../two/x; echo generated > ../two/y"
	wantResult(t, b.do(t, step("a", "one")), schema.Succeeded, "")
	b.tool.script = "cat x y"
	wantResult(t, b.do(t, step("a", "two")), schema.Succeeded, "")
	if b.printed() != "edited\ngenerated" {
		t.Errorf("printed %s", b.printed())
	}
	again := newBench(t)
	again.Repository, again.Store = b.Repository, b.Store
	again.tool.script = "cat x y"
	wantResult(t, again.do(t, step("a", "two")), schema.Succeeded, "")
	if again.printed() != "oldgenerated" {
		t.Errorf("the next run printed %s", again.printed())
	}
}

func TestTimeout(t *testing.T) {
	b := newBench(t, onFailure+"x", `echo "because $BITOPS_ERROR"`)
	pids := filepath.Join(t.TempDir(), "pids")
	b.tool.script = "sleep 60 & echo $! >> " + pids + "; setsid sleep 60 & echo $! >> " + pids + "; echo $$ >> " + pids + "; wait"
	s := step("a", "fake")
	s.Timeout = schema.Duration(500 * time.Millisecond)
	begin := time.Now()
	r := b.do(t, s)
	wantResult(t, r, schema.Failed, "timeout: stopped because it took longer than 500ms; bash was ended by signal 2 (interrupt)")
	if time.Since(begin) > 10*time.Second || r.Error.Phase != schema.PhaseTool {
		t.Errorf("after %s in phase %s", time.Since(begin), r.Error.Phase)
	}
	if got := b.printed(); !strings.HasPrefix(got, "because timeout: ") {
		t.Errorf("printed %s", got)
	}
	text, err := os.ReadFile(pids)
	if err != nil || strings.Count(string(text), "\n") != 3 {
		t.Fatalf("%q, %v", text, err)
	}
	for pid := range strings.FieldsSeq(string(text)) {
		n, _ := strconv.Atoi(pid)
		if err := syscall.Kill(n, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is there: %v", n, err)
		}
	}
}

// What ends a step while its on-failure hooks run does not change why it failed.
func TestFailureIsJudgedBeforeItsHooks(t *testing.T) {
	b := newBench(t, onFailure+"x", "sleep 0.4")
	b.tool.script = "exit 5"
	s := step("a", "fake")
	s.Timeout = schema.Duration(200 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	r := b.request(ctx, environments.Request{Step: s, Command: schema.CommandApply})
	wantResult(t, r, schema.Failed, "bash exited with code 5")
	if strings.Contains(r.Error.Message, "timeout") || time.Since(begin) < 300*time.Millisecond {
		t.Errorf("%s after %s", r.Error.Message, time.Since(begin))
	}
}

func TestInterruption(t *testing.T) {
	b := newBench(t, after+"x", "echo no", onFailure+"x", `echo "because $BITOPS_ERROR"`)
	b.tool.script = "echo ready; sleep 60"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := b.Do(ctx, environments.Request{Step: step("a", "fake"), Command: schema.CommandApply}, func(e schema.Event) {
		b.observe(e)
		if e.Text == "ready" {
			cancel()
		}
	})
	wantResult(t, r, schema.Interrupted, "bash was ended by signal 2")
	if got := b.printed(); got != "ready\nbecause bash was ended by signal 2 (interrupt)" {
		t.Errorf("printed %s", got)
	}
}

func TestOnFailureHooksAreBounded(t *testing.T) {
	defer environments.SetFailureGrace(200 * time.Millisecond)()
	b := newBench(t, onFailure+"x", "sleep 60")
	b.tool.script = "exit 1"
	begin := time.Now()
	wantResult(t, b.do(t, step("a", "fake")), schema.Failed, "bash exited with code 1")
	if time.Since(begin) > 10*time.Second {
		t.Errorf("it took %s", time.Since(begin))
	}
}

// Files that hooks make and change are the workspace's. (newBench compares the checkout.)
func TestCheckoutStaysClean(t *testing.T) {
	b := newBench(t, before+"x", "echo changed > main.txt; rm gone.txt; mkdir d; echo new > d/new; chmod 700 main.txt; rm -r bitops.after-deploy.d",
		"a/fake/main.txt", "main", "a/fake/gone.txt", "gone", after+"x", "echo no")
	b.tool.script = "cat main.txt d/new"
	wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
	if b.printed() != "changed\nnew" {
		t.Errorf("printed %s", b.printed())
	}
}

func TestUnchanged(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	b.tool.result.Changes = &schema.Changes{}
	wantResult(t, b.do(t, step("a", "fake")), schema.Unchanged, "")
}

// Half of a secret must not be in a failure: pieces of a long line are not among its lines.
func TestLongLinesAreNotInFailures(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	b.tool.script = "echo short; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end; exit 1"
	r := b.do(t, step("a", "fake"))
	if got := strings.Join(r.Error.Lines, "|"); got != "short|(a very long line; the log has it)|end" {
		t.Errorf("%.200s", got)
	}
}

func TestUnknownToolAndMissingDirectory(t *testing.T) {
	b := newBench(t, "a/fake/x", "")
	s := step("a", "fake")
	s.Tool = "pulumi"
	wantResult(t, b.do(t, s), schema.Failed, `there is no tool "pulumi"`)
	wantResult(t, b.do(t, step("gone", "fake")), schema.Failed, "gone does not exist")
	if b.began != 0 {
		t.Errorf("began %d times", b.began)
	}
}

func TestVariablesWith(t *testing.T) {
	v := environments.VariablesOf([]string{"A=1", "B=2=3", "C="})
	more := v.With(map[string]string{"B": "4", "D": "5"})
	if got := strings.Join(more.Environ(), " "); got != "A=1 B=4 C= D=5" {
		t.Errorf("with more: %s", got)
	}
	if got := strings.Join(v.Environ(), " "); got != "A=1 B=2=3 C=" {
		t.Errorf("without: %s", got)
	}
}

// hanging is a tool whose program never says its version.
type hanging struct{ *fake }

func (hanging) Check(ctx context.Context, c *environments.Call) error {
	return c.Must(ctx, environments.ProgramCall{Name: "bash", Args: []string{"-c", "sleep 100"}})
}

func TestCheckOfAProgramThatHangs(t *testing.T) {
	defer environments.SetCheckPatience(50 * time.Millisecond)()
	b := newBench(t, "a/fake/x", "")
	b.Tools = []environments.Tool{hanging{b.tool}}
	err := b.Check(t.Context(), step("a", "fake"), schema.CommandApply)
	if err == nil || !strings.Contains(err.Error(), "fake did not say its version within 50ms") {
		t.Errorf("check: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Check(stopped, step("a", "fake"), schema.CommandApply); err == nil || strings.Contains(err.Error(), "did not say") {
		t.Errorf("check of a stopped run: %v", err)
	}
}
