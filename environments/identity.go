package environments

import (
	"context"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// Owns reports whether the tool of a step owns something by name.
func (l *Lifecycle) Owns(step *schema.Step) bool {
	owner, ok := l.tool(step.Tool).(Owner)
	return ok && owner.Owns()
}

// Declared returns what the files and variables of a step say that it owns, nil where they do not tell: before hooks can
// say otherwise. It starts no process and asks nobody.
func (l *Lifecycle) Declared(step *schema.Step) *schema.Identity {
	owner, below, ok := l.owner(step)
	if !ok {
		return nil
	}
	return owner.Declared(l.outside(step), below)
}

// DeclaredOf returns what is declared of each step of a plan, several at once.
func (l *Lifecycle) DeclaredOf(plan *schema.Plan) []*schema.Identity {
	all := make([]*schema.Identity, len(plan.Steps))
	parallel.Each(len(all), func(i int) { all[i] = l.Declared(&plan.Steps[i]) })
	return all
}

// Identify is Declared with what the tool finds out by asking.
func (l *Lifecycle) Identify(ctx context.Context, step *schema.Step) (*schema.Identity, error) {
	owner, below, ok := l.owner(step)
	if !ok {
		return nil, nil
	}
	c := l.outside(step)
	private, err := os.MkdirTemp("", "bitops-identify-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(private) }()
	c.Private = private
	ctx, cancel := context.WithTimeout(ctx, identifyPatience)
	defer cancel()
	return owner.Identify(ctx, c, below)
}

// Lineage returns the lineage of what a step owns, "" where files here do not tell.
func (l *Lifecycle) Lineage(step *schema.Step, id *schema.Identity) string {
	historian, ok := l.tool(step.Tool).(Historian)
	if !ok || id == nil {
		return ""
	}
	return historian.Lineage(id)
}

// owner returns the tool of a step whose files alone tell what it owns, and the directory of its defaults.
func (l *Lifecycle) owner(step *schema.Step) (owner Owner, below schema.Directory, ok bool) {
	tool := l.tool(step.Tool)
	if owner, ok = tool.(Owner); !ok || !owner.Owns() {
		return nil, below, false
	}
	below = schema.Directory{Root: l.Repository, Name: path.Join(l.Default, step.Deployment)}
	if before, _ := hooksOf(tool); !before || step.Interface.Layers != nil && !step.Interface.MoreOutput { // which hooks set
		return owner, below, true
	}
	hooked := []schema.Directory{{Root: l.Repository, Name: step.Directory()}, below}
	if step.Within != "" {
		hooked = append(hooked, schema.Directory{Root: l.Repository, Name: path.Join(step.EnvironmentPath, step.Within)},
			schema.Directory{Root: l.Repository, Name: path.Join(l.Default, step.Within)})
	}
	if slices.ContainsFunc(hooked, HasBeforeHooks) {
		return nil, below, false
	}
	return owner, below, true
}

// SameSettings reports whether the variables that configure a step are what they were when it had a fingerprint. The values
// of terraform's variables do not count: they do not choose what the step owns.
func (l *Lifecycle) SameSettings(step *schema.Step, was *schema.Fingerprint) (bool, error) {
	now, err := l.variableHashes(step, was)
	if err != nil {
		return false, err
	}
	counts := func(name string) bool {
		return !strings.HasPrefix(name, "TF_VAR_") && (was.Version > 0 || oncePromised(step.Tool, name))
	}
	same := func(a, b map[string]string) bool {
		for name, hash := range a {
			if counts(name) && b[name] != hash {
				return false
			}
		}
		return true
	}
	return same(now, was.Variables) && same(was.Variables, now), nil
}
