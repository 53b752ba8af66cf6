package ansible

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

const noHosts = "- hosts: all\n  tasks: []\n"

func TestArguments(t *testing.T) {
	v2 := `ansible:
  cli:
    main-playbook: site.yml
    inventory: [hosts, more/]
    extra-vars: "@extra-vars.json"
    tags: a,b
    skip-tags: c
    forks: 20
    flush-cache: true
    force-handlers: "true"
    dryrun: "false"
  options: {verbosity: 0}`
	for _, test := range []struct {
		name, config string
		variables    environments.Variables
		want         []string
	}{
		{"no file", "", nil, []string{"playbook.yaml"}},
		{"the empty configuration of many repositories", "ansible:\n    cli: {}\n    options: {}", nil, []string{"playbook.yaml"}},
		{"v2", v2, nil, []string{
			"--inventory=hosts", "--inventory=more/", "--extra-vars=@extra-vars.json", "--tags=a,b", "--skip-tags=c", "--forks=20",
			"--flush-cache", "--force-handlers", "site.yml",
		}},
		{"v1", "ansible: {cli: {forks: '3', vault-id: [dev@x, prod@y], vault-password-file: $TEMPDIR/pw}, options: {dryrun: true}}", nil, []string{
			"--forks=3", "--check", "--vault-id=dev@x", "--vault-id=prod@y", "--vault-password-file=$TEMPDIR/pw", "playbook.yaml",
		}},
		{"extra-vars with a space are one argument (was: became a second playbook)", `ansible: {cli: {extra-vars: "a=1 b=2"}}`, nil, []string{
			"--extra-vars=@PRIVATE/extra-vars-1.json", "playbook.yaml",
		}},
		{"lists and objects of extra-vars (was: dropped)", `ansible: {cli: {extra-vars: [a=1, {b: [2, x y]}]}}`, nil, []string{
			"--extra-vars=@PRIVATE/extra-vars-1.json", "--extra-vars=@PRIVATE/extra-vars-2.yaml", "playbook.yaml",
		}},
		{"variables win", v2, environments.Variables{
			"BITOPS_ANSIBLE_INVENTORY": "h1,", "ANSIBLE_TAGS": "x", "BITOPS_ANSIBLE_EXTRA_VARS": `{"a": 1}`, "ANSIBLE_MAIN_SCRIPT": "playbook.yaml",
			"ANSIBLE_SKIP_TAGS": "", "BITOPS_ANSIBLE_FORKS": "5", "ANSIBLE_FORCE_HANDLERS": "false", "BITOS_ANSIBLE_FLUSH_CACHE": "no", "BITOPS_ANSIBLE_DRYRUN": "yes",
		}, []string{
			"--inventory=h1,", "--extra-vars=@PRIVATE/extra-vars-1.yaml", "--tags=x", "--skip-tags=c", "--forks=5", "--check", "playbook.yaml",
		}},
		{"ansible reads its own variable", "ansible: {cli: {inventory: hosts}}", environments.Variables{"ANSIBLE_INVENTORY": "a.ini,b.ini"}, []string{"playbook.yaml"}},
		{"false overrides (was: ignored)", "ansible: {cli: {force-handlers: false, inventory: '', tags: ''}}", nil, []string{"playbook.yaml"}},
		{"a playbook that looks like an option", "ansible: {cli: {main-playbook: -e.yml}}", nil, []string{"./-e.yml"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"bitops.config.yaml": test.config, "playbook.yaml": noHosts, "site.yml": noHosts, "-e.yml": noHosts, "hosts": "", "more/x": "",
			})
			s.Variables = s.Variables.With(test.variables)
			equal(t, "arguments", s.arguments(), test.want)
		})
	}
}

// Ansible adds -v to what its variable says, so that one of them has to do.
func TestVerbosityIsAVariable(t *testing.T) {
	s := tell(t, map[string]string{"bitops.config.yaml": "ansible: {options: {verbosity: 2}}", "playbook.yaml": noHosts}).
		fake("echo verbosity=$ANSIBLE_VERBOSITY")
	s.Apply()
	contains(t, "log", s.Texts(schema.EventOutputLine), "verbosity=2")
	s.Variables["ANSIBLE_VERBOSITY"] = "1"
	s.Apply()
	contains(t, "log", s.Texts(schema.EventOutputLine), "verbosity=1")
}

