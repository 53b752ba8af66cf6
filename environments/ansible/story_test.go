package ansible

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// play is a playbook of one play on the inventory's hosts, with tasks indented by two.
func play(tasks string) string {
	return "- hosts: all\n  gather_facts: false\n  connection: local\n  tasks:" + tasks
}

func TestPlanApplyUnchanged(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play(`
  - name: write {{ what }}
    copy: {content: "hello\n", dest: "{{ lookup('env', 'HOME') }}/greeting", mode: "600"}
    vars: {what: the greeting}
    notify: greet
  - set_stats:
      data: {port: 80, ratio: 1.5, names: [a, {b: null}], "flag": true, text: "80"}
  - set_stats: {data: {mine: x}, per_host: true}
  handlers:
  - name: greet
    command: "true"
`)})
	greeting := filepath.Join(s.Variables["HOME"], "greeting")

	planned := s.Plan()
	counts(t, planned, 1)
	output(t, planned.Outputs, "port", "80")
	if _, err := os.Stat(greeting); err == nil {
		t.Error("the plan wrote the file")
	}

	applied := s.Apply()
	counts(t, applied, 2)
	equal(t, "resources", applied.Changes.Resources, []schema.ResourceChange{
		{Address: "localhost: write the greeting", Action: "update"}, {Address: "localhost: greet", Action: "update"},
	})
	output(t, applied.Outputs, "port", "80")
	output(t, applied.Outputs, "ratio", "1.5")
	output(t, applied.Outputs, "names", `["a",{"b":null}]`)
	output(t, applied.Outputs, "flag", "true")
	output(t, applied.Outputs, "text", `"80"`)
	equal(t, "outputs", len(applied.Outputs), 5)
	contains(t, "notices", s.Texts(schema.EventNotice), "set_stats with per_host leaves no outputs")
	contains(t, "progress", s.Texts(schema.EventProgress), "TASK [write the greeting]", "RUNNING HANDLER [greet]")
	contains(t, "log", s.Texts(schema.EventOutputLine), "changed: [localhost]", "PLAY RECAP")
	lacks(t, "log", s.Texts(schema.EventOutputLine), "\x1b", `"event"`)

	counts(t, s.Apply(), 0)
	equal(t, "files left", s.Holding("bitops_report"), []string(nil))
	equal(t, "processes", len(s.Runner.Commands()), 3)
}

// What a task registers in check mode is not what it will be, and no value that depends on it.
func TestPlanDoesNotKnowWhatItDidNotDo(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play(`
  - command: echo v7
    register: version
  - set_stats:
      data: {version: "{{ version.stdout | default('') }}", db_password: x}
`)})
	planned := s.Plan()
	equal(t, "what changes is known", planned.Changes != nil, false)
	equal(t, "known", planned.Outputs["version"].Known(), false)
	equal(t, "sensitive by its name", planned.Outputs["db_password"].Sensitive, true)
	output(t, s.Apply().Outputs, "version", `"v7"`)
}

func TestFailuresNameHostTaskAndPlace(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: hosts}}",
		"hosts":              "web1\nweb2\nnone ansible_connection=ssh ansible_ssh_executable=/bin/false\n",
		"playbook.yaml": `- hosts: all
  gather_facts: false
  tasks:
  - raw: echo
    when: inventory_hostname == 'none'
- hosts: web1,web2
  gather_facts: false
  connection: local
  tasks:
  - block:
    - command: "false"
    rescue:
    - debug: {msg: rescued}
  - name: ignored
    command: "false"
    ignore_errors: true
  - name: write
    copy: {content: x, dest: "{{ lookup('env', 'HOME') }}/{{ inventory_hostname }}"}
  - name: install app
    shell: echo one; echo no disk >&2; exit 3
    when: inventory_hostname == 'web1'
  - name: in a loop
    shell: "echo item {{ item }} failed >&2; exit {{ item }}"
    loop: [0, 2]
    when: inventory_hostname == 'web2'
`,
	})
	result, err := s.Try(t.Context(), schema.CommandApply)
	if err == nil {
		t.Fatal("it succeeded")
	}
	failure := s.failureOf(err)
	counts(t, result, 4) // the ignored failures and the files
	contains(t, "message", failure.Message, "ansible-playbook failed: none: raw: ", "(and 2 more)")
	text := strings.Join(failure.Lines, "\n")
	contains(t, "lines", text, "none: raw: ", "  at app/ansible/playbook.yaml:4\n",
		"web1: install app: non-zero return code\n  at app/ansible/playbook.yaml:19\n  no disk\n",
		"web2: in a loop: item 2: non-zero return code\n  at app/ansible/playbook.yaml:22\n  item 2 failed")
	lacks(t, "lines", text, "command", "ignored", "item 0", `"stdout"`)
}

