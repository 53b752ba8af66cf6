package environments

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// A plan is made after the before hooks ran, and they run again before it is applied. What they make of the step's
// configuration then must be what they made of it when it was planned: else another act would be done than was shown.

// madeName is the document in a step's artifact that says what its before hooks made of its configuration.
const madeName = "hooks.json"

// decides returns what decides what the step does, as it stands: what its configuration comes to, and variables. The
// values of inputs are not among them: a saved plan has its own.
func (l *Lifecycle) decides(c *Call, tool Tool) map[string]string {
	_ = skipped(c, tool) // by which a tool reads its configuration
	all := c.configured.Texts()
	bare := *c.Step
	bare.Interface = schema.Interface{}
	for name := range c.Variables {
		heed := l.heeds(&bare, name)
		if heed == nil {
			continue
		}
		if what, ok := heed(c.given(name)); ok {
			all["variable "+name] = what
		}
	}
	return all
}

// made returns what the hooks made of what was found before them, "" of what is gone. Places are named alike wherever the
// checkout is.
func (l *Lifecycle) made(c *Call, tool Tool, found map[string]string) map[string]string {
	made := map[string]string{}
	places := strings.NewReplacer(c.Private, "$PRIVATE", c.Root(), "$TEMPDIR", l.Repository, "$BITOPS_SOURCE_DIR")
	now := l.decides(c, tool)
	for name, text := range now {
		if was, existed := found[name]; !existed || was != text {
			made[name] = places.Replace(text)
		}
	}
	for name := range found {
		if _, exists := now[name]; !exists {
			made[name] = ""
		}
	}
	return made
}

// promise keeps what the hooks made beside a plan, or compares it with what they made then.
func (c *Call) promise(made map[string]string) error {
	was := map[string]string{}
	planned, err := c.Kept(madeName, &was)
	if err != nil {
		return err
	}
	now := make(map[string]string, len(made))
	for name, text := range made {
		if now[name], err = schema.HashText(text, true, was[name]); err != nil {
			return err
		}
	}
	if !planned {
		return c.Keep(madeName, now)
	}
	names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(now)))
	names = slices.DeleteFunc(names, func(name string) bool { return was[name] == now[name] })
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		return &StaleError{Reason: fmt.Sprintf("its before hooks make something else of its configuration than when it was planned: %s",
			strings.Join(names, ", "))}
	}
	return nil
}
