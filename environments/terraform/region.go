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
	uses := false
	var providers []*hclsyntax.Block
	for _, file := range m.parsed {
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		for _, block := range body.Blocks {
			switch {
			case len(block.Labels) == 0:
			case block.Type == "provider" && block.Labels[0] == "aws":
				providers = append(providers, block)
			case strings.HasPrefix(block.Labels[0], "aws_") && (block.Type == "resource" || block.Type == "data"):
				uses = true
			}
		}
	}
	written := ""
	switch {
	case len(providers) > 1, len(providers) == 0 && !uses:
		return ""
	case len(providers) == 1:
		var ok bool
		if written, ok = regionOf(providers[0]); !ok {
			return ""
		}
	}
	return cmp.Or(written, variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"])
}

// regionOf returns the region that a provider block says, "" where it says none. It is not ok where that is not a string
// in the file.
func regionOf(provider *hclsyntax.Block) (region string, ok bool) {
	attribute := provider.Body.Attributes["region"]
	if attribute == nil {
		return "", true
	}
	value, diagnostics := attribute.Expr.Value(nil)
	if diagnostics.HasErrors() || value.IsNull() || value.Type() != cty.String {
		return "", false
	}
	return value.AsString(), true
}
