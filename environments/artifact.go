package environments

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keep writes a document into the step's artifact, for nobody else to read, where somebody may want to apply the plan.
func (c *Call) Keep(name string, document any) error {
	if c.Artifact == "" || c.Planned {
		return nil
	}
	text, err := json.Marshal(document)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.Artifact, name), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	return nil
}

// Kept reads a document of the plan that is to be applied. It is false where there is none: the step is applied without.
func (c *Call) Kept(name string, document any) (bool, error) {
	if !c.Planned || c.Artifact == "" {
		return false, nil
	}
	text, err := os.ReadFile(filepath.Join(c.Artifact, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, document)
	}
	if err != nil {
		return false, fmt.Errorf("read the plan: %w", err)
	}
	return true, nil
}

// Stalef returns a StaleError.
func Stalef(format string, args ...any) *StaleError {
	return &StaleError{Reason: fmt.Sprintf(format, args...)}
}