func TestConfigurationProblems(t *testing.T) {
	s := tell(t, map[string]string{
		"playbook.yaml":      noHosts,
		"bitops.config.yaml": "ansible:\n  cli:\n    forks: many\n    tag: x\n  options:\n    skip-deploy: perhaps\n",
	})
	want := `app/ansible/bitops.config.yaml:3:12: cli.forks must be a whole number, not "many"
app/ansible/bitops.config.yaml:4:5: warning: unknown key "tag" (did you mean "tags"?)
app/ansible/bitops.config.yaml:6:18: options.skip-deploy must be true or false, not "perhaps"`
	_, err := s.Try(t.Context(), schema.CommandApply)
	problems, ok := errors.AsType[schema.Problems](err)
	if !ok || problems.Error() != want {
		t.Errorf("error %v, want\n%s", err, want)
	}
	_, found := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "app/ansible"})
	equal(t, "problems of the repository", found.Error(), want)
	s.Write(map[string]string{"bitops.config.yaml": "ansible: {cli: {tag: x}}"})
	s.fake("").Apply()
	equal(t, "notices", s.Texts(schema.EventNotice), "")
	s.AfterSync = func(dir string) {
		check(t, os.WriteFile(dir+"/bitops.config.yaml", []byte("ansible: {cli: {tag: x} }"), 0o600))
	}
	s.Apply()
	equal(t, "notices", s.Texts(schema.EventNotice), `app/ansible/bitops.config.yaml:1:17: warning: unknown key "tag" (did you mean "tags"?)`)
}

func TestSkippedStepsStartNothing(t *testing.T) {
	for _, test := range []struct{ config, variable, reason string }{
		{"ansible: {options: {skip-deploy: 'true'}}", "", "skip-deploy is set"},
		{"", "ANSIBLE_SKIP_DEPLOY", "ANSIBLE_SKIP_DEPLOY is set"},
		{"ansible: {options: {skip-deploy: false}}", "BITOPS_ANSIBLE_SKIP_DEPLOY", "BITOPS_ANSIBLE_SKIP_DEPLOY is set"},
		{"", "SKIP_DEPLOY_ANSIBLE", "SKIP_DEPLOY_ANSIBLE is set"},
	} {
		s := tell(t, map[string]string{"bitops.config.yaml": test.config})
		if test.variable != "" {
			s.Variables[test.variable] = "True"
		}
		for _, command := range []schema.Command{
			schema.CommandPlan, schema.CommandApply, schema.CommandPlanDestroy, schema.CommandDestroy,
		} {
			equal(t, string(command), s.Do(command).Skipped, test.reason)
		}
		check(t, s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply)))
		equal(t, "processes", len(s.Runner.Commands()), 0)
	}
	s := tell(t, map[string]string{"bitops.config.yaml": "ansible: {options: {skip-deploy: true}}"})
	_, problems := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "app/ansible"})
	equal(t, "problems without a playbook", len(problems), 0)
}

// Hooks edit the configuration in the workspace (was: edits ignored in v2), and variables still beat it.
func TestHooksEditTheConfiguration(t *testing.T) {
	s := tell(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {tags: first, forks: 1, inventory: gone}, options: {verbosity: 3}}", "playbook.yaml": noHosts,
	})
	s.Variables["ANSIBLE_FORKS"] = "7"
	s.AfterSync = func(dir string) {
		writeFile(t, dir+"/bitops.config.yaml", "ansible: {cli: {tags: edited, forks: 2}}")
	}
	equal(t, "arguments", s.arguments(), []string{"--tags=edited", "--forks=7", "playbook.yaml"})
	env := strings.Join(s.Runner.Commands()[0].Env, "\n")
	contains(t, "variables", env, "ANSIBLE_TAGS=edited", "BITOPS_ANSIBLE_TAGS=edited", "ANSIBLE_FORKS=7")
	lacks(t, "variables", env, "ANSIBLE_VERBOSITY", "ANSIBLE_INVENTORY")
	s.AfterSync = func(dir string) {
		writeFile(t, dir+"/bitops.config.yaml", "ansible: {options: {skip-deploy: true}}")
	}
	equal(t, "skipped", s.Apply().Skipped, "skip-deploy is set")
}

