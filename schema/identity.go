package schema

import (
	"maps"
	"slices"
	"strings"
)

// Identity is the thing in the world that a step owns: a state, a stack, a release. A step is renamed, its files move, but
// what it owns stays. Two steps with the same Key own the same thing.
type Identity struct {
	// Key names the thing in words, always in the same ones: "terraform state in s3, bucket=b key=k". It holds no secret.
	Key string `json:"key"`

	// Target is where the thing is, for people and for pins: cluster, kube_context, aws_account, aws_region.
	Target map[string]string `json:"target,omitempty"`

	// Lineage is what terraform calls the history of one state. It is evidence beside the Key: "" where it is not known.
	Lineage string `json:"lineage,omitempty"`

	// File is the path of a file that is the thing, on this machine; "" for what is elsewhere.
	File string `json:"file,omitempty"`

	// Guessed says that the Key is made of what the files say alone: what the caller's settings add, such as the cluster or
	// the account, is not in it. Such a Key is compared with other guessed ones only, and is never written down. Up to its first
	// comma it is how the certain Key begins.
	Guessed bool `json:"-"`
}

// Claimant is a step that claimed what an identity names. Its environment is what a run locks that changes the step.
type Claimant struct {
	Step        StepName        `json:"step"`
	Environment EnvironmentName `json:"environment"`
}

// The names in a Target.
const (
	TargetCluster = "cluster" // the address of the API server
	TargetContext = "kube_context"
	TargetAccount = "aws_account"
	TargetRegion  = "aws_region"
)

// Same reports whether both name the same thing. Nil names nothing that is known.
func (i *Identity) Same(other *Identity) bool {
	return i != nil && other != nil && i.Guessed == other.Guessed && i.Key == other.Key
}

// MayBe reports whether a guessed identity can turn out to be another one, which is certain.
func (i *Identity) MayBe(certain *Identity) bool {
	name, _, _ := strings.Cut(i.Key, ",")
	return certain.Key == name || strings.HasPrefix(certain.Key, name+" ")
}

// SameLineage reports whether both are known to be the same state, wherever it is.
func (i *Identity) SameLineage(other *Identity) bool {
	return i != nil && other != nil && i.Lineage != "" && i.Lineage == other.Lineage
}

// Knowing returns the identity with the lineage that an earlier one of the same thing has, where it has none itself.
func (i *Identity) Knowing(earlier *Identity) *Identity {
	if !i.Same(earlier) || i.Lineage != "" || earlier.Lineage == "" {
		return i
	}
	known := *i
	known.Lineage = earlier.Lineage
	return &known
}

// KeyOf returns the identity's key, "" for nil.
func (i *Identity) KeyOf() string {
	if i == nil {
		return ""
	}
	return i.Key
}

// Where returns the target in one line, "" when there is none: "aws_account 111111111111, aws_region eu-west-1".
func (i *Identity) Where() string {
	if i == nil {
		return ""
	}
	parts := make([]string, 0, len(i.Target))
	for _, name := range slices.Sorted(maps.Keys(i.Target)) {
		parts = append(parts, name+" "+i.Target[name])
	}
	return strings.Join(parts, ", ")
}

// Elsewhere says how the account or region of now differs from that of before, in one line; "" where both are the same or
// one of them says nothing. Clusters are told apart by the Key: the same one can have several addresses and names.
func (i *Identity) Elsewhere(now *Identity) string {
	if i == nil || now == nil {
		return ""
	}
	var parts []string
	for _, name := range []string{TargetAccount, TargetRegion} {
		was, is := i.Target[name], now.Target[name]
		if was != "" && is != "" && was != is {
			parts = append(parts, name+" was "+was+" and is "+is)
		}
	}
	return strings.Join(parts, "; ")
}
