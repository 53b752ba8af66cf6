package ansible

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"gopkg.in/yaml.v3"

	"github.com/bitops-engine/bitops/schema"
)

// odd are values that something on the way could take for something else.
var odd = map[string]string{
	"text":     `"two words 'and' \"quotes\""`,
	"template": `"{{ nothing }} {% if %} {# x #}"`,
	"strange":  `"a\\b\tc\nd: #e\u0000\u007f\u2028ü😀 ${x}"`,
	"words":    `["true","null","1","~","2024-01-01","@file"]`,
	"number":   `12345678901234567890`,
	"fraction": `-0.25`,
	"flag":     `false`,
	"nothing":  `null`,
	"deep":     `{"list":[1,"{{ x }}",[],{}],"{{ key }}":{"k: v":"="}}`,
}

// echo sets every odd value as an output.
func echo() string {
	tasks := "\n  - set_stats:\n      data:\n"
	for name := range odd {
		tasks += "        " + name + "_out: '{{ " + name + " }}'\n"
	}
	return play(tasks)
}

// Every value must arrive as it is, whichever way it goes.
func TestValuesArriveAsTheyAre(t *testing.T) {
	for way, give := range map[string]func(*story, schema.Values){
		"as inputs":         func(s *story, v schema.Values) { s.Inputs = v },
		"as offered values": func(s *story, v schema.Values) { s.Offered = v },
	} {
		t.Run(way, func(t *testing.T) {
			s := tellReal(t, map[string]string{"playbook.yaml": echo()})
			sent := values(t, odd)
			if way == "as offered values" { // a null offers nothing
				s.Write(map[string]string{"playbook.yaml": strings.ReplaceAll(echo(), "{{ nothing }}", "{{ nothing | default(none) }}")})
			}
			give(s, sent)
			received := s.Apply().Outputs
			for name := range odd {
				want, got := sent[name], received[name+"_out"]
				if name == "nothing" { // ansible gives a template that yields None as an empty text
					continue
				}
				if got.Data == cty.NilVal || !got.Data.RawEquals(want.Data) {
					t.Errorf("%s arrived as %s, want %s", name, got, want)
				}
			}
		})
	}
}

// What sets a variable, from the weakest to the strongest.
func TestWhoWins(t *testing.T) {
	s := tellReal(t, map[string]string{
		"bitops.config.yaml":        "ansible: {cli: {extra-vars: [by_config=config by_input=config, '@more.json']}}",
		"ansible.cfg":               "[defaults]\ninventory = hosts.yaml\n",
		"hosts.yaml":                "all: {vars: {by_inventory: inventory}, children: {web: {hosts: {localhost: }, vars: {by_group: group}}}}",
		"group_vars/all.yaml":       "by_group_vars: group_vars\n",
		"host_vars/localhost":       "by_host_vars: host_vars\n",
		"more.json":                 `{"by_file": "file"}`,
		"roles/r/defaults/main.yml": "by_default: default\nby_nobody: default\n",
		"roles/r/vars/main.yml":     "by_role: role\n",
	})
	names := []string{
		"by_offer", "by_default", "by_inventory", "by_group", "by_group_vars", "by_host_vars", "by_play", "by_role", "by_config", "by_file", "by_input",
	}
	tasks := "- meta: refresh_inventory\n- set_stats:\n    data:\n"
	s.Offered = schema.Values{"by_nobody": schema.Text("offered")}
	for _, name := range names {
		tasks += "      " + name + "_out: '{{ " + name + " }}'\n"
		s.Offered[name] = schema.Text("offered")
	}
	s.Inputs = schema.Values{"by_input": schema.Text("input"), "not-a-name": schema.Text("x")}
	s.Offered["no-name-either"] = schema.Text("x")
	s.Write(map[string]string{
		"roles/r/tasks/main.yml": tasks,
		"playbook.yaml":          "- hosts: web\n  connection: local\n  gather_facts: false\n  vars: {by_play: play}\n  roles: [r]\n",
	})
	outputs := s.Apply().Outputs
	for name, want := range map[string]string{
		"by_offer": "offered", "by_default": "offered", "by_inventory": "inventory", "by_group": "group",
		"by_group_vars": "group_vars", "by_host_vars": "host_vars", "by_play": "play", "by_role": "role",
		"by_config": "config", "by_file": "file", "by_input": "input",
	} {
		output(t, outputs, name+"_out", `"`+want+`"`)
	}
	contains(t, "notices", s.Texts(schema.EventNotice), "input not-a-name is no name for a variable of ansible")
}

func TestUnknownValuesAreRefused(t *testing.T) {
	s := tell(t, map[string]string{"playbook.yaml": play(" []\n")}).fake("")
	unknown := schema.Values{"a": {Data: cty.UnknownVal(cty.String)}}
	s.Inputs = unknown
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "input a: the value is not known yet")
	s.Inputs, s.Offered = nil, unknown
	_, err = s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "offered value a: the value is not known yet")
	equal(t, "processes", len(s.Runner.Commands()), 0)
}

func TestValuesAreInPrivateFiles(t *testing.T) {
	s := tell(t, map[string]string{"playbook.yaml": play(" []\n")}).fake(
		`for f in "${2#--extra-vars=@}" "$BITOPS_ANSIBLE_OFFERED" "$BITOPS_ANSIBLE_REPORT"; do stat -c '%a %n' "$f"; done; stat -c %a "$(dirname "$BITOPS_ANSIBLE_REPORT")"`)
	s.Inputs, s.Offered = schema.Values{"a": schema.Text("x")}, schema.Values{"b": schema.Text("x")}
	s.Apply()
	contains(t, "log", s.Texts(schema.EventOutputLine),
		"600 "+s.Repository+"/.bitops/private/extra-vars.yaml\n", "600 "+s.Repository+"/.bitops/private/offered.json\n",
		"600 "+s.Repository+"/.bitops/private/report.jsonl\n700")
}

func TestSensitiveByContent(t *testing.T) {
	// A common word counts only where it is a value: "host" is a part of an address here.
	deep := values(t, map[string]string{"": `{"a": ["http://s3cret@host", 12]}`})[""]
	for secret, want := range map[string]bool{"s3cret": true, "12": true, "1": false, "host": false, "": false, "no": false} {
		equal(t, secret, sensitive(deep, []string{secret}), want)
	}
}

var oddNumber = regexp.MustCompile(`[0-9][eE][-+0-9]|-0`)

// The YAML of an input means the same as its JSON.
func FuzzWriteUnsafe(f *testing.F) {
	for _, text := range odd {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want, got any
		if json.Unmarshal([]byte(text), &want) != nil || strings.Contains(text, "!unsafe ") || oddNumber.MatchString(text) {
			t.Skip() // no JSON, what the test itself replaces, or a number that a schema.Value never writes so
		}
		var b bytes.Buffer
		check(t, writeUnsafe(&b, []byte(text)))
		plain := strings.ReplaceAll(b.String(), "!unsafe ", "")
		if err := yaml.Unmarshal([]byte(plain), &got); err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		wantText, err := json.Marshal(want)
		check(t, err)
		gotText, err := json.Marshal(got)
		check(t, err)
		var again any
		check(t, json.Unmarshal(gotText, &again))
		if againText, _ := json.Marshal(again); !bytes.Equal(wantText, againText) {
			t.Errorf("%s is read as %s, want %s", plain, againText, wantText)
		}
	})
}
