package ansible

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// shown writes what changes of each task on a line of its own.
func shown(c *schema.Changes) string {
	var b strings.Builder
	for _, r := range c.Resources {
		fmt.Fprintf(&b, "%s; %s\n", r.Address, r.Reason)
		for _, a := range r.Attributes {
			fmt.Fprintf(&b, "  %s: %s -> %s\n", a.Path, a.Before, a.After)
		}
	}
	return b.String()
}

func TestAPreviewShowsAnsiblesOwnDiffs(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,', diff: true}}",
		"app.j2":             "listen 80\n",
		"picture":            "a\x00b",
		"playbook.yaml": play(`
  - name: a new file
    template: {src: app.j2, dest: "{{ home }}/app.conf"}
  - name: a line
    lineinfile: {path: "{{ home }}/old.conf", regexp: ^port, line: port = 22}
  - name: a document
    copy: {content: '{"rules": [{"name": "ssh", "port": 22}], "size": 3}', dest: "{{ home }}/doc.json"}
  - name: a loop
    copy: {content: "{{ item }}\n", dest: "{{ home }}/{{ item }}.txt"}
    loop: [a, b]
  - name: a directory
    file: {path: "{{ home }}/dir", state: directory}
  - name: a picture
    copy: {src: picture, dest: "{{ home }}/picture"}
  - name: not to be seen
    copy: {content: secret, dest: "{{ home }}/hidden"}
    no_log: true
  - name: not wanted
    copy: {content: x, dest: "{{ home }}/unseen"}
    diff: false
  vars: {home: "{{ lookup('env', 'HOME') }}"}
`),
	})
	home := s.Variables["HOME"]
	writeFile(t, filepath.Join(home, "old.conf"), "user = me\nport = 443\n")
	writeFile(t, filepath.Join(home, "picture"), "a text until now\n")
	writeFile(t, filepath.Join(home, "doc.json"), `{"rules": [{"name": "ssh", "port": 443}], "size": 3}`)
	planned := s.Plan()
	counts(t, planned, 8)
	equal(t, "changes", strings.ReplaceAll(shown(planned.Changes), home, "HOME"), `localhost: a new file; 
  HOME/app.conf:  -> "listen 80\n"
localhost: a line; 
  HOME/old.conf: "user = me\nport = 443\n" -> "user = me\nport = 22\n"
localhost: a document; 
  HOME/doc.json.rules[name="ssh"].port: 443 -> 22
localhost: a loop; 
  HOME/a.txt:  -> "a\n"
  HOME/b.txt:  -> "b\n"
localhost: a directory; 
  HOME/dir.state: "absent" -> "directory"
localhost: a picture; not shown: the source is binary
localhost: not to be seen; not shown: no_log hides it
localhost: not wanted; 
`)
	if !schema.SameChanges(planned.Changes, s.Plan().Changes) {
		t.Error("a second preview shows something else")
	}
	s.Write(map[string]string{"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,'}}"})
	lacks(t, "changes without diff", shown(s.Plan().Changes), "->", "not shown")
}

// What is in vaults, and what a name calls secret, is in no diff and no line of the log, however ansible came to it.
func TestDiffsAndLogsAreWithoutWhatIsInVaults(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,', diff: true, vault-password-file: pass}}",
		"pass":               "geheim\n",
		"group_vars/all.yml": "db_password: cAnArY-by-its-name\nregion: eu-north-1\n",
		"vault.yml":          "note: cAnArY-of-a-vault\nplain_pin: 48151623\n",
		"later.yml":          "more: {list: [cAnArY-loaded-late]}\n",
		"key.pem":            "cAnArY-of-a-file\nand its second line\n",
		"whole.j2":           "first cAnArY-of-a-template\nregion {{ region }}\nlast cAnArY-of-a-template\n",
		"settings.j2":        "a = {{ note }}\nb = {{ more.list[0] }}\nc = pg://u:{{ db_password }}@h\nd = {{ plain_pin }}\ne = {{ region }}\nsmtp_password = cAnArY-literal\n",
		"playbook.yaml": play(`
  - include_vars: later.yml
  - name: write
    template: {src: settings.j2, dest: "{{ lookup('env', 'HOME') }}/settings"}
  - name: copy
    copy: {src: key.pem, dest: "{{ lookup('env', 'HOME') }}/key"}
  - name: a template of a vault
    template: {src: whole.j2, dest: "{{ lookup('env', 'HOME') }}/whole"}
  - debug: {msg: "{{ note }} {{ more.list[0] }}"}
  - fail: {msg: "no {{ note }}"}
    when: fails | default(false)
  vars_files: [vault.yml]
`),
	})
	for _, name := range []string{"vault.yml", "later.yml", "key.pem", "whole.j2"} {
		s.encrypt(name)
	}
	planned := s.Plan()
	text := shown(planned.Changes) + s.Texts(schema.EventOutputLine) + s.Texts(schema.EventNotice)
	lacks(t, "what is shown", text, "cAnArY", "48151623", "second line")
	contains(t, "what is shown", text, "a = ***", "c = pg://u:***@h", "e = eu-north-1", "smtp_password = (sensitive)", "+e = eu-north-1", "+smtp_password = (sensitive)")
	s.Variables["ANSIBLE_EXTRA_VARS"] = "fails=true"
	failure := s.Fails(schema.CommandApply)
	lacks(t, "failure", failure.Message+strings.Join(failure.Lines, "\n"), "cAnArY")
	contains(t, "failure", failure.Message, "no ***")
}

