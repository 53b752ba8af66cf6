package plugin

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// every has a key of every kind.
const every = `hello:
  properties:
    cli:
      properties:
        command: {type: string}
        extra-vars: {type: string, parameter: extra-vars, export_env: EXTRA}
        forks: {type: integer, parameter: forks}
        check: {type: boolean, parameter: check, default: true, export_env: CHECK}
        alone: {type: boolean, default: true}
        target: {type: list, parameter: target, export_env: TARGETS}
        labels: {type: object, parameter: labels}
        short: {type: string, parameter: s, dash_type: "-"}
        hidden: {type: string, parameter: hidden, enabled: false}
        stack-action: {type: string, default: up}
    options:
      properties:
        type: {type: string, export_env: TYPE}
        default: {type: string, default: none, export_env: DEFAULT}
        verbosity: {type: integer, export_env: VERBOSITY, default: 1}
        wait: {type: boolean, export_env: WAIT, default: true}
`

// shows prints the argv of the program that the plugin stands for, as the shell and as the file make it.
const shows = `tool() { printf '<%s>' "$@"; echo; }
tool $BITOPS_HELLO_CLI
mapfile -d '' -t args < "$BITOPS_HELLO_CLI_FILE"; tool "${args[@]}"
echo "$EXTRA/$CHECK/$TARGETS/$TYPE/$DEFAULT/$VERBOSITY/$WAIT"
[ "$CHECK$TARGETS$WAIT" = "$BITOPS_CHECK$BITOPS_TARGETS$BITOPS_WAIT" ] || echo differs
`

// configured returns what a plugin with every kind of key makes of a configuration: the words of $BITOPS_HELLO_CLI, the
// arguments in the file, and the exports.
func configured(t *testing.T, config string, env map[string]string) []string {
	t.Helper()
	s := tell(t, map[string]string{
		"plugins/hello/bitops.schema.yaml": every, "plugins/hello/deploy.sh": shows, "net/hello/bitops.config.yaml": config,
	})
	s.env = env
	s.apply()
	lines := strings.Split(s.log(), "\n")
	if len(lines) != 3 {
		t.Fatalf("log:\n%s", s.log())
	}
	return lines
}

func TestCommandLineOfAPlugin(t *testing.T) {
	lines := configured(t, "hello: {cli: {command: run, forks: 5, short: x, labels: {a: 1}, target: [a, b]}}", nil)
	want := `<run><--forks=5><--check><--target=a><--target=b><--labels={"a":1}><-s=x><up>`
	for _, i := range []int{0, 1} {
		equal(t, "arguments", lines[i], want)
	}
}

// Each test below is named after the fault of BitOps that it keeps away.

func TestWasAnUndocumentedVariableOnlyOverrides(t *testing.T) {
	for _, name := range []string{"VERBOSITY", "BITOPS_VERBOSITY", "BITOPS_HELLO_VERBOSITY"} {
		lines := configured(t, "hello: {options: {verbosity: 2}}", map[string]string{name: "3"})
		equal(t, name, strings.Split(lines[2], "/")[5], "3")
	}
	lines := configured(t, "hello: {options: {verbosity: 2}}", map[string]string{"BITOPS_HELLO_VERBOSITY": ""})
	equal(t, "an empty variable", strings.Split(lines[2], "/")[5], "2")
}

func TestWasFalseAndZeroIgnored(t *testing.T) {
	lines := configured(t, "hello: {cli: {check: false, forks: 0}, options: {wait: false, verbosity: 0, default: ''}}", nil)
	equal(t, "arguments", lines[0], "<--forks=0><up>")
	equal(t, "exports", lines[2], "/false////0/false")
}

func TestWasQuotedFalseTrue(t *testing.T) {
	lines := configured(t, `hello: {cli: {check: "false"}, options: {wait: "no"}}`, nil)
	equal(t, "arguments", lines[0], "<up>")
	equal(t, "exports", lines[2], "/false///none/1/false")
}

