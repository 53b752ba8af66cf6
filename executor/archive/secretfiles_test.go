package archive_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/executor/archive"
)

// lay writes files into a directory.
func lay(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesThatHoldSecretsAreNotArchived(t *testing.T) {
	root := t.TempDir()
	const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"
	lay(t, root, map[string]string{
		".gitignore": "\ufeff# secrets\n*.auto.tfvars\r\n/app/terraform/build/\n", "app/.gitignore": "local.*\n!local.tf\n",
		"app/terraform/main.tf": "", "app/terraform/secrets.auto.tfvars": "p=1", "app/terraform/terraform.tfvars": "size=1",
		"app/terraform/.env": "P=1", "app/terraform/.env.prod": "P=1", "app/terraform/.env.example": "P=",
		"app/terraform/deploy_key": key, "app/terraform/ca.pem": "-----BEGIN CERTIFICATE-----", "app/terraform/tls.pem": "x\n" + key,
		"app/terraform/tls.key": "x", "app/terraform/saved.tfplan": "x", "app/terraform/terraform.tfstate.backup": "{}",
		"app/terraform/build/x": "", "app/terraform/local.yaml": "", "app/terraform/local.tf": "", "other/local.yaml": "",
	})
	if err := os.Symlink("nowhere", filepath.Join(root, "app/link")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"app/terraform/.env", "app/terraform/.env.prod", "app/terraform/build/x", "app/terraform/deploy_key", "app/terraform/local.yaml",
		"app/terraform/saved.tfplan", "app/terraform/secrets.auto.tfvars", "app/terraform/terraform.tfstate.backup",
		"app/terraform/tls.key", "app/terraform/tls.pem",
	}
	all := append(slices.Clone(want), "app/link", "app/terraform/.env.example", "app/terraform/ca.pem", "app/terraform/gone",
		"app/terraform/local.tf", "app/terraform/main.tf", "app/terraform/terraform.tfvars", "other/local.yaml")
	kept, omitted, err := archive.WithoutSecrets(root, all)
	if err != nil || !slices.Equal(omitted, want) || len(kept)+len(omitted) != len(all) {
		t.Errorf("%v\nkept %q\nomitted %q, want %q", err, kept, omitted, want)
	}
}

// What git ignores is left out, as git says it.
func TestIgnoredAsGitSaysIt(t *testing.T) {
	testkit.Tool(t, "git")
	root := t.TempDir()
	git := func(stdin string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir, cmd.Stdin = root, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out)
	}
	git("", "init", "-q")
	lay(t, root, map[string]string{
		".gitignore":          "*.log\n!keep.log\n/top\nbuild/\nsub/deep/*.x\n**/any/z\n\\#odd\n[ab].txt\n",
		"sub/.gitignore":      "!*.log\n/only\n*.tfvars\n",
		"sub/deep/.gitignore": "!good.tfvars\n*\\ \n",
		".git/info/exclude":   "excluded\n",
	})
	var files []string
	for _, dir := range []string{"", "sub/", "sub/deep/", "build/", "sub/build/", "x/any/", "top/"} {
		for _, name := range []string{"a.log", "keep.log", "top", "only", "a.x", "z", "#odd", "a.txt", "c.txt", "a.tfvars", "good.tfvars", "excluded", "ä b"} {
			if dir+name != "top" {
				files = append(files, dir+name)
			}
		}
	}
	for _, name := range files {
		lay(t, root, map[string]string{name: ""})
	}
	want := strings.Split(strings.Trim(git(strings.Join(files, "\x00"), "check-ignore", "-z", "--stdin"), "\x00"), "\x00")
	_, got, err := archive.WithoutSecrets(root, files)
	slices.Sort(want)
	slices.Sort(got)
	if err != nil || len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("%v\nomitted %q\n   want %q", err, got, want)
	}
}
