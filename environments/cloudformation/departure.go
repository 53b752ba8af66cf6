package cloudformation

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Departing = (*CloudFormation)(nil)

// Departures implements environments.Departing: the older keys that BitOps v2 ignored.
func (*CloudFormation) Departures(d schema.Directory) []environments.Departure {
	return environments.IgnoredKeys(unfinishedSchema(), d)
}
