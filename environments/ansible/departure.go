package ansible

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var (
	_ environments.Departing = (*Ansible)(nil)
	_ environments.Dated     = (*Ansible)(nil)
)

// Departures implements environments.Departing: the older keys that BitOps v2 ignored.
func (*Ansible) Departures(d schema.Directory) []environments.Departure {
	return environments.IgnoredKeys(configurationSchema(), d)
}

// ForV1 implements environments.Dated.
func (*Ansible) ForV1(d schema.Directory) bool {
	return environments.HasOlderKeys(configurationSchema(), d)
}
