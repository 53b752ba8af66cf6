package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/schema"
)

func aPlan() *schema.SavedPlan {
	return &schema.SavedPlan{
		Version: schema.SavedPlanVersion, ID: strings.Repeat("ab", 16), Bitops: "1.0", Created: time.Unix(1e9, 0).UTC(), Command: schema.CommandApply,
		Report: &schema.Report{Command: schema.CommandPlan, Steps: []schema.StepReport{{
			StepSummary: schema.StepSummary{Name: "a/x", Environment: "a", Tool: "terraform"}, Outcome: schema.Succeeded,
			Outputs:     schema.Values{"vpc": schema.Text("vpc-1")},
			Fingerprint: &schema.Fingerprint{Files: map[string]string{"a/x/main.tf": "1"}},
		}}},
	}
}

// content returns the bytes of a plan with two artifacts.
func content(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"a~x/terraform.plan": "plan", "a~x/.terraform.lock.hcl": "lock"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, _, err := archive.Bytes(aPlan(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	text := content(t)
	if again := content(t); !bytes.Equal(text, again) {
		t.Error("the same plan makes other bytes")
	}
	file := filepath.Join(t.TempDir(), "plan.bitops")
	if err := archive.Write(file, text); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	a, err := archive.Read("plan.bitops", text)
	if err != nil {
		t.Fatal(err)
	}
	step := a.Plan.Report.Step("a/x")
	if a.Plan.ID != aPlan().ID || step.Outputs["vpc"].String() != `"vpc-1"` || step.Fingerprint.Files["a/x/main.tf"] != "1" {
		t.Errorf("read %+v", a.Plan)
	}
	dir := t.TempDir()
	if err := a.Extract(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a~x/terraform.plan": "plan", "a~x/.terraform.lock.hcl": "lock"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if info, statErr := os.Stat(filepath.Join(dir, name)); string(got) != want || err != nil || statErr != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestWriteLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sub")
	if err := os.Mkdir(file, 0o755); err != nil { // a directory is in the way
		t.Fatal(err)
	}
	if err := archive.Write(file, []byte("x")); err == nil {
		t.Error("a directory was replaced")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// zipped returns a zip archive of files.
func zipped(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const small = `{"version":1,"id":"x","report":{"steps":[]}}`

func TestDamage(t *testing.T) {
	whole := content(t)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":             {nil, "it is not a plan file"},
		"text":                {[]byte("bitops:\n"), "it is not a plan file"},
		"cut in the middle":   {whole[:len(whole)/2], "it is not a plan file, or it is damaged"},
		"cut at the end":      {whole[:len(whole)-1], "damaged"},
		"another archive":     {zipped(t, "x", "y"), "plan.json is missing"},
		"no JSON":             {zipped(t, "plan.json", "{"), "plan.json is damaged"},
		"no plan":             {zipped(t, "plan.json", "{}"), "plan.json is not a plan"},
		"null":                {zipped(t, "plan.json", "null"), "plan.json is not a plan"},
		"a newer format":      {zipped(t, "plan.json", `{"version":9,"report":7}`), "newer bitops (version 9"},
		"a plan of no report": {zipped(t, "plan.json", `{"version":1,"id":"x"}`), "plan.json is not a plan"},
		"two plans":           {zipped(t, "plan.json", small, "plan.json", small), `a file that no plan has: "plan.json"`},
		"another file":        {zipped(t, "plan.json", small, "hook.sh", "x"), `a file that no plan has: "hook.sh"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := archive.Read("p", c.content)
			if damaged, ok := errors.AsType[*archive.DamagedError](err); !ok || !strings.Contains(damaged.Reason, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// No name in an archive leads out of the directory that it is extracted into.
func TestExtractStaysInside(t *testing.T) {
	for _, name := range []string{"artifacts/../../evil", "artifacts//etc/evil", `artifacts/..\evil`, "artifacts/a/../../../evil"} {
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		a, err := archive.Read("p", zipped(t, "plan.json", small, name, "evil"))
		if err == nil {
			err = a.Extract(dir)
		}
		if err == nil {
			t.Errorf("%s was extracted", name)
		}
		if entries, _ := os.ReadDir(outer); len(entries) != 1 {
			t.Errorf("%s: %v", name, entries)
		}
	}
}

// A plan whose changes are too many to be read again is written with less of them: what the tools keep has all.
func TestPlanWithTooManyValuesCanBeRead(t *testing.T) {
	plan := aPlan()
	list := "[1" + strings.Repeat(",1", 5_000_001) + "]"
	plan.Report.Steps[0].Changes = &schema.Changes{Change: 1, Resources: []schema.ResourceChange{{
		Address: "a.b", Action: "update", Attributes: []schema.AttributeChange{
			{Path: "list", Before: json.RawMessage(list)}, {Path: "port", Before: json.RawMessage("443"), After: json.RawMessage("22")},
		},
	}}}
	text, _, err := archive.Bytes(plan, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Read("plan", text)
	if err != nil {
		t.Fatal(err)
	}
	got := a.Plan.Report.Steps[0].Changes.Resources[0].Attributes
	if len(got) != 2 || got[0].BeforeBytes != len(list) || string(got[1].After) != "22" {
		t.Errorf("%d attributes: %.200v", len(got), got)
	}
	if len(plan.Report.Steps[0].Changes.Resources[0].Attributes[0].Before) != len(list) {
		t.Error("the report that is shown is cut too")
	}
}
