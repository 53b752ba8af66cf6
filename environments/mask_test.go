package environments

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

func TestMaskFile(t *testing.T) {
	var known []string
	m := &maskFile{path: filepath.Join(t.TempDir(), "mask"), secrets: func(texts ...string) { known = texts }}
	m.read() // nothing is there
	for n, step := range []struct {
		name, text string
		want       []string
	}{
		{"lines", "one secret\ntwo\r\n\n", []string{"one secret", "two"}},
		{"a line that has no end yet", "one secret\ntwo\nthr", []string{"one secret", "two", "thr"}},
		{"a script that wrote with > and as much", "ONE SECRET\nTWO\nTHR", []string{"ONE SECRET", "TWO", "THR"}},
	} {
		if err := os.WriteFile(m.path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Duration(n) * time.Second)
		if err := os.Chtimes(m.path, later, later); err != nil {
			t.Fatal(err)
		}
		known = nil
		if m.read(); !slices.Equal(known, step.want) {
			t.Errorf("%s: %q, want %q", step.name, known, step.want)
		}
	}
	known = nil
	m.read()
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	if m.read(); known != nil {
		t.Errorf("nothing is new, and it told %q", known)
	}
	(*maskFile)(nil).read()
}

// Of values whose names or fields say that they are secret, the fields are known at once.
func TestSecretFieldsOfOutputs(t *testing.T) {
	creds, err := schema.FromJSON([]byte(`{"user": "me", "login": {"password": "hunter22"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	l := &Lifecycle{Secrets: func(texts ...string) { known = append(known, texts...) }}
	outputs := schema.Values{"creds": creds, "port": schema.Text("5432")}
	marked := l.withSecretFields(outputs)
	if !marked["creds"].Sensitive || marked["port"].Sensitive || outputs["creds"].Sensitive || !slices.Equal(known, []string{"hunter22"}) {
		t.Errorf("marked %v of %v, known %q", marked, outputs, known)
	}
}