func TestExtraEnv(t *testing.T) {
	s := tell(t, map[string]string{
		"playbook.yaml": noHosts,
		"extra_env":     "# comment\nFOO=val1\r\nexport BAR=\"two words\"\n\n QUX='a=b' \nEMPTY=\nANSIBLE_TAGS=t\n",
	})
	contains(t, "arguments", strings.Join(s.arguments(), " "), "--tags=t")
	contains(t, "variables", "\n"+strings.Join(s.Runner.Commands()[0].Env, "\n")+"\n", "\nFOO=val1\n", "\nBAR=two words\n", "\nQUX=a=b\n", "\nEMPTY=\n")
	s.Write(map[string]string{"extra_env": "A=1\nsecret words\n"})
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "app/ansible/extra_env:2: bash cannot source this line (exit code 127)")
}

func TestPlaybooks(t *testing.T) {
	for _, test := range []struct {
		name             string
		files            map[string]string
		problem, failure string
	}{
		{"the default", map[string]string{"playbook.yaml": noHosts}, "", ""},
		{"its other spelling", map[string]string{"playbook.yml": noHosts}, "", ""},
		{"of a collection", map[string]string{"bitops.config.yaml": "ansible: {cli: {main-playbook: my.tools.site}}"}, "", ""},
		{
			"none",
			map[string]string{"bitops.config.yaml": ""},
			"app/ansible: warning: there is no playbook playbook.yaml (the configuration names it)",
			"there is no playbook playbook.yaml (the configuration names it)",
		},
		{
			"one of another name",
			map[string]string{"site.yml": noHosts},
			"app/ansible: warning: there is no playbook playbook.yaml (the configuration names it; known: site.yml)",
			"there is no playbook playbook.yaml (the configuration names it; known: site.yml)",
		},
		{
			"a misspelled one",
			map[string]string{"site.yaml": noHosts, "bitops.config.yaml": "ansible:\n  cli:\n    main-playbook: siet.yaml\n"},
			`app/ansible/bitops.config.yaml:3:20: there is no playbook siet.yaml (the configuration names it; did you mean "site.yaml"?)`,
			`there is no playbook siet.yaml (the configuration names it; did you mean "site.yaml"?)`,
		},
		{
			"of destroy",
			map[string]string{"playbook.yaml": noHosts, "bitops.config.yaml": "ansible: {cli: {destroy-playbook: down.yaml}}"},
			"app/ansible/bitops.config.yaml:1:35: there is no playbook down.yaml (the configuration names it; known: playbook.yaml)", "",
		},
		{"one that a hook writes", map[string]string{"bitops.before-deploy.d/write.sh": ""}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := tell(t, test.files).fake("echo 'ansible-playbook [core 2.19.4]'")
			declared, problems := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "app/ansible"})
			equal(t, "problems", problems.Error(), test.problem)
			equal(t, "interface", declared, schema.Interface{AnyInput: true, MoreOutput: true})
			err := s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply))
			if (err == nil) != (test.failure == "") || err != nil && err.Error() != test.failure {
				t.Errorf("check: %v, want %s", err, test.failure)
			}
			if test.failure != "" {
				equal(t, "failure", s.Fails(schema.CommandApply).Message, test.failure)
			}
			for _, started := range s.Runner.Commands() {
				equal(t, "arguments", started.Args, []string{"--version"})
			}
		})
	}
}

func TestMissingProgram(t *testing.T) {
	s := tell(t, map[string]string{"playbook.yaml": noHosts})
	s.Variables["PATH"] = t.TempDir()
	for _, err := range []error{s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply)), s.Fails(schema.CommandApply)} {
		failure := s.failureOf(err)
		equal(t, "exit code", failure.ExitCode, 127)
		contains(t, "failure", failure.Message, "ansible-playbook: not found in PATH", "install ansible-core 2.12 or newer: https://")
	}
	equal(t, "program", s.tool.Programs(s.Repository, "app/ansible")[0].Name, program)
}

func TestVersions(t *testing.T) {
	for said, want := range map[string]string{
		"ansible-playbook [core 2.12.0]":       "",
		"ansible-playbook [core 2.19.4.post0]": "",
		"ansible-playbook 2.9.6":               "ansible-playbook 2.9.6 is too old: bitops needs ansible-core 2.12 or newer; install",
		"ansible-playbook [core 2.11.12]":      "ansible-playbook 2.11.12 is too old",
		"hello":                                "ansible-playbook --version does not tell a version; install",
	} {
		t.Run(said, func(t *testing.T) {
			s := tell(t, map[string]string{"playbook.yaml": noHosts}).fake("echo '" + said + "'")
			err := s.tool.Check(t.Context(), s.Call(t.Context(), schema.CommandApply))
			if want == "" {
				check(t, err)
				return
			}
			contains(t, "failure", s.failureOf(err).Message, want)
		})
	}
}

