package plugin

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

func TestWasAFailedScriptNoFailure(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":               "echo working; echo no such bucket >&2; exit 42",
		"plugins/hello/plugin.config.yaml":      "plugin: {deployment: {destroy: true}}",
		"net/hello/bitops.after-deploy.d/a.sh":  "echo after",
		"net/hello/bitops.on-failure.d/tell.sh": `echo "error: $BITOPS_ERROR"`,
	})
	e := s.fails(schema.CommandApply)
	equal(t, "error", *e, schema.StepError{
		Message: "plugin hello: deploy.sh apply exited with code 42", Phase: schema.PhaseTool, ExitCode: 42,
		Lines: []string{"no such bucket"},
	})
	lacks(t, "log", s.log(), "after")
	contains(t, "log", s.log(), "error: plugin hello: deploy.sh apply exited with code 42")
}

func TestWasNotExecutableAnError(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "echo ran"})
	check(t, os.Chmod(s.path("plugins", "hello", "deploy.sh"), 0o400))
	s.apply()
	equal(t, "log", s.log(), "ran")
}

func TestPluginsThatCannotRun(t *testing.T) {
	tests := map[string]struct {
		files    map[string]string
		want     string
		exitCode int
	}{
		"there is no script": {
			map[string]string{"plugins/hello/plugin.config.yaml": ""},
			"plugin hello has no script deploy.sh: there is no file ", 0,
		},
		"there is no script yet": {
			map[string]string{"plugins/hello/install.sh": ""},
			"; if its install script makes it, run `bitops plugin install hello`", 0,
		},
		"its script is a directory": {
			map[string]string{"plugins/hello/deploy.sh/x": ""}, "plugin hello has no script deploy.sh", 0,
		},
		"its language is not here": {
			map[string]string{"plugins/hello/plugin.config.yaml": "plugin: {deployment: {language: cobol85}}", "plugins/hello/deploy.sh": ""},
			"plugin hello cannot run: cobol85: not found in PATH", 127,
		},
		"its configuration is wrong": {
			map[string]string{"plugins/hello/plugin.config.yaml": "plugin: {deployment: []}", "plugins/hello/deploy.sh": ""},
			"plugins/hello/plugin.config.yaml:1:22: deployment must be a mapping", 0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, test.files)
			e := s.fails(schema.CommandApply)
			contains(t, "error", e.Message, test.want)
			equal(t, "exit code", e.ExitCode, test.exitCode)
		})
	}
}

