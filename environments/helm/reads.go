package helm

import (
	"regexp"

	"github.com/bitops-engine/bitops/environments"
)

var _ environments.Reader = (*Helm)(nil)

// reads is how a template asks the cluster for what is there.
var reads = regexp.MustCompile(`\blookup\s+["$(.]`)

// Reads implements environments.Reader.
func (*Helm) Reads() *regexp.Regexp { return reads }
