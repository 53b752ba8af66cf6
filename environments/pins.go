package environments

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// Locator finds out what is in effect for a step: the context of its kubeconfig, or the account or the region of its AWS
// credentials. It may ask the network.
type Locator func(ctx context.Context, c *Call) (string, error)

// pinned refuses a step that would go elsewhere than the manifest says. It is asked when the before hooks have run, because
// they can choose credentials.
func (l *Lifecycle) pinned(ctx context.Context, c *Call) error {
	for _, name := range slices.Sorted(maps.Keys(c.Step.Target)) {
		locate := l.Locators[name]
		if locate == nil {
			continue // the tool tells, with what it owns
		}
		is, err := locate(ctx, c)
		if err != nil {
			return Failuref("it is pinned to %s %s, and what is in effect cannot be found out: %v", name, c.Step.Target[name], err)
		}
		if err := c.CheckPin(name, is); err != nil {
			return err
		}
	}
	return nil
}

// CheckPin refuses a step of which one thing is pinned to something else than what is in effect. A tool calls it for what it
// knows before it knows what the step owns.
func (c *Call) CheckPin(name, is string) error {
	want, pinned := c.Step.Target[name]
	if !pinned || want == is {
		return nil
	}
	if is == "" {
		is = "none"
	}
	return &RefusedError{
		Reason: fmt.Sprintf("%s is pinned to %s %s, and what is in effect is %s", c.Step.Environment, name, want, is),
		Hint:   "choose other credentials, or change `target` in the manifest",
	}
}

// checkPins is CheckPin for what a step owns.
func (c *Call) checkPins(id *schema.Identity) error {
	for _, name := range slices.Sorted(maps.Keys(id.Target)) {
		if err := c.CheckPin(name, id.Target[name]); err != nil {
			return err
		}
	}
	return nil
}
