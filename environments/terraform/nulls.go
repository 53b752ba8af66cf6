package terraform

import (
	"maps"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/schema"
)

// withNulls returns the outputs together with those that the module declares and terraform does not tell: it keeps no
// output that is null. That is so only right after all outputs were evaluated, so without targets.
func (s *session) withNulls(outputs schema.Values) schema.Values {
	if s.targeted() {
		return outputs
	}
	all := make(schema.Values, len(s.module.outputs))
	for name := range s.module.outputs {
		all[name] = schema.Value{Data: cty.NullVal(cty.DynamicPseudoType)}
	}
	maps.Copy(all, outputs)
	return all
}

// targeted reports whether a part of the module is left out.
func (s *session) targeted() bool {
	if len(s.targets) > 0 {
		return true
	}
	for name, value := range s.Variables {
		if strings.HasPrefix(name, "TF_CLI_ARGS") && (strings.Contains(value, "-target") || strings.Contains(value, "-exclude")) {
			return true
		}
	}
	return false
}
