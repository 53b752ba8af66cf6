package ansible

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// program is what bitops starts.
const program = "ansible-playbook"

const howToGet = "install ansible-core 2.12 or newer: " +
	"https://docs.ansible.com/ansible/latest/installation_guide"

// Programs implements environments.Tool.
func (*Ansible) Programs(string, string) []environments.Program {
	return []environments.Program{{Name: program, VersionArgs: []string{"--version"}, Minimum: minimum.Original(), Install: howToGet}}
}

// minimum is the oldest ansible-core that works. Older ones called themselves ansible, and had no core.
var minimum = version.Must(version.NewVersion("2.12"))

var plainVersion = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// Check implements environments.Checker: the program is there and not too old, and so is the playbook, unless hooks may
// write it.
func (a *Ansible) Check(ctx context.Context, c *environments.Call) error {
	s, err := configure(c)
	if err != nil || s.skipped != "" {
		return err
	}
	if !inPath(program, c.Variables["PATH"]) {
		return missingProgram(fmt.Sprintf("%s: not found in PATH (%s)", program, c.Variables["PATH"]))
	}
	if len(s.playbooks(c, s.playbook)) == 0 && !environments.HasBeforeHooks(schema.Directory{Root: c.Directory}) {
		return noPlaybook(c.Directory, s.playbook)
	}
	return a.newEnough(ctx, c)
}

func (a *Ansible) newEnough(ctx context.Context, c *environments.Call) error {
	said, err := a.Version(ctx, c)
	if err != nil {
		return err
	}
	found, err := version.NewVersion(plainVersion.FindString(said))
	switch {
	case err != nil:
		return environments.Failuref("%s --version does not tell a version; %s", program, howToGet)
	case found.LessThan(minimum):
		return environments.Failuref("%s is too old: bitops needs ansible-core %s or newer; %s", said, minimum.Original(), howToGet)
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
