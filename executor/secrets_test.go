package executor_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// vault is a tool with one secret, which it leaves as an output. It does nothing else.
type vault struct{ outputs schema.Values }

func (vault) Name() schema.ToolName { return "vault" }

func (vault) Inspect(schema.Directory) (schema.Interface, schema.Problems) {
	return schema.Interface{}, nil
}
func (vault) Private(string, bool) bool                      { return false }
func (vault) Programs(string, string) []environments.Program { return nil }

func (v vault) Plan(context.Context, *environments.Call) (environments.Result, error) {
	return environments.Result{Outputs: v.outputs}, nil
}

func (v vault) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return v.Plan(ctx, c)
}

func (v vault) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return v.Plan(ctx, c)
}

func (v vault) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return v.Plan(ctx, c)
}

func (v vault) Outputs(context.Context, *environments.Call) (schema.Values, error) {
	return v.outputs, nil
}

func (vault) Deployed(context.Context, *environments.Call) (bool, error) { return true, nil }

// betray prints everything it is given, in the ways in which scripts do, and hands it on.
const betray = `
set -x
for v in "$BITOPS_INPUT_PASSWORD" "$BITOPS_INPUT_COPY" "$DEPLOY_TOKEN" "$SESSION_TOKEN"; do
	echo "plain $v"
	echo "plain $v" >&2
	printf '%s' "$v" | base64
	printf 'user:%s' "$v" | base64
	head -c 1048570 /dev/zero | tr '\0' x; echo "$v across the cut"
done
cat "$BITOPS_INPUTS_FILE"
echo "url=https://u:$BITOPS_INPUT_PASSWORD@h" >> $BITOPS_OUTPUT
echo "deploy=$DEPLOY_TOKEN" >> $BITOPS_OUTPUT
{ set +x; } 2>/dev/null # nobody knows this one yet
echo "SESSION_TOKEN=session-cAnArY-of-a-hook" >> $BITOPS_ENV
`

// Secrets reach scripts, and nothing that bitops shows or keeps.
func TestSecretsStayInside(t *testing.T) {
	canaries := []string{"output-cAnArY-of-a-tool", "token-cAnArY-of-the-caller", "session-cAnArY-of-a-hook"}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a/vault/x":                        "",
		"b/vault/bitops.before-deploy.d/1": betray, "b/vault/bitops.before-deploy.d/2": betray,
		"b/vault/bitops.after-deploy.d/1":  betray + `echo "$DEPLOY_TOKEN" >&2; echo "$BITOPS_INPUT_PASSWORD" >&2; exit 3`,
		"b/vault/bitops.on-failure.d/1":    betray,
		"c/vault/bitops.before-deploy.d/1": `test "$BITOPS_INPUT_PASSWORD" = output-cAnArY-of-a-tool || exit 9` + betray,
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := store.Open(filepath.Join(root, ".bitops"))
	if err != nil {
		t.Fatal(err)
	}
	plan := chain(schema.CommandApply, "a", "b", "c")
	plan.FailFast = false
	for i := range plan.Steps {
		s := &plan.Steps[i]
		s.Tool, s.Deployment, s.Name = "vault", "vault", s.Environment.Step("vault")
		s.Offers, s.DependsOn = nil, nil
		if i > 0 {
			s.DependsOn = []schema.StepName{"a/vault"}
			s.Inputs = []schema.Input{
				{Name: "password", Expression: expression(t, "${outputs.a.password}")},
				{Name: "copy", Expression: expression(t, "dsn:${upper(outputs.a.password)}")},
			}
		}
	}
	for n, selected := range [][]bool{{true, true, true}, {false, false, true}} { // the second run reads the record
		for i := range plan.Steps {
			plan.Steps[i].Selected = selected[i]
		}
		outcomes := runForReal(t, root, kept, schema.RunID([]string{"20261123-143005-000000", "20261123-143005-000001"}[n]), plan)
		want := []schema.Outcome{schema.Succeeded, schema.Failed, schema.Succeeded}
		for i := range plan.Steps {
			if selected[i] && outcomes[plan.Steps[i].Name] != want[i] {
				t.Errorf("run %d: %s is %s, want %s", n, plan.Steps[i].Name, outcomes[plan.Steps[i].Name], want[i])
			}
		}
	}
	var forms []string
	for _, c := range canaries {
		forms = append(forms, c, strings.ToUpper(c), base64.StdEncoding.EncodeToString([]byte(c))[:16])
		forms = append(forms, base64Forms(c)...)
	}
	looked := 0
	for _, dir := range []string{"records", "runs"} {
		err := filepath.WalkDir(filepath.Join(root, ".bitops", dir), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			looked++
			text, err := os.ReadFile(file)
			for _, form := range forms {
				if at := strings.Index(string(text), form); at >= 0 {
					t.Errorf("%s holds %s: %q", file, form, text[max(0, at-60):at+len(form)])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 10 {
		t.Errorf("only %d files", looked)
	}
}

// runForReal takes a plan through the real lifecycle, with journal and records.
func runForReal(
	t *testing.T, root string, kept *store.Store, id schema.RunID, plan *schema.Plan,
) map[schema.StepName]schema.Outcome {
	t.Helper()
	log, err := journal.Create(kept.Run(id))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	redact := &secret.Redactor{}
	password := sensitive("output-cAnArY-of-a-tool")
	lifecycle := &environments.Lifecycle{
		Repository: root, Store: filepath.Join(root, ".bitops"), Run: id, Default: "_default",
		Tools: []environments.Tool{vault{schema.Values{"password": password}}}, Runner: process.Local{},
		Environ: []string{"PATH=" + os.Getenv("PATH"), "DEPLOY_TOKEN=token-cAnArY-of-the-caller"}, Secrets: redact.Add,
	}
	all, err := os.Create(filepath.Join(kept.Run(id), "events"))
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	x := &executor.Executor{
		Runner: lifecycle, Records: kept, Now: time.Now,
		Emitter: &executor.Emitter{
			Run: id, Now: time.Now, Redact: redact,
			Required: []executor.Sink{log.Write, func(e schema.Event) error { return json.NewEncoder(all).Encode(e) }},
		},
		LogOf: func(n schema.StepName) string { return journal.LogFile(kept.Run(id), n) },
	}
	report, err := x.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.WriteDocument("outputs.json", report, func(text string) string { return text }); err != nil {
		t.Fatal(err)
	}
	outcomes := map[schema.StepName]schema.Outcome{}
	for i := range report.Steps {
		outcomes[report.Steps[i].Name] = report.Steps[i].Outcome
		if e := report.Steps[i].Error; e != nil && e.ExitCode == 9 {
			t.Error("the secret did not reach the hook")
		}
	}
	return outcomes
}
