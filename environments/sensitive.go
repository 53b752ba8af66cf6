package environments

import (
	"maps"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// withSecretFields marks the values as sensitive of which a field, at any depth, has a name that says that it is secret, and
// makes what is in the field known.
func (l *Lifecycle) withSecretFields(values schema.Values) schema.Values {
	var marked schema.Values
	for name, v := range values {
		if v.Sensitive || !v.HasField(secret.NameIsSecret) {
			continue
		}
		l.Secrets(v.FieldTexts(secret.NameIsSecret)...)
		if marked == nil {
			marked = maps.Clone(values)
		}
		v.Sensitive = true
		marked[name] = v
	}
	if marked == nil {
		return values
	}
	return marked
}
