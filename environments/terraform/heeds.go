package terraform

import (
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Heeding = (*Terraform)(nil)

var keyVariables = sync.OnceValue(func() environments.KeyVariables { return environments.KeyVariablesOf(configurationSchema()) })

// Heeds implements environments.Heeding: terraform's own variables beside those of the configuration. A value for an input
// counts where something declares the input, or a hook may use it. One of an ephemeral input is another each time by nature;
// terraform wants that there is one where there was one.
func (*Terraform) Heeds(step *schema.Step, name string) environments.Heed {
	heed, known := keyVariables().Heeds(name)
	input, valued := strings.CutPrefix(name, "TF_VAR_")
	switch {
	case known:
		return heed
	case name == variableApply, name == variableDestroy, name == "TF_WORKSPACE", strings.HasPrefix(name, "TF_CLOUD_"):
		return environments.HeedValue
	case strings.HasPrefix(name, cliArguments):
		return decidingArguments
	case valued:
		declared, ok := step.Interface.Input(input)
		switch {
		case step.Interface.AnyInput, ok && !declared.Ephemeral:
			return environments.HeedWhole
		case ok:
			return environments.HeedSet
		}
	}
	return nil
}
