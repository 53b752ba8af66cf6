package terraform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An init that fails where variables choose the backend or a module says where OpenTofu finds them.
func TestInitSaysWhereTofuFindsVariables(t *testing.T) {
	for name, c := range map[string]struct {
		config, binary string
		want           bool
	}{
		"a variable in a backend":         {"terraform {\n backend \"s3\" {\n bucket = var.b\n }\n}", tofu, true},
		"a local in a module's source":    {"module \"m\" {\n source = local.m\n}", tofu, true},
		"a variable in encryption":        {"terraform {\n encryption {\n key_provider \"pbkdf2\" \"k\" {\n passphrase = var.p\n }\n }\n}", tofu, true},
		"a method of encryption":          {"terraform {\n encryption {\n state {\n method = method.aes_gcm.m\n }\n }\n}", tofu, false},
		"a variable given to a module":    {"module \"m\" {\n source = \"./m\"\n x = var.x\n}", tofu, false},
		"terraform, which allows no such": {"module \"m\" {\n source = var.m\n}", "terraform", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"main.tf": c.config, "bitops.config.yaml": "terraform: {options: {binary: " + c.binary + "}}",
			}).fake(`[ "$1" = version ] && { echo '{"terraform_version": "1.11.4"}'; exit; }; [ "$1" = init ] && exit 1; exit 0`)
			programs, _, _ := strings.Cut(s.variables["PATH"], ":")
			check(t, os.Symlink("terraform", filepath.Join(programs, tofu)))
			_, err := s.try(t.Context(), "apply")
			if err == nil || slices.Contains(failureLines(err), earlyHint) != c.want {
				t.Errorf("error %+v, want the hint: %v", err, c.want)
			}
		})
	}
}
