package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// A real provider, from the mirror that BITOPS_TEST_TF_PLUGINS names, so that the lock file is terraform's own.
func TestLockFileOfARealProvider(t *testing.T) {
	mirror := os.Getenv("BITOPS_TEST_TF_PLUGINS")
	if mirror == "" {
		t.Skip("BITOPS_TEST_TF_PLUGINS names no mirror of providers")
	}
	s := tellReal(t, map[string]string{"main.tf": `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
output "ready" { value = true }`})
	cli := filepath.Join(t.TempDir(), "cli.tfrc")
	writeFile(t, cli, `provider_installation {
  filesystem_mirror { path = "`+mirror+`" }
}`)
	s.variables["TF_CLI_CONFIG_FILE"] = cli

	s.apply()
	lock := filepath.Join(s.source(), lockFile)
	text, err := os.ReadFile(lock)
	check(t, err)
	contains(t, "lock file", string(text), "registry.terraform.io/hashicorp/aws", "h1:")

	before, err := os.Stat(lock)
	check(t, err)
	check(t, os.RemoveAll(filepath.Join(s.repository, ".bitops"))) // another machine
	s.plan()
	after, err := os.Stat(lock)
	check(t, err)
	equal(t, "lock file written anew", os.SameFile(before, after), true)
	equal(t, "notices", s.texts(schema.EventNotice), "")
}
