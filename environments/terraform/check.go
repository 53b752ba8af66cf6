package terraform

import (
	"context"

	"github.com/bitops-engine/bitops/environments"
)

var (
	_ environments.Checker    = (*Terraform)(nil)
	_ environments.Configured = (*Terraform)(nil)
	_ environments.Versioned  = (*Terraform)(nil)
)

// Check implements environments.Checker: the program is there, not too old, and what the configuration asks for.
func (t *Terraform) Check(ctx context.Context, c *environments.Call) error {
	read, err := settingsOf(c)
	if err != nil || read.skipped != "" {
		return err
	}
	if err := read.wholeDestroyed(c.Command); err != nil {
		return err
	}
	_, err = t.versions.check(ctx, &session{Call: c, settings: read})
	return err
}

// Version implements environments.Versioned.
func (t *Terraform) Version(ctx context.Context, c *environments.Call) (string, error) {
	read, err := settingsOf(c)
	if err != nil {
		return "", err
	}
	found, err := t.versions.of(ctx, &session{Call: c, settings: read})
	if err != nil {
		return "", err
	}
	return read.binary + " " + found.String(), nil
}
