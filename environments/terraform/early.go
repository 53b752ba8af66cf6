package terraform

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// earlyHint says where OpenTofu finds the variables that it needs before there are inputs: every command needs them, also
// those that bitops runs to ask for outputs, when the inputs of the step are not known.
const earlyHint = "Variables choose a backend or a module here, and tofu init gets neither inputs nor var-files: " +
	"set them in terraform.tfvars or *.auto.tfvars, or as TF_VAR_NAME under env in the manifest."

// early reports whether variables choose the backend or where a module comes from. terraform lets them not, OpenTofu does.
func (m *module) early() bool {
	for _, file := range m.parsed {
		body, ok := file.Body.(*hclsyntax.Body)
		if ok && slices.ContainsFunc(body.Blocks, earlyBlock) {
			return true
		}
	}
	return false
}

func earlyBlock(block *hclsyntax.Block) bool {
	switch block.Type {
	case "terraform":
		return usesVariables(block.Body)
	case "module":
		for _, name := range []string{"source", "version"} {
			if attribute := block.Body.Attributes[name]; attribute != nil && ofVariables(attribute.Expr) {
				return true
			}
		}
	}
	return false
}

// usesVariables reports whether an argument of a body, or of a block in it, uses a variable.
func usesVariables(body *hclsyntax.Body) bool {
	for _, attribute := range body.Attributes {
		if ofVariables(attribute.Expr) {
			return true
		}
	}
	return slices.ContainsFunc(body.Blocks, func(b *hclsyntax.Block) bool { return usesVariables(b.Body) })
}

func ofVariables(e hclsyntax.Expression) bool {
	return slices.ContainsFunc(e.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "var" || t.RootName() == "local" })
}
