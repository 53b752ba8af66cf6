package plugin

import (
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Heeding = (*Plugin)(nil)

// Heeds implements environments.Heeding: the variables of the plugin's schema. What else its script reads, only the script
// knows.
func (p *Plugin) Heeds(_ *schema.Step, name string) environments.Heed {
	if strings.HasSuffix(name, "_CLI") || strings.HasSuffix(name, "_CLI_FILE") { // bitops says what they are
		return nil
	}
	for _, keys := range p.variables() {
		if heed, known := keys.Heeds(name); known {
			return heed
		}
	}
	return nil
}

// keyVariables are those of the schema's keys, and what begins like them under the name that the manifest gives the plugin.
func keyVariables(keys *schema.ToolSchema, name schema.ToolName) []environments.KeyVariables {
	return []environments.KeyVariables{
		environments.KeyVariablesOf(keys), environments.KeyVariablesOf(&schema.ToolSchema{Tool: name}),
	}
}
