package executor

import (
	"fmt"

	"github.com/bitops-engine/bitops/schema"
)

// learn makes the sensitive outputs of a step known, and says of each output that counts as sensitive although nothing
// declares it so why that is: it is missed when a later run needs it.
func (r *run) learn(step *schema.Step, outputs schema.Values) schema.Values {
	learned := r.Emitter.Learn(outputs)
	for _, name := range learned.Names() {
		if v := learned[name]; v.Sensitive && !outputs[name].Sensitive {
			r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
				"output %s counts as sensitive, and is not recorded: %s", name, v.Reason)})
		}
	}
	return learned
}

// withhold notes why an output that a step needs has no value: it is sensitive, and nothing can be asked for it.
func (g *given) withhold(ref schema.Reference, value schema.Value) {
	if !value.Sensitive || value.Known() {
		return
	}
	text := ref.String() + " is sensitive"
	if value.Reason != "" {
		text += " (" + value.Reason + ")"
	}
	g.withheld = append(g.withheld, text)
}
