package ansible

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func TestReadConfig(t *testing.T) {
	for _, test := range []struct {
		name      string
		file      string // its text, in the step's directory
		variables environments.Variables
		want      config
	}{
		{"a file and its relative paths", "[defaults]\nInventory= ../terraform/hosts.yaml ; written by terraform\ncallback_plugins : cb:$X/cb\n", environments.Variables{"X": "/x"}, config{
			file: "DIR/ansible.cfg", own: true, inventory: []string{"/r/terraform/hosts.yaml"}, callbacks: "DIR/cb:/x/cb",
		}},
		{"variables in paths", "[defaults]\ninventory = ${BITOPS_ENVROOT}/terraform/aws/inventory.yaml, {{CWD}}/x,~/y\n", environments.Variables{"BITOPS_ENVROOT": "/ws"}, config{
			file: "DIR/ansible.cfg", own: true, inventory: []string{"/ws/terraform/aws/inventory.yaml", "DIR/x", "/home/y"}, callbacks: defaultCallbacks,
		}},
		{"other sections, comments and continued values", "# inventory = a\n[galaxy]\ninventory = b\n[defaults]\n;inventory = c\ninventory = d,\n   e\nnonsense\n[inventory]\ninventory = f\n", nil, config{
			file: "DIR/ansible.cfg", own: true, inventory: []string{"DIR/d", "DIR/e"}, callbacks: defaultCallbacks,
		}},
		{"ansible's variables win", "[defaults]\ninventory = a\ncallback_plugins = b\n", environments.Variables{"ANSIBLE_INVENTORY": "x,/y", "ANSIBLE_CALLBACK_PLUGINS": "/z"}, config{
			file: "DIR/ansible.cfg", own: true, inventory: []string{"DIR/x", "/y"}, callbacks: "/z",
		}},
		{"another file is named", "[defaults]\ninventory = a\n", environments.Variables{"ANSIBLE_CONFIG": "other"}, config{
			file: "DIR/other/ansible.cfg", inventory: []string{"DIR/other/o"}, callbacks: defaultCallbacks,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "r", "ansible")
			check(t, os.MkdirAll(filepath.Join(dir, "other"), 0o755))
			writeFile(t, filepath.Join(dir, "ansible.cfg"), test.file)
			writeFile(t, filepath.Join(dir, "other", "ansible.cfg"), "[defaults]\ninventory = o\n")
			got := readConfig(dir, environments.Variables{"HOME": "/home"}.With(test.variables))
			equal(t, "configuration", got, test.want.in(dir))
		})
	}
}

// in puts the real directory in the place of DIR.
func (c config) in(dir string) config {
	replace := func(s string) string {
		s = os.Expand(s, func(name string) string { return "$" + name })
		for _, pair := range [][2]string{{"DIR", dir}, {"/r/", filepath.Dir(dir) + "/"}} {
			if len(s) >= len(pair[0]) && s[:len(pair[0])] == pair[0] {
				return pair[1] + s[len(pair[0]):]
			}
		}
		return s
	}
	c.file, c.callbacks = replace(c.file), replace(c.callbacks)
	for i := range c.inventory {
		c.inventory[i] = replace(c.inventory[i])
	}
	return c
}

// A plan waits for an inventory that an earlier step writes; apply leaves it to ansible.
func TestFilesOfEarlierSteps(t *testing.T) {
	for _, test := range []struct{ name, config, cfg, variable, want string }{
		{"of ansible.cfg", "", "[defaults]\ninventory=../terraform/inventory.yaml\n", "", "inventory ../terraform/inventory.yaml is not there yet: an earlier step writes it"},
		{"of the configuration", "ansible: {cli: {inventory: '${BITOPS_ENVROOT}/terraform/aws/hosts'}}", "", "", "inventory ../terraform/aws/hosts is not there yet: an earlier step writes it"},
		{"of ansible's variable", "", "", "../terraform/x", "inventory ../terraform/x is not there yet: an earlier step writes it"},
		{"extra-vars", "ansible: {cli: {extra-vars: '@../terraform/out.json'}}", "", "", "extra-vars file ../terraform/out.json is not there yet: an earlier step writes it"},
		{"hosts are no file", "ansible: {cli: {inventory: 'a,b', extra-vars: 'a=@b'}}", "[defaults]\ninventory=none\n", "", ""},
		{"nothing within the workspace writes it", "ansible: {cli: {inventory: /nowhere/hosts}}", "", "", ""},
		{"a template", "", "[defaults]\ninventory={{ ANSIBLE_HOME }}/hosts\n", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := tell(t, map[string]string{"playbook.yaml": noHosts, "bitops.config.yaml": test.config, "ansible.cfg": test.cfg}).fake("")
			if test.variable != "" {
				s.Variables["ANSIBLE_INVENTORY"] = test.variable
			}
			equal(t, "deferred without an earlier step", s.Plan().Deferred, "")
			s.Step.Offers = []schema.Offer{{Environment: "app", Steps: []schema.StepName{"app/terraform"}, Near: true}}
			equal(t, "deferred", s.Plan().Deferred, test.want)
			equal(t, "deferred by apply", s.Apply().Deferred, "")
		})
	}
}

// The environment's own ansible.cfg is in force, also in a directory that everybody may write to, with its own callback
// plugins, and with an inventory that an earlier step wrote.
func TestOwnConfigurationOfAnsible(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {}",
		"playbook.yaml":      play(" []\n") + "- hosts: elsewhere\n  tasks: []\n",
		"ansible.cfg":        "[defaults]\ninventory = ${BITOPS_ENVROOT}/terraform/hosts\ncallback_plugins = cb\n",
		"cb/own.py":          "from ansible.plugins.callback import CallbackBase\nclass CallbackModule(CallbackBase):\n    CALLBACK_TYPE = 'notification'\n    def v2_playbook_on_stats(self, stats):\n        print('own plugin')\n",
		"../terraform/hosts": "web\n",
	})
	s.AfterSync = func(dir string) { check(t, os.Chmod(dir, 0o777)) }
	counts(t, s.Apply(), 0)
	contains(t, "log", s.Texts(schema.EventOutputLine), "PLAY [all]", "own plugin")
	lacks(t, "log", s.Texts(schema.EventOutputLine), "world writable", "No inventory was parsed")
	contains(t, "notices", s.Texts(schema.EventNotice), `play "elsewhere" ran nowhere: no hosts matched`)

	s.AfterSync = func(dir string) { check(t, os.Remove(filepath.Join(dir, "../terraform/hosts"))) }
	s.Apply()
	contains(t, "notices", s.Texts(schema.EventNotice), "inventory ../terraform/hosts is not there; ansible goes on without its hosts")
}
