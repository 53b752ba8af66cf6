package terraform

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Departing = (*Terraform)(nil)

// Departures implements environments.Departing: the older keys that BitOps v2 ignored.
func (*Terraform) Departures(d schema.Directory) []environments.Departure {
	return environments.IgnoredKeys(configurationSchema(), d)
}
