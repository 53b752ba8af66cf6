package environments

import (
	"os"
	"path"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

// Inspector tells what the files of steps declare, hooks and defaults included.
type Inspector struct {
	Repository string
	Default    string // the default folder's name
	Registered []Tool
}

// Tools lists the tools in their default order.
func (i Inspector) Tools() []schema.ToolName {
	names := make([]schema.ToolName, len(i.Registered))
	for n, t := range i.Registered {
		names[n] = t.Name()
	}
	return names
}

// Deployments returns the directories of the steps that a tool makes of a directory, relative to it: "." for one step.
func (i Inspector) Deployments(tool schema.ToolName, dir string) ([]string, schema.Problems) {
	for _, t := range i.Registered {
		if e, ok := t.(Expander); ok && t.Name() == tool {
			return e.Deployments(i.Repository, dir)
		}
	}
	return []string{"."}, nil
}

// Inspect reads what a deployment of an environment declares, its defaults included. Hooks take any input; any of them
// can leave outputs.
func (i Inspector) Inspect(tool schema.ToolName, environment, deployment string) (schema.Interface, schema.Problems) {
	for _, t := range i.Registered {
		if t.Name() != tool {
			continue
		}
		declared, problems := i.inspect(t, path.Join(environment, deployment))
		if lower := path.Join(i.Default, deployment); i.Default != "" && i.isDirectory(lower) {
			below, more := i.inspect(t, lower)
			return layered(below, declared), layeredProblems(more, problems)
		}
		return declared, problems
	}
	return schema.Interface{}, nil
}

func (i Inspector) isDirectory(dir string) bool {
	info, err := os.Stat(filepath.Join(i.Repository, filepath.FromSlash(dir)))
	return err == nil && info.IsDir()
}

func (i Inspector) inspect(t Tool, dir string) (schema.Interface, schema.Problems) {
	declared, problems := t.Inspect(i.Repository, dir)
	full := filepath.Join(i.Repository, filepath.FromSlash(dir))
	_, several := t.(Expander)
	if hasHooks(full, beforeHooks, afterHooks, onFailureHooks) || several && hasHooks(filepath.Dir(full), beforeHooks, afterHooks) {
		declared.AnyInput, declared.MoreOutput = true, true
	}
	return declared, problems
}

// layered adds what the defaults declare to what the environment does.
func layered(below, above schema.Interface) schema.Interface {
	for _, p := range below.Inputs {
		if _, twice := above.Input(p.Name); !twice {
			above.Inputs = append(above.Inputs, p)
		}
	}
	for _, p := range below.Outputs {
		if _, twice := above.Output(p.Name); !twice {
			above.Outputs = append(above.Outputs, p)
		}
	}
	above.AnyInput = above.AnyInput || below.AnyInput
	above.MoreOutput = above.MoreOutput || below.MoreOutput
	return above
}

// layeredProblems keeps the problems in files. That a directory lacks something is one only when both lack it.
func layeredProblems(below, above schema.Problems) schema.Problems {
	inFiles := func(ps schema.Problems) (kept schema.Problems, whole bool) {
		for _, p := range ps {
			if p.Line > 0 {
				kept = append(kept, p)
			}
		}
		return kept, len(kept) < len(ps)
	}
	keptBelow, lacksBelow := inFiles(below)
	keptAbove, lacksAbove := inFiles(above)
	if lacksBelow && lacksAbove {
		keptAbove = above
	}
	return append(keptAbove, keptBelow...)
}
