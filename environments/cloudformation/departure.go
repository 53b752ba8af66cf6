package cloudformation

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var (
	_ environments.Departing = (*CloudFormation)(nil)
	_ environments.Dated     = (*CloudFormation)(nil)
)

// Departures implements environments.Departing: the older keys that BitOps v2 ignored.
func (*CloudFormation) Departures(d schema.Directory) []environments.Departure {
	return environments.IgnoredKeys(unfinishedSchema(), d)
}

// ForV1 implements environments.Dated.
func (*CloudFormation) ForV1(d schema.Directory) bool {
	return environments.HasOlderKeys(unfinishedSchema(), d)
}
