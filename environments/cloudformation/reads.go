package cloudformation

import (
	"regexp"

	"github.com/bitops-engine/bitops/environments"
)

var _ environments.Reader = (*CloudFormation)(nil)

// reads is how a template takes what other stacks export, or what is in a store of parameters or secrets.
var reads = regexp.MustCompile(`\bImportValue\b|\{\{resolve:`)

// Reads implements environments.Reader.
func (*CloudFormation) Reads() *regexp.Regexp { return reads }
