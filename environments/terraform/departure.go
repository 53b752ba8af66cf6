package terraform

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var (
	_ environments.Departing = (*Terraform)(nil)
	_ environments.Dated     = (*Terraform)(nil)
)

// Departures implements environments.Departing: the older keys that BitOps v2 ignored.
func (*Terraform) Departures(d schema.Directory) []environments.Departure {
	return environments.IgnoredKeys(configurationSchema(), d)
}

// ForV1 implements environments.Dated. BitOps v2 has no version.
func (*Terraform) ForV1(d schema.Directory) bool {
	values, _ := configurationSchema().Resolve(d, nil) // what is wrong, validate tells
	return values.HasOlderKeys() || values.Has(keyVersion)
}
