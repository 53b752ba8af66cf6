package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// next returns the command that goes on after a run that did not succeed. A run that changes things is resumed; any
// other is run again. Flags are those that were given.
func (g *global) next(cmd *cobra.Command, selectors []string) func(*schema.Report) string {
	return func(r *schema.Report) string {
		if r.Outcome == schema.Succeeded {
			return ""
		}
		if r.Signed && r.Outcome == schema.Held && len(approvals(r)) == 0 {
			return "bitops plan -o plan.bitops --sign KEY" // what is held is not in the signed plan
		}
		words := []string{cmd.CommandPath()}
		var inRun map[string]bool
		if resumable(r.Command) {
			if cmd.HasParent() { // a plan file is applied, whatever it does
				words[0] = cmd.Parent().CommandPath() + " " + string(r.Command)
			}
			inRun = setsTheRun
			words = append(words, "--resume="+string(r.Run))
			words = append(words, approvals(r)...)
			selectors = nil
		} else if r.Command == schema.CommandDeploy {
			inRun = approvesNow
			words = append(words, approvals(r)...)
		}
		for _, selector := range selectors {
			words = append(words, shellWord(selector))
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Changed && !g.byVariable[f.Name] && !inRun[f.Name] {
				words = append(words, flagWords(f)...)
			}
		})
		return strings.Join(words, " ")
	}
}

// setsTheRun are flags whose meaning is in the run that is resumed.
var setsTheRun = map[string]bool{"resume": true, "approve": true, "from": true, "exclude": true, "with-dependencies": true, "with-dependents": true}

// approvesNow are flags about plans of the last run.
var approvesNow = map[string]bool{"approve": true}

func resumable(c schema.Command) bool { return c == schema.CommandApply || c == schema.CommandDestroy }

// approvals returns the flags that approve what a run showed and held.
func approvals(r *schema.Report) []string {
	var words []string
	seen := map[schema.EnvironmentName]bool{}
	for i := range r.Steps {
		environment := r.Steps[i].Environment
		if seen[environment] {
			continue
		}
		seen[environment] = true
		if _, digest := r.Approvable(environment); digest != "" {
			words = append(words, "--approve", shellWord(string(environment)+"@"+digest))
		}
	}
	return words
}

// flagWords returns a flag as it is written on a command line. A value that is a secret is left for the person.
func flagWords(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		var words []string
		for _, item := range list.GetSlice() {
			words = append(words, "--"+f.Name, shellWord(hideSecret(item)))
		}
		return words
	}
	switch value := f.Value.String(); {
	case value == "true":
		return []string{"--" + f.Name}
	case f.Name == "chdir":
		return []string{"-C", shellWord(value)}
	default:
		return []string{"--" + f.Name + "=" + shellWord(value)}
	}
}

// shellWord quotes a word that a shell would not take as it is.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// hideSecret takes the value out of NAME=value when the name says that it is secret.
func hideSecret(entry string) string {
	name, _, ok := strings.Cut(entry, "=")
	if ok && secret.NameIsSecret(name) {
		return name + "=..."
	}
	return entry
}
