package terraform

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStatesInAWorkspaceAreKept(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"app/terraform/.terraform/terraform.tfstate": `{"backend": {"type": "local", "config": {"path": "states/prod.json"}}}`,
		"net/terraform/.terraform/terraform.tfstate": `{"backend": {"type": "s3", "config": {"path": "key.json"}}}`,
		"odd/terraform/.terraform/terraform.tfstate": `{"backend`,
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keeps := (&Terraform{}).Keeps(root)
	for name, want := range map[string]bool{
		"app/terraform/states/prod.json":             true,
		"app/terraform/states/prod.json.backup":      true,
		"app/terraform/errored.tfstate":              true,
		"app/terraform/.terraform/terraform.tfstate": false,
		"app/terraform/password":                     false,
		"net/terraform/key.json":                     false,
	} {
		if got := keeps(name); got != want {
			t.Errorf("%s is kept: %t", name, got)
		}
	}
}
