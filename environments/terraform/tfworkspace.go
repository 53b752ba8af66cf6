package terraform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// selectWorkspace selects the terraform workspace that the configuration names. terraform remembers its workspace in
// .terraform, which lasts between runs: so bitops notes which one it selected, and goes back to the default one when the
// configuration names none any more.
func (s *session) selectWorkspace(ctx context.Context) error {
	current := filepath.Join(s.Directory, dataDirectory, "environment")
	noted := filepath.Join(s.Directory, dataDirectory, "bitops.workspace")
	if s.workspace == "" {
		if name := content(noted); name != "" && name == content(current) {
			return errors.Join(os.Remove(current), os.Remove(noted))
		}
		return nil
	}
	if own := s.Variables["TF_WORKSPACE"]; own != "" {
		if own != s.workspace {
			s.Notice("TF_WORKSPACE wins: the workspace is %s, not %s", own, s.workspace)
		}
		return nil
	}
	if content(current) == s.workspace || content(current) == "" && s.workspace == "default" {
		return nil
	}
	if err := s.switchWorkspace(ctx); err != nil {
		return err
	}
	return os.WriteFile(noted, []byte(s.workspace), 0o600)
}

func (s *session) switchWorkspace(ctx context.Context) error {
	if s.binary == tofu || !s.found.Core().LessThan(orCreate) {
		return s.must(ctx, s.program("workspace select", "-or-create", s.workspace))
	}
	err := s.must(ctx, s.program("workspace select", s.workspace))
	if _, failed := errors.AsType[*environments.Failure](err); failed {
		return s.must(ctx, s.program("workspace new", s.workspace))
	}
	return err
}

// content returns what a file holds, without the white space around it, and nothing for one that is not there.
func content(file string) string {
	text, _ := os.ReadFile(file)
	return strings.TrimSpace(string(text))
}
