package ansible

import (
	"context"
	"regexp"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// versions remembers what ansible-playbook said of itself, by the PATH it was found in: asking takes half as long as a
// small play. It is safe for concurrent use.
type versions struct {
	mu    sync.Mutex
	known map[string]string
}

var versionText = regexp.MustCompile(`\d+\.\d+[^\]\s]*`)

// Version implements environments.Versioned.
func (a *Ansible) Version(ctx context.Context, c *environments.Call) (string, error) {
	a.versions.mu.Lock()
	defer a.versions.mu.Unlock()
	key := c.Variables["PATH"]
	if found := a.versions.known[key]; found != "" {
		return found, nil
	}
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
	if err := c.Must(ctx, call); err != nil {
		return "", err
	}
	if a.versions.known == nil {
		a.versions.known = map[string]string{}
	}
	a.versions.known[key] = found
	return found, nil
}
