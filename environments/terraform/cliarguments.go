package terraform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-shellwords"

	"github.com/bitops-engine/bitops/environments"
)

// terraform puts the words of TF_CLI_ARGS_plan before the arguments of plan, and those of TF_CLI_ARGS_apply before those of
// apply. Taken as they are, one of them would shape the preview and the other what is done. So plan and apply are given what
// decides in either of them, and each its own that only say how it goes about it.

// cliArguments begins the names of these variables. Alone it is for every command.
const cliArguments = "TF_CLI_ARGS"

// idleArguments change nothing of what is planned or done, and tell whether a value belongs to them.
var idleArguments = map[string]bool{
	"parallelism": true, "lock": false, "lock-timeout": true, "backup": true, "compact-warnings": false, "no-color": false,
	"input": false, "json": false, "auto-approve": false, "concise": false, "show-sensitive": false,
	"consolidate-warnings": false, "consolidate-errors": false,
}

// foreignArguments would break what bitops does with a plan; each with what to use in its place.
var foreignArguments = map[string]string{
	"detailed-exitcode": "bitops plan --detailed-exitcode",
	"out":               "bitops plan -o FILE",
}

// refusedArguments make another act of plan and apply; each with what to do instead.
var refusedArguments = map[string]string{
	"destroy":      "use bitops destroy",
	"refresh-only": "bitops drift tells what moved, and an apply would apply nothing",
}

// switches are the arguments beside the idle ones to which no value belongs.
var switches = []string{"refresh", "refresh-only", "destroy", "detailed-exitcode", "upgrade", "reconfigure", "migrate-state", "force-copy", "get", "backend"}

// cliArgument is one argument: its name without dashes, and its words.
type cliArgument struct {
	name  string
	words []string
}

func (a cliArgument) idle() bool {
	_, idle := idleArguments[a.name]
	return idle
}

// parseCLIArguments takes the value of such a variable apart as terraform does.
func parseCLIArguments(variable, value string) ([]cliArgument, error) {
	words, err := shellwords.Parse(value)
	if err != nil {
		return nil, environments.Failuref("variable %s cannot be taken apart into words: %v", variable, err)
	}
	var all []cliArgument
	open := false // the next word may be the value of the last argument
	for _, word := range words {
		name, dashed := strings.CutPrefix(word, "-")
		if open && !dashed {
			last := &all[len(all)-1]
			last.words, open = append(last.words, word), false
			continue
		}
		name, _, valued := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		takes, idle := idleArguments[name]
		open = dashed && !valued && (takes || !idle && !slices.Contains(switches, name))
		all = append(all, cliArgument{name, []string{word}})
	}
	return all, nil
}

// decidingArguments are what of such a variable decides what terraform does.
func decidingArguments(value string) (string, bool) {
	all, err := parseCLIArguments("", value)
	if err != nil {
		return value, true
	}
	all = slices.DeleteFunc(all, func(a cliArgument) bool { return a.idle() || foreignArguments[a.name] != "" })
	return quoted(all), len(all) > 0
}

// shareArguments returns the variable that hands plan or apply the arguments of the caller. A saved plan holds already what
// decided it.
func (s *session) shareArguments(command string, saved, destroys bool) (map[string]string, error) {
	var words []cliArgument
	for _, of := range []string{"plan", "apply", "destroy"} {
		if of == "destroy" && !destroys {
			continue
		}
		variable := cliArguments + "_" + of
		all, err := parseCLIArguments(variable, s.Variables[variable])
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			instead, refused := refusedArguments[a.name]
			switch {
			case foreignArguments[a.name] != "":
				s.Notice("-%s in %s is left out: %s does that", a.name, variable, foreignArguments[a.name])
			case a.name == "destroy" && destroys:
			case refused:
				return nil, environments.Failuref("%s holds -%s, which makes another thing of plan and apply: take it out; %s", variable, a.name, instead)
			case a.idle() && of == command, !a.idle() && (!saved || s.again(a)):
				words = append(words, a)
			}
		}
	}
	variable := cliArguments + "_" + command
	if _, set := s.Variables[variable]; !set && len(words) == 0 {
		return nil, nil
	}
	return map[string]string{variable: quoted(words)}, nil
}

// again reports whether an argument is given to a saved plan too: it may set an ephemeral variable, which is not in there.
func (s *session) again(a cliArgument) bool {
	return (a.name == "var" || a.name == "var-file") && s.module.hasEphemeral()
}

// limited reports whether the caller's arguments leave some of the resources out.
func (s *session) limited() bool {
	if len(s.targets) > 0 {
		return true
	}
	for _, of := range []string{"plan", "apply", "destroy"} {
		all, _ := parseCLIArguments("", s.Variables[cliArguments+"_"+of])
		if slices.ContainsFunc(all, func(a cliArgument) bool {
			return strings.HasPrefix(a.name, "target") || strings.HasPrefix(a.name, "exclude")
		}) {
			return true
		}
	}
	return false
}

// quoted writes arguments so that terraform takes them apart into the same words.
func quoted(arguments []cliArgument) string {
	var words []string
	for _, a := range arguments {
		for _, word := range a.words {
			words = append(words, fmt.Sprintf("'%s'", strings.ReplaceAll(word, "'", `'\''`)))
		}
	}
	return strings.Join(words, " ")
}
