package environments

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

// Review is how a plan is judged that is made in the middle of a step, because it could not be made earlier. The zero Review
// lets everything go.
type Review struct {
	Artifact string // a directory for that plan alone, which is made anew; "" for none

	// Judge returns why a person has to look at the changes before they are made, or "". It is called at most once for each
	// plan. Nil lets all go.
	Judge func(*schema.Changes) (why string, err error)
}

// PlanRest has the call plan what is left of a step whose saved plan held only what comes first, which is done. What hooks made
// is promised of the rest as it was of that.
func (c *Call) PlanRest() error {
	hooks := map[string]string{}
	promised, err := c.Kept(madeName, &hooks)
	if err != nil {
		return err
	}
	dir := c.Review.Artifact
	if dir == "" {
		dir = filepath.Join(c.Private, "rest")
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	c.Artifact, c.Planned = dir, false
	if !promised {
		return nil
	}
	return c.Keep(madeName, hooks)
}

// ApplyRest has the call do what PlanRest planned. It is a *HeldError when a person has to look at that first.
func (c *Call) ApplyRest(left *schema.Changes) error {
	if c.Review.Judge != nil {
		why, err := c.Review.Judge(left)
		if err != nil {
			return err
		}
		if why != "" {
			return &HeldError{Reason: why, Changes: left}
		}
	}
	c.Planned = true
	return nil
}