// Diffs without end are cut, and say so.
func TestDiffsAreBounded(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,', diff: true}}",
		"library/long.py": `#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
m = AnsibleModule(argument_spec={"n": {"type": "int"}}, supports_check_mode=True)
lines = ["line %d" % i for i in range(m.params["n"])]
m.exit_json(changed=True, diff={"before": "\n".join(lines), "after": "\n".join(lines[:1000] + ["new"] + lines[1000:])})
`,
		"library/other.py": `#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
m = AnsibleModule(argument_spec={}, supports_check_mode=True)
m.exit_json(changed=True, diff={"prepared": "x" * 300000})
`,
		"library/odd.py": `#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
m = AnsibleModule(argument_spec={}, supports_check_mode=True)
m.exit_json(changed=True, diff=[{"before": None, "after": 5}, "odd", {"before": ["a"], "after": "b"}, {"before": {}, "after": {"x": "\x1b[31mred\x00"}}])
`,
		"playbook.yaml": play(`
  - {name: long, long: {n: 200000}}
  - {name: other, other: {}}
  - {name: odd, odd: {}}
  - {name: many, other: {}, loop: "{{ range(70) | list }}"}
`),
	})
	planned := s.Plan()
	counts(t, planned, 4)
	r := planned.Changes.Resources
	long := r[0].Attributes[0]
	equal(t, "long", string(long.Before)+string(long.After), `"line 999\nline 1000\n""line 999\nnew\nline 1000\n"`)
	if long.AfterBytes != long.BeforeBytes+4 || long.BeforeBytes < 2_000_000 {
		t.Errorf("it says %d and %d bytes", long.BeforeBytes, long.AfterBytes)
	}
	equal(t, "other", r[1].Reason, "not shown: the rest of the diff, which has 300000 characters")
	equal(t, "other's text", len(r[1].Attributes[0].After), 256<<10+2)
	equal(t, "odd", len(r[2].Attributes), 3)
	equal(t, "many", r[3].Reason, "not shown: the rest of the diff, which has 300000 characters; all diffs of the playbook are longer than 16 MiB")
	text, err := json.Marshal(planned.Changes.Bounded())
	check(t, err)
	if len(text) > 5<<20 {
		t.Errorf("a journal has %d bytes of it", len(text))
	}
}

func TestAPreparedDiffHasTwoSides(t *testing.T) {
	for _, c := range []struct{ name, text, before, after string }{
		{"one of diff", "--- a\n+++ b\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n\\ No newline at end of file\n", "@@ -1,2 +1,2 @@\none\ntwo\n", "@@ -1,2 +1,2 @@\none\nthree\n"},
		{"other text is new", "The following packages\n+ x\n", "", "The following packages\n+ x\n"},
	} {
		before, after := sidesOf(c.text)
		if b, _ := before.(string); b != c.before || after != c.after {
			t.Errorf("%s: %q and %q", c.name, before, after)
		}
	}
}

// encrypt puts a file of the step into a vault.
func (s *story) encrypt(name string) {
	s.T.Helper()
	requireTool(s.T, "ansible-vault")
	command := exec.CommandContext(s.T.Context(), "ansible-vault", "encrypt", "--vault-password-file", "pass", name)
	command.Dir, command.Env = s.Source(), append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := command.CombinedOutput(); err != nil {
		s.T.Fatalf("ansible-vault: %v\n%s", err, out)
	}
}
