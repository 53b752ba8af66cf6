package ansible

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
)

// program is what bitops starts.
const program = "ansible-playbook"

const howToGet = "install ansible-core 2.12 or newer: " +
	"https://docs.ansible.com/ansible/latest/installation_guide"

// Programs implements environments.Tool.
func (*Ansible) Programs(string, string) []environments.Program {
	return []environments.Program{{Name: program, VersionArgs: []string{"--version"}, Minimum: "2.12", Install: howToGet}}
}

// Check implements environments.Checker: the program is there, and the playbook, unless hooks may write it. It starts
// nothing: asking ansible for its version takes half as long as a small play.
func (*Ansible) Check(_ context.Context, c *environments.Call) error {
	s, err := configure(c)
	if err != nil || s.skipped != "" {
		return err
	}
	if !inPath(program, c.Variables["PATH"]) {
		return missingProgram(fmt.Sprintf("%s: not found in PATH (%s)", program, c.Variables["PATH"]))
	}
	if _, found := locate(c.Directory, s.playbook); !found && !hooked(c.Directory) {
		return noPlaybook(c.Directory, s.playbook)
	}
	return nil
}

func missingProgram(message string) error {
	return &environments.Failure{Message: message + "; " + howToGet, ExitCode: 127}
}

func inPath(name, list string) bool {
	for _, dir := range filepath.SplitList(list) {
		info, err := os.Stat(filepath.Join(dir, name))
		if filepath.IsAbs(dir) && err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return true
		}
	}
	return false
}
