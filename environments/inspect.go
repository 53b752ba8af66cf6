package environments

import (
	"path"
	"slices"
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// Inspector tells what the files of steps declare, hooks and defaults included. It is safe for concurrent use.
type Inspector struct {
	Repository string
	Default    string // the default folder's name
	Registered []Tool

	defaults sync.Map // of each deployment that was asked for: func() inspected
}

// inspected is what the files of a directory declare.
type inspected struct {
	dir      string // "" for none
	declared schema.Interface
	problems schema.Problems
}

// Tools lists the tools in their default order.
func (i *Inspector) Tools() []schema.ToolName {
	names := make([]schema.ToolName, len(i.Registered))
	for n, t := range i.Registered {
		names[n] = t.Name()
	}
	return names
}

// Deployments returns the directories of the steps that a tool makes of a directory, relative to it: "." for one step.
func (i *Inspector) Deployments(tool schema.ToolName, dir string) ([]string, schema.Problems) {
	for _, t := range i.Registered {
		if e, ok := t.(Expander); ok && t.Name() == tool {
			return e.Deployments(i.Repository, dir)
		}
	}
	return []string{"."}, nil
}

// Inspect reads what a deployment of an environment declares, its defaults included. Hooks take any input; any of them
// can leave outputs.
func (i *Inspector) Inspect(tool schema.ToolName, environment, deployment string) (schema.Interface, schema.Problems) {
	for _, t := range i.Registered {
		if t.Name() != tool {
			continue
		}
		own := i.inspect(t, path.Join(environment, deployment))
		if below := i.inspectDefault(t, deployment); below.dir != "" {
			return layered(below.declared, own.declared), layeredProblems(below, own)
		}
		return own.declared, own.problems
	}
	return schema.Interface{}, nil
}

// inspectDefault looks at what the default folder has of a deployment, once for all environments.
func (i *Inspector) inspectDefault(t Tool, deployment string) inspected {
	if i.Default == "" {
		return inspected{}
	}
	type key struct {
		tool       schema.ToolName
		deployment string
	}
	look, _ := i.defaults.LoadOrStore(key{t.Name(), deployment}, sync.OnceValue(func() inspected {
		if lower := path.Join(i.Default, deployment); (schema.Directory{Root: i.Repository}).HasDirectory(lower) {
			return i.inspect(t, lower)
		}
		return inspected{}
	}))
	return look.(func() inspected)()
}

func (i *Inspector) inspect(t Tool, dir string) inspected {
	listed := schema.Directory{Root: i.Repository, Name: dir}.Listed()
	declared, problems := t.Inspect(listed)
	_, several := t.(Expander)
	above := schema.Directory{Root: i.Repository, Name: path.Dir(dir)}
	if hasHooks(listed, beforeHooks, afterHooks, onFailureHooks) || several && hasHooks(above, beforeHooks, afterHooks) {
		declared.AnyInput, declared.MoreOutput = true, true
	}
	return inspected{dir, declared, problems}
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
	above.Layers = slices.Concat(above.Layers, below.Layers)
	return above
}

// lacks reports whether a problem is that the directory lacks something, which another could have.
func (i inspected) lacks(p schema.Problem) bool {
	return p.Line == 0 && (p.File == i.dir || p.Severity == schema.SeverityWarning)
}

// layeredProblems keeps the problems in files. That a directory lacks something is one only when the other lacks it too.
func layeredProblems(below, above inspected) schema.Problems {
	var kept schema.Problems
	for _, p := range above.problems {
		same := func(q schema.Problem) bool { return below.lacks(q) && q.Message == p.Message }
		if !above.lacks(p) || slices.ContainsFunc(below.problems, same) {
			kept = append(kept, p)
		}
	}
	for _, p := range below.problems {
		if !below.lacks(p) {
			kept = append(kept, p)
		}
	}
	return kept
}
