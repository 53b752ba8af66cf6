package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bitops-engine/bitops/schema"
)

// meant ends a message about a word that is none of the names: with the one that may be meant, or the names, or nothing
// where there are too many.
func meant(word string, names []string) string {
	if hint := schema.DidYouMean(word, names); hint != "" {
		return ": " + hint
	}
	return ""
}

// flagError says of a flag that there is not which one may be meant: those of other programs, and long ones with one dash.
func flagError(cmd *cobra.Command, err error) error {
	word := ""
	if short, ok := errors.AsType[*pflag.NotExistError](err); ok {
		word = short.GetSpecifiedShortnames()
		if word == "" {
			word = short.GetSpecifiedName()
		}
	}
	word, _, _ = strings.Cut(word, "=")
	switch {
	case word == "":
		return usageError(cmd, err)
	case word == "y" || word == "yes":
		if cmd.Flags().Lookup("auto-approve") != nil {
			return usageError(cmd, fmt.Errorf("there is no flag %s: --auto-approve answers yes", dashed(word)))
		}
	case (word == "target" || word == "limit") && strings.Contains(cmd.Use, "SELECTOR"):
		return usageError(cmd, fmt.Errorf("there is no flag %s: name the environments, as in %s ENV", dashed(word), cmd.CommandPath()))
	case len(word) > 1 && cmd.Flags().Lookup(word) != nil:
		return usageError(cmd, fmt.Errorf("-%s needs two dashes: --%s", word, word))
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return usageError(cmd, fmt.Errorf("there is no flag %s%s", dashed(word), meant(word, names)))
}

// oneDash returns the error of a long flag with one dash that reads as a short one with a value: -out=FILE is -o ut=FILE.
func oneDash(cmd *cobra.Command) error {
	var wrong error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		rest, named := strings.CutPrefix(f.Name, f.Shorthand)
		value, _, _ := strings.Cut(f.Value.String(), "=")
		if f.Shorthand != "" && named && value == rest {
			wrong = usageError(cmd, fmt.Errorf("-%s needs two dashes: --%[1]s", f.Name))
		}
	})
	return wrong
}

// dashed returns a flag as it was most likely written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// counted says how many arguments there were.
func counted(args []string) string {
	switch len(args) {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", len(args))
}
