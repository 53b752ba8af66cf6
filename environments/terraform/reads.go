package terraform

import (
	"regexp"

	"github.com/bitops-engine/bitops/environments"
)

var _ environments.Reader = (*Terraform)(nil)

// reads are the data sources by which a configuration reads the state of another one, or runs a program that can.
var reads = regexp.MustCompile(`\bterraform_remote_state\b|\btfe_outputs\b|"external"`)

// Reads implements environments.Reader.
func (*Terraform) Reads() *regexp.Regexp { return reads }
