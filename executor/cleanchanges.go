package executor

import (
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// clearChanges returns changes as events show them.
func (m *Emitter) clearChanges(c *schema.Changes) *schema.Changes {
	return schema.Cleaner{Clean: m.clean, Mask: secret.Mask}.Changes(c)
}