func TestProblemsOfThePluginsFiles(t *testing.T) {
	tests := map[string]struct{ config, schema, want string }{
		"an empty configuration": {" ", "", ""},
		"no YAML": {
			"plugin: {\n", "", "plugins/hello/plugin.config.yaml:1:1: is not valid YAML",
		},
		"a wrong value": {
			"plugin:\n  deployment:\n    core_schema_parsing: perhaps\n", "",
			"plugins/hello/plugin.config.yaml:3:26: core_schema_parsing must be true or false",
		},
		"a script outside of the plugin": {
			"plugin:\n  deployment:\n    deployment_script: ../../x.sh\n", "",
			`plugins/hello/plugin.config.yaml:3:24: deployment_script must be a path in the plugin's directory, not "../../x.sh"`,
		},
		"a list for a text": {
			"plugin:\n  install:\n    language: [bash]\n", "",
			"plugins/hello/plugin.config.yaml:3:15: language must be a text",
		},
		"a misspelled key": {
			"plugin:\n  deployment:\n    lanugage: bash\n", "",
			`plugins/hello/plugin.config.yaml:3:5: warning: unknown key "lanugage" (did you mean "language"?)`,
		},
		"several at once": {
			"plugin:\n  install: x\n  deployment:\n    outputs: [a]\n", "",
			"plugins/hello/plugin.config.yaml:2:12: install must be a mapping\n" +
				"plugins/hello/plugin.config.yaml:4:14: outputs must be a text",
		},
		"a schema with an unknown type": {
			"", "hello:\n  properties:\n    cli:\n      properties:\n        x: {type: colour}\n",
			`plugins/hello/bitops.schema.yaml:5:9: x cannot have the type "colour" (one of string, boolean, integer, number, list, object)`,
		},
		"an empty schema": {
			"", "\n", "plugins/hello/bitops.schema.yaml: a schema has exactly one key at its root: the name of its tool",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"plugins/hello/deploy.sh": "", "plugins/hello/plugin.config.yaml": test.config}
			if test.schema != "" {
				files["plugins/hello/bitops.schema.yaml"] = test.schema
			}
			s := tell(t, files)
			got := s.problems()
			if got != test.want && (test.want == "" || !strings.HasPrefix(got, test.want) || strings.Contains(got, "\n")) {
				t.Errorf("problems:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestInterruptReachesTheScript(t *testing.T) {
	for name, script := range map[string]string{
		"one that ends":                       "echo begun; sleep 60",
		"one that says that all went well":    "trap 'echo tidied; exit 0' INT; echo begun; sleep 60 & wait",
		"one that left something behind":      "sleep 60 & echo begun; sleep 60",
		"one whose children ignore it, too":   "trap '' INT; echo begun; sleep 60",
		"one that floods while it is stopped": "trap '' INT; echo begun; while :; do echo more; done",
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{"plugins/hello/deploy.sh": script})
			s.runner.Answer = func(ctx context.Context, c process.Command) (process.Result, error) {
				c.Grace = 300 * time.Millisecond
				return process.Local{}.Run(ctx, c)
			}
			ctx, cancel := context.WithCancel(t.Context())
			s.watch = func(e schema.Event) {
				if e.Type == schema.EventOutputLine {
					cancel()
				}
			}
			began := time.Now()
			r := s.try(ctx, schema.CommandApply)
			equal(t, "outcome", r.Outcome, schema.Interrupted)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestAHangingScriptEndsAtItsTimeout(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "sleep 60"})
	step := s.step()
	step.Timeout = schema.Duration(100 * time.Millisecond)
	r := s.lifecycle().Do(t.Context(), requestOf(step), s.observe)
	equal(t, "outcome", r.Outcome, schema.Failed)
	contains(t, "error", r.Error.Message, "timeout: stopped because it took longer than 100ms; plugin hello: deploy.sh was ended by signal 2")
}

func TestAFloodIsKeptInOrder(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": `seq 1 50000; head -c 3000000 /dev/zero | tr '\0' x; exit 3`})
	e := s.fails(schema.CommandApply)
	equal(t, "exit code", e.ExitCode, 3)
	lines := strings.Split(s.log(), "\n")
	if len(lines) < 50000 || lines[49999] != "50000" {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range e.Lines {
		if len(line) > 1000 {
			t.Errorf("a failure shows a line of %d bytes", len(line))
		}
	}
}

func TestSecretsOfInputsStaySecret(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {deployment: {plan: true}}",
		"plugins/hello/bitops.schema.yaml": "hello: {properties: {cli: {properties: {name: {parameter: name}}}}}",
		"plugins/hello/deploy.sh":          `echo "I was told $BITOPS_INPUT_WORD"; echo "copy=$BITOPS_INPUT_WORD" >> "$BITOPS_OUTPUT"; exit 4`,
		"net/hello/bitops.config.yaml":     "hello: {cli: {name: x}}",
	})
	word := schema.Text("correct horse battery")
	word.Sensitive = true
	s.inputs = schema.Values{"word": word}
	e := s.fails(schema.CommandApply)
	contains(t, "log", s.log(), "correct horse battery") // it is the emitter that hides it
	lacks(t, "events", s.redacted()+fmt.Sprint(e.Message), "correct horse")
	for _, c := range s.runner.Commands() {
		lacks(t, "arguments", strings.Join(c.Args, " "), "correct")
	}
	equal(t, "files", holding(t, s.repository, "correct horse"), []string(nil))
	s.write(map[string]string{"plugins/hello/deploy.sh": `echo "copy=$BITOPS_INPUT_WORD" >> "$BITOPS_OUTPUT"`})
	equal(t, "output", s.apply().Outputs["copy"].Sensitive, true)
}

func TestOutputs(t *testing.T) {
	tests := map[string]struct {
		prints string
		want   map[string]string // shown
		fails  string
	}{
		"lines": {
			"echo 'a=1'; echo; echo '# none'; echo 'b-c=x=y '; echo 'a_token=t'",
			map[string]string{"a": `"1"`, "b-c": `"x=y "`, "a_token": "(sensitive)"},
			"",
		},
		"JSON in terraform's shape": {
			`printf '{"a": {"value": [1, 2]},\n "b": {"value": "x", "type": "string", "sensitive": true}}'`,
			map[string]string{"a": "[1,2]", "b": "(sensitive)"},
			"",
		},
		"nothing":    {":", map[string]string{}, ""},
		"no lines":   {"echo 'secret thing'", nil, "plugin hello: deploy.sh outputs printed what are no outputs: line 1 is not name=value"},
		"a bad name": {"echo 'a b=1'", nil, "a name is letters, digits"},
		"other JSON": {`echo '{"a": "secret thing"}'`, nil, "not JSON in the shape of `terraform output -json`"},
		"JSON without a value": {
			`echo '{"a": {"sensitive": true}}'`, nil, "output a has no value",
		},
		"bytes":            {`printf 'a=\xff\n'`, nil, "line 1: the value is no text"},
		"an error":         {"echo a=1; exit 9", nil, "plugin hello: deploy.sh outputs exited with code 9"},
		"more than enough": {"yes a=1", nil, "plugin hello: deploy.sh outputs printed more than 16 MiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"plugins/hello/plugin.config.yaml": "plugin: {deployment: {outputs: true}}", "plugins/hello/deploy.sh": test.prints,
			})
			values, err := s.lifecycle().Outputs(t.Context(), s.step(), s.observe)
			lacks(t, "log", s.log()+errorText(err), "secret thing", "x=y", "=t")
			if test.fails != "" {
				contains(t, "error", errorText(err), test.fails)
				return
			}
			check(t, err)
			shown := map[string]string{}
			for name, v := range values {
				shown[name] = v.String()
			}
			equal(t, "outputs", shown, test.want)
			equal(t, "actions", s.actions(), "<outputs>")
		})
	}
}

func TestOutputsOfAPluginThatDeclaresNone(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh": "printf 'a=1\nb<<END\nx\ny\nEND\n' >> \"$BITOPS_OUTPUT\"; echo a=no",
	})
	r := s.apply()
	output(t, r.Outputs, "a", "1")
	output(t, r.Outputs, "b", "x\ny")
	s.actions()
	values, err := s.lifecycle().Outputs(t.Context(), s.step(), s.observe)
	check(t, err)
	equal(t, "outputs", len(values), 0)
	equal(t, "processes", s.actions(), "")
	_, err = s.lifecycle().Deployed(t.Context(), s.step(), s.observe)
	equal(t, "answer", err, environments.ErrCannotTell)
}

func TestEveryPluginIsListedOnce(t *testing.T) {
	s := tell(t, example)
	var names []schema.ToolName
	for _, tool := range New(s.options()) {
		names = append(names, tool.Name())
	}
	if !slices.Equal(names, []schema.ToolName{"hello"}) {
		t.Errorf("plugins %v: terraform is built in", names)
	}
}