func TestWasAStringInAListSplitIntoCharacters(t *testing.T) {
	lines := configured(t, "hello: {cli: {target: module.app}}", nil)
	equal(t, "arguments", lines[0], "<--check><--target=module.app><up>")
	equal(t, "exports", lines[2], "/true/module.app//none/1/true")
}

func TestWasAWrongTypeATraceback(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/bitops.schema.yaml": every, "plugins/hello/deploy.sh": shows,
		"net/hello/bitops.config.yaml": "hello:\n  cli:\n    forks: many\n",
	})
	equal(t, "failure", s.fails(schema.CommandApply).Message,
		"net/hello/bitops.config.yaml:3:12: cli.forks must be a whole number, not \"many\"")
	equal(t, "actions", s.actions(), "")
}

func TestWasListsAndObjectsDropped(t *testing.T) {
	lines := configured(t, "hello: {cli: {target: [a, b], labels: {k: [1, 2]}}}", nil)
	equal(t, "arguments", lines[1], `<--check><--target=a><--target=b><--labels={"k":[1,2]}><up>`)
}

func TestWasAValueWithASpaceTwoArguments(t *testing.T) {
	lines := configured(t, `hello: {cli: {extra-vars: "a=1 b=it's"}}`, nil)
	equal(t, "arguments in the file", lines[1], `<--extra-vars=a=1 b=it's><--check><up>`)
	equal(t, "words in the variable, as in v2", lines[0], `<--extra-vars=a=1><b=it's><--check><up>`)
}

func TestWasAKeyCalledTypeOrDefaultLost(t *testing.T) {
	lines := configured(t, "hello: {options: {type: t, default: d}}", nil)
	equal(t, "exports", lines[2], "/true//t/d/1/true")
}

// v2 joins a list in a variable with spaces, which is what its scripts take apart.
func TestListsInVariablesAreWords(t *testing.T) {
	lines := configured(t, "hello: {cli: {target: [a, b c]}}", nil)
	equal(t, "exports", lines[2], "/true/a b c//none/1/true")
}

func TestWasRequiredAndFalseMissing(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/bitops.schema.yaml": "hello: {properties: {options: {properties: {on: {type: boolean, required: true}, n: {type: integer, required: true}}}}}",
		"plugins/hello/deploy.sh":          "echo ran", "net/hello/bitops.config.yaml": "hello: {options: {on: false, n: 0}}",
	})
	s.apply()
	s.write(map[string]string{"net/hello/bitops.config.yaml": "hello: {options: {on: false}}"})
	contains(t, "failure", s.fails(schema.CommandApply).Message, "options.n is required and has no value (set it, or the variable BITOPS_HELLO_N)")
}

func TestWasVariablesOfOneStepInTheNext(t *testing.T) {
	s := tell(t, example)
	s.apply()
	if _, leaked := s.variables["HELLO_NAME"]; leaked {
		t.Error("HELLO_NAME is left in the caller's variables")
	}
	s.write(map[string]string{"net/hello/bitops.config.yaml": "hello: {cli: {name: Grace}}"})
	s.apply()
	contains(t, "log", s.log(), "Hey Grace")
	lacks(t, "log", s.log(), "green")
}

func TestUnknownKeysAreToldOnce(t *testing.T) {
	s := tell(t, example)
	s.write(map[string]string{"net/hello/bitops.config.yaml": "hello:\n  cli: {name: x}\n  optoins: {}\n"})
	s.apply()
	equal(t, "notices", s.notices(), "")
	_, found := s.plugin().Inspect(schema.Directory{Root: s.repository, Name: "net/hello"})
	equal(t, "problems of the repository", found.Error(), `net/hello/bitops.config.yaml:3:3: warning: unknown key "optoins" (did you mean "options"?)`)
}

func TestLongCommandLinesAreInTheFile(t *testing.T) {
	long := strings.Repeat("x", 200_000) // longer than any variable can be
	lines := configured(t, "hello: {cli: {check: false, short: "+long+"}}", nil)
	equal(t, "arguments in the variable", lines[0], "<>")
	equal(t, "arguments in the file", lines[1], "<-s="+long+"><up>")
}
