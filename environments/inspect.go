package environments

import (
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

// Inspector tells what the files of steps declare, hooks included.
type Inspector struct {
	Repository string
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

// Inspect reads what a step's directory declares. Hooks take any input; any of them can leave outputs.
func (i Inspector) Inspect(tool schema.ToolName, dir string) (schema.Interface, schema.Problems) {
	for _, t := range i.Registered {
		if t.Name() != tool {
			continue
		}
		declared, problems := t.Inspect(i.Repository, dir)
		full := filepath.Join(i.Repository, filepath.FromSlash(dir))
		if hasHooks(full, beforeHooks, afterHooks, onFailureHooks) {
			declared.AnyInput, declared.MoreOutput = true, true
		}
		return declared, problems
	}
	return schema.Interface{}, nil
}