func TestConfigurationSchema(t *testing.T) {
	text, err := New().ConfigurationSchema()
	if err != nil || !json.Valid(text) {
		t.Fatalf("error %v in\n%s", err, text)
	}
	contains(t, "schema", string(text), `"vault-password-file"`, `"The older name of cli.dryrun."`)
}

func TestPrivate(t *testing.T) {
	equal(t, "retry file", New().Private("ansible/site.retry", false), true)
	equal(t, "playbook", New().Private("ansible/site.yml", false), false)
}

func TestLocale(t *testing.T) {
	for _, test := range []struct {
		variables environments.Variables
		want      bool
	}{
		{nil, false},
		{environments.Variables{"LANG": "en_US.UTF-8"}, true},
		{environments.Variables{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{environments.Variables{"LC_ALL": "C.utf8"}, true},
		{environments.Variables{"LC_ALL": "", "LC_CTYPE": "POSIX"}, false},
	} {
		equal(t, strings.Join(test.variables.Environ(), " "), speaksUTF8(test.variables), test.want)
	}
}

func TestDryRunOnlyChecks(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": "ansible: {cli: {inventory: 'localhost,', dryrun: true}}",
		"playbook.yaml": play(`
  - copy: {content: x, dest: "{{ lookup('env', 'HOME') }}/file"}
  - set_stats: {data: {a: 1}}
`),
	})
	applied := s.Apply()
	counts(t, applied, 0)
	output(t, applied.Outputs, "a", "1")
	contains(t, "notices", s.Texts(schema.EventNotice), "dryrun is set: only checked (~1)")
	if _, err := os.Stat(s.Variables["HOME"] + "/file"); err == nil {
		t.Error("the file was written")
	}
}

// BitOps joined its arguments to one line, and took that apart again.
func TestWasExtraVarsASecondPlaybook(t *testing.T) {
	s := tell(t, map[string]string{"playbook.yaml": noHosts, "bitops.config.yaml": "ansible: {cli: {extra-vars: \"a=1 b='it s'\"}}"}).
		fake(`cat "${1#--extra-vars=@}"`)
	s.Apply()
	contains(t, "log", s.Texts(schema.EventOutputLine), `{"a":"1","b":"it s"}`)
	equal(t, "arguments", s.arguments(), []string{"--extra-vars=@PRIVATE/extra-vars-1.json", "playbook.yaml"})
}

// A preview prints what is in files only where the configuration asks for it.
func TestDiffOnlyWhenAsked(t *testing.T) {
	for config, want := range map[string]bool{"inventory: 'localhost,'": false, "inventory: 'localhost,', diff: true": true} {
		s := tellReal(t, map[string]string{"bitops.config.yaml": "ansible: {cli: {" + config + "}}", "playbook.yaml": play(
			"\n  - copy: {content: hunter2-in-a-file, dest: \"{{ lookup('env', 'HOME') }}/x\"}\n")})
		for _, do := range []func() environments.Result{s.Plan, s.Apply} {
			counts(t, do(), 1)
			if got := strings.Contains(s.Texts(schema.EventOutputLine), "hunter2"); got != want {
				t.Errorf("%s: shown %t\n%s", config, got, s.Texts(schema.EventOutputLine))
			}
		}
	}
}

// One play with everything on the command line.
func TestTagsVaultAndExtraVarsWork(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml": `ansible:
  cli:
    inventory: localhost,
    extra-vars: a=1 b='2 3'
    tags: [yes, always]
    skip-tags: no
    vault-password-file: ${BITOPS_ENVROOT}/ansible/pw
    forks: 2
    flush-cache: true
    force-handlers: true
`,
		"pw": "hunter2\n",
		"playbook.yaml": play(`
  - set_stats: {data: {a: "{{ a }}", b: "{{ b }}"}}
    tags: [yes]
  - set_stats: {data: {no: "no"}}
    tags: [yes, no]
  - set_stats: {data: {untagged: "no"}}
`),
	})
	s.Write(map[string]string{"playbook.yaml": strings.ReplaceAll(strings.ReplaceAll(readFile(t, s.Source()+"/playbook.yaml"), "[yes, no]", `["yes", "no"]`), "[yes]", `["yes"]`)})
	outputs := s.Apply().Outputs
	output(t, outputs, "a", `"1"`)
	output(t, outputs, "b", `"2 3"`)
	equal(t, "outputs", len(outputs), 2)
}
