package ansible

import (
	"context"
	"regexp"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var versionText = regexp.MustCompile(`\d+\.\d+[^\]\s]*`)

// Version implements environments.Versioned. It asks once for each PATH that ansible-playbook is found in: asking takes half
// as long as a small play.
func (a *Ansible) Version(ctx context.Context, c *environments.Call) (string, error) {
	return a.versions.Get(ctx, c.Variables["PATH"], func() (string, error) { return askVersion(ctx, c) })
}

func askVersion(ctx context.Context, c *environments.Call) (string, error) {
	call := environments.ProgramCall{Name: program, Args: []string{"--version"}, Extra: map[string]string{}}
	if !speaksUTF8(c.Variables) {
		call.Extra["LC_ALL"] = "C.UTF-8"
	}
	var found string
	call.Stdout = func(line string) {
		if m := versionText.FindString(line); m != "" && found == "" {
			found = program + " " + m
		}
	}
	c.Phase(schema.PhaseInit, program+" --version")
	return found, c.Must(ctx, call)
}
