package terraform

import (
	"cmp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
)

// awsRegion returns the region in which the resources of the module are, "" where the files do not tell, or nothing of AWS
// is in them: what its only provider block says, else what the variables do.
func (m *module) awsRegion(variables environments.Variables) string {
	uses, blocks, written := false, 0, ""
	for _, file := range m.parsed {
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		for _, block := range body.Blocks {
			switch {
			case len(block.Labels) == 0:
			case block.Type == "provider" && block.Labels[0] == "aws":
				uses, blocks = true, blocks+1
				region := block.Body.Attributes["region"]
				if region == nil {
					continue
				}
				value, diagnostics := region.Expr.Value(nil)
				if diagnostics.HasErrors() || value.IsNull() || value.Type() != cty.String {
					return ""
				}
				written = value.AsString()
			case strings.HasPrefix(block.Labels[0], "aws_") && (block.Type == "resource" || block.Type == "data"):
				uses = true
			}
		}
	}
	if !uses || blocks > 1 {
		return ""
	}
	return cmp.Or(written, variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"])
}