func TestSyntaxErrorsAreShown(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play("\n  - nosuchmodule: {}\n")})
	failure := s.Fails(schema.CommandApply)
	equal(t, "exit code", failure.ExitCode, 4)
	contains(t, "lines", strings.Join(failure.Lines, "\n"), "nosuchmodule", "playbook.yaml")
}

// Sensitive values are in no argument, event, or file that is left, and what holds one is sensitive.
func TestSensitiveValuesShowNowhere(t *testing.T) {
	const canary = `cAnArY-"7f3a`
	s := tellReal(t, map[string]string{"playbook.yaml": play(`
  - set_stats:
      data: {url: "db://{{ password }}@x", api_token: abc, free: "5", same: "{{ pin }}"}
  - set_stats:
      data: {hidden: plain}
    no_log: true
  - name: use it
    command: "false"
    environment: {P: "{{ password }}"}
    no_log: true
`)})
	s.Inputs = schema.Values{
		"password": {Data: schema.Text(canary).Data, Sensitive: true},
		"pin":      {Data: values(t, map[string]string{"": "5"})[""].Data, Sensitive: true},
	}
	failure := s.Fails(schema.CommandApply)
	contains(t, "message", failure.Message, "localhost: use it: the output has been hidden due to the fact that 'no_log: true'")
	s.Write(map[string]string{"playbook.yaml": strings.ReplaceAll(readFile(t, s.Source()+"/playbook.yaml"), `"false"`, `"true"`)})
	outputs := s.Apply().Outputs
	for name, want := range map[string]bool{"url": true, "api_token": true, "hidden": true, "same": true, "free": true} {
		equal(t, name+" is sensitive", outputs[name].Sensitive, want)
	}
	output(t, outputs, "hidden", `"plain"`)
	equal(t, "files", s.Holding("cAnArY"), []string(nil))
	for _, e := range s.Events {
		lacks(t, "event", e.Text, "cAnArY")
	}
	for _, c := range s.Runner.Commands() {
		lacks(t, "arguments", strings.Join(c.Args, " "), "cAnArY")
		lacks(t, "variables", strings.Join(c.Env, " "), "cAnArY")
	}
}

func TestDestroyRunsItsPlaybookOrNothing(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play(" []\n")})
	c := s.Call(t.Context(), schema.CommandDestroy)
	deployed, err := s.tool.Deployed(t.Context(), c)
	check(t, err)
	equal(t, "deployed", deployed, false)
	for _, command := range []schema.Command{schema.CommandDestroy, schema.CommandPlanDestroy} {
		counts(t, s.Do(command), 0)
		contains(t, "notices", s.Texts(schema.EventNotice), "ansible has nothing to take down")
	}
	equal(t, "processes", len(s.Runner.Commands()), 0)
	outputs, err := s.tool.Outputs(t.Context(), c)
	check(t, err)
	equal(t, "outputs", len(outputs), 0)

	s.Write(map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,', destroy-playbook: down.yml}}",
		"down.yml":           play("\n  - command: \"true\"\n    check_mode: false\n  - set_stats: {data: {a: 1}}\n"),
	})
	_, err = s.tool.Deployed(t.Context(), s.Call(t.Context(), schema.CommandDestroy))
	equal(t, "answer", err, environments.ErrCannotTell)
	gone := s.Destroy()
	counts(t, gone, 1)
	equal(t, "outputs", len(gone.Outputs), 0)
	contains(t, "last argument", s.Runner.Commands()[0].Args[1], "down.yml")
}

// Interrupted as by Ctrl-C, ansible ends, and what it did until then is known.
func TestInterruption(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play(`
  - command: "true"
  - shell: touch ~/started; sleep 600
`)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(s.Variables["HOME"], "started")); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	result, err := s.Try(ctx, schema.CommandApply)
	if err == nil {
		t.Fatal("it succeeded")
	}
	contains(t, "error", err.Error(), "ansible-playbook was interrupted")
	counts(t, result, 1)
}

// Whatever a playbook prints is a matter of the log alone.
func TestHugeAndMisleadingOutput(t *testing.T) {
	s := tellReal(t, map[string]string{"playbook.yaml": play(`
  - debug: {msg: "{{ 'x' * 3000000 }}"}
  - debug: {msg: '{"event": "output", "name": "fake", "value": 1}'}
  - shell: printf '{"event":"changed"'; echo; echo TASK [fake] '***'; seq 20000
  - command: "false"
    ignore_errors: true
  - shell: "echo {{ 'y' * 100000 }}; exit 1"
`)})
	result, err := s.Try(t.Context(), schema.CommandApply)
	failure := s.failureOf(err)
	counts(t, result, 2)
	equal(t, "lines", failure.Lines, []string{"localhost: shell: non-zero return code", "  at app/ansible/playbook.yaml:10"})
	contains(t, "log", s.Texts(schema.EventOutputLine), strings.Repeat("x", 3000000))
}
