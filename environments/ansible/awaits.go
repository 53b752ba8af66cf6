package ansible

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// awaits returns why the step cannot be planned yet, or "": it needs a file that an earlier step of its environment has
// still to write, as terraform writes inventories. Only a step that has an earlier one can wait.
func (s *session) awaits() string {
	if !slices.ContainsFunc(s.Step.Offers, func(o schema.Offer) bool { return o.Near }) {
		return ""
	}
	for _, source := range s.inventories() {
		if s.inWorkspace(source) && !exists(source) {
			return fmt.Sprintf("inventory %s is not there yet: an earlier step writes it", s.relative(source))
		}
	}
	for _, vars := range s.extraVars {
		file, named := strings.CutPrefix(vars, "@")
		file = expand(file, s.Directory, s.Directory, s.Variables)
		if named && s.inWorkspace(file) && !exists(file) {
			return fmt.Sprintf("extra-vars file %s is not there yet: an earlier step writes it", s.relative(file))
		}
	}
	return ""
}

// tellMissing tells of inventories that are not there. Ansible only warns of them, and has no hosts then.
func (s *session) tellMissing() {
	for _, source := range s.inventories() {
		if !exists(source) {
			s.Notice("inventory %s is not there; ansible goes on without its hosts", s.relative(source))
		}
	}
}

// inventories returns the files and directories that ansible will read hosts from. One with a comma is no file but the
// hosts themselves.
func (s *session) inventories() []string {
	sources := s.config.inventory
	if len(s.inventory) > 0 {
		sources = nil
		for _, source := range s.inventory {
			if !strings.Contains(source, ",") {
				sources = append(sources, expand(source, s.Directory, s.Directory, s.Variables))
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(sources), func(source string) bool { return strings.Contains(source, "{{") })
}

func (s *session) inWorkspace(file string) bool {
	return strings.HasPrefix(file, filepath.Clean(s.Workspace.Root)+string(filepath.Separator))
}

// relative names a file as seen from the step's directory, where it is in the workspace.
func (s *session) relative(file string) string {
	if rel, err := filepath.Rel(s.Directory, file); err == nil && s.inWorkspace(file) {
		return rel
	}
	return file
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
