package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments"
)

func TestANoteOfTheBackendThatWasCutOffIsRemoved(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		kept bool
	}{
		"whole":   {`{"version": 3}`, true},
		"cut off": {`{"version": 3, "back`, false},
		"empty":   {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			note := filepath.Join(dir, dataDirectory, "terraform.tfstate")
			if err := os.MkdirAll(filepath.Dir(note), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(note, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &session{Call: environments.NewCall(environments.CallOptions{Directory: dir, Source: t.TempDir()})}
			if err := s.repairBackendNote(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(note); (err == nil) != test.kept {
				t.Errorf("it is kept: %t", err == nil)
			}
		})
	}
}
