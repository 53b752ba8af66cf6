package environments

import (
	"context"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Previewer is a Tool whose configuration can say that a step cannot be previewed.
type Previewer interface {
	// NoPreview returns why a step is not previewed, or "". Hooks may have edited the configuration before.
	NoPreview(c *Call) (reason string, err error)
}

// keyPreview is the property of a tool's configuration that says so, with false.
const keyPreview = "options.preview"

// NoPreview returns why a configuration keeps its step from being previewed, or "".
func NoPreview(v *schema.ToolValues) string {
	if !v.Has(keyPreview) || v.Flag(keyPreview) {
		return ""
	}
	if name, ok := strings.CutPrefix(v.From(keyPreview), "variable "); ok {
		return name + " is false"
	}
	return keyPreview + " is false"
}

// previewed lets the tool preview a step, unless its configuration says that it cannot: nobody knows the changes then.
func previewed(ctx context.Context, c *Call, tool Tool, preview func(context.Context, *Call) (Result, error)) (Result, error) {
	if why := unpreviewable(c, tool); why != "" && skipped(c, tool) == "" {
		c.Notice("no preview: %s", why)
		return Result{}, nil
	}
	return preview(ctx, c)
}

// unpreviewable says why a step is not previewed, or "". What is wrong with a configuration, the preview tells.
func unpreviewable(c *Call, tool Tool) string {
	p, ok := tool.(Previewer)
	if !ok {
		return ""
	}
	why, err := p.NoPreview(c)
	if err != nil {
		return ""
	}
	return why
}
