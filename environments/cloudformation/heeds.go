package cloudformation

import (
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Heeding = (*CloudFormation)(nil)

var keyVariables = sync.OnceValue(func() environments.KeyVariables { return environments.KeyVariablesOf(configurationSchema()) })

// Heeds implements environments.Heeding: the variables of the configuration. Those of AWS say where and as whom.
func (*CloudFormation) Heeds(_ *schema.Step, name string) environments.Heed {
	heed, _ := keyVariables().Heeds(name)
	return heed
}
