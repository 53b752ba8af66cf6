package environments

import (
	"maps"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// Heeding is a Tool that knows which variables of the caller decide what its steps do. Those are promised when a step is
// planned. Where a cluster or an account is, and with whose credentials, is not among them: plan and apply may have
// different ones.
type Heeding interface {
	// Heeds returns what of a variable decides what a step does, nil where it decides nothing.
	Heeds(step *schema.Step, name string) Heed
}

// Heed returns what of a variable's value decides what a step does. It is not ok where that is the same as if the variable
// were not set.
type Heed func(value string) (decides string, ok bool)

// HeedWhole heeds a variable that is something else when it is empty than when it is not set.
func HeedWhole(value string) (string, bool) { return value, true }

// HeedValue heeds a variable that says nothing when it is empty.
func HeedValue(value string) (string, bool) { return value, value != "" }

// HeedSet heeds whether a variable is set, and not to what.
func HeedSet(string) (string, bool) { return "set", true }

// KeyVariables are the variables that beat the keys of a tool's configuration.
type KeyVariables struct {
	decide map[string]bool // by name: false for those that decide nothing
	prefix string          // of the longest names
}

// KeyVariablesOf returns those of a schema.
func KeyVariablesOf(s *schema.ToolSchema) KeyVariables {
	return KeyVariables{decide: s.Variables(), prefix: ownPrefix(s.Tool)}
}

// ownPrefix begins the names of the variables that are about one tool alone.
func ownPrefix(tool schema.ToolName) string { return "BITOPS_" + variableName(string(tool)) + "_" }

// Heeds is Heeding's for these variables. Known is false for a name that is not among them.
func (k KeyVariables) Heeds(name string) (heed Heed, known bool) {
	decides, known := k.decide[name]
	if decides || !known && strings.HasPrefix(name, k.prefix) {
		return HeedValue, true
	}
	return nil, known
}

// heeds is Heeding's for any tool.
func (l *Lifecycle) heeds(step *schema.Step, name string) Heed {
	if tool, ok := l.tool(step.Tool).(Heeding); ok {
		return tool.Heeds(step, name)
	}
	if strings.HasPrefix(name, ownPrefix(step.Tool)) {
		return HeedValue
	}
	return nil
}

// variableHashes returns the hashes of the variables that the manifest sets, and of what the caller's decide: they beat
// the step's files. Those that an older fingerprint has and that decide nothing are taken as they were.
func (l *Lifecycle) variableHashes(step *schema.Step, like *schema.Fingerprint) (map[string]string, error) {
	hashes := map[string]string{}
	for name, hash := range like.Variables {
		if oncePromised(step.Tool, name) && l.heeds(step, name) == nil {
			hashes[name] = hash
		}
	}
	decide := Variables{}
	for name, value := range VariablesOf(l.Environ) {
		if heed := l.heeds(step, name); heed != nil {
			if what, ok := heed(value); ok {
				decide[name] = l.whereverItIs(what, like)
			}
		}
	}
	caller := maps.Clone(decide)
	maps.Copy(decide, step.Env)
	for name, value := range decide {
		_, ofCaller := caller[name]
		sensitive := ofCaller || secret.NameIsSecret(name) || strings.HasPrefix(name, "TF_VAR_") // which may be
		var err error
		if hashes[name], err = l.hashes.of(name, value, sensitive, like.Variables[name]); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// oncePromised reports whether fingerprints of version 0 had a variable of the caller.
func oncePromised(tool schema.ToolName, name string) bool {
	return strings.HasPrefix(name, ownPrefix(tool)) || strings.HasPrefix(name, "TF_VAR_") || name == "TF_WORKSPACE"
}

// whereverItIs returns a value with a place in the checkout named alike wherever the checkout is.
func (l *Lifecycle) whereverItIs(value string, like *schema.Fingerprint) string {
	if like.Variables != nil && like.Version == 0 { // which had them as they were
		return value
	}
	return strings.ReplaceAll(value, l.Repository+"/", "$BITOPS_SOURCE_DIR/")
}
