package plugin

import (
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// longestVariable bounds the arguments in a variable, in bytes: beyond about twice as much nothing can be started
// (MAX_ARG_STRLEN in execve(2)). The file holds them whatever their length.
const longestVariable = 64 << 10

// hookVariables are what hooks are given of the plugin too, as in v2.
func (s *session) hookVariables(action string) map[string]string {
	all := placeVariables(s.files.place.dir)
	words := strings.Join(s.words(action), " ")
	if len(words) > longestVariable {
		words = ""
	}
	for _, name := range s.variableNames("CLI") {
		all[name] = words
	}
	return all
}

// placeVariables say where the plugin is. In v2.0 BITOPS_PLUGIN_DIR was the plugin's directory, later it was that of
// v2's own scripts, which no plugin needs; so it is what a script can use.
func placeVariables(dir string) map[string]string {
	return map[string]string{
		"BITOPS_INSTALLED_PLUGIN_DIR": dir,
		"BITOPS_PLUGIN_DIR":           dir,
		"BITOPS_PLUGINS_DIR":          filepath.Dir(dir) + string(filepath.Separator),
	}
}

// variableNames returns the names of one of the plugin's own variables: BITOPS_HELLO_WORLD_CLI for a plugin hello-world,
// and BITOPS_HELLO-WORLD_CLI, which is what v2 really sets and bash cannot read.
func (s *session) variableNames(end string) []string {
	tool := string(s.files.keys.Tool)
	return []string{"BITOPS_" + word(tool) + "_" + end, "BITOPS_" + strings.ToUpper(tool) + "_" + end}
}

// scriptVariables are for the plugin's script alone.
func (s *session) scriptVariables(action string) (map[string]string, error) {
	all := s.hookVariables(action)
	if !s.files.parses() {
		return all, nil
	}
	var whole strings.Builder
	for _, argument := range s.arguments(action) {
		whole.WriteString(argument.text() + "\x00")
	}
	file, err := s.PrivateFile("arguments", []byte(whole.String()))
	if err != nil {
		return nil, err
	}
	for _, name := range s.variableNames("CLI_FILE") {
		all[name] = file
	}
	export := func(p *schema.Property, value string) {
		all[p.ExportEnv], all["BITOPS_"+p.ExportEnv] = value, value
	}
	leaves(&s.files.keys.Root, func(p *schema.Property) {
		switch {
		case p.ExportEnv == "":
		case p == s.actions.property:
			export(p, action)
		case p.Type == schema.TypeList && s.values.Has(p.Path):
			export(p, strings.Join(s.values.List(p.Path), " "))
		}
	})
	return all, nil
}

// argument is one argument that the plugin's own program gets.
type argument struct {
	flag  string // with its dashes, "" for a value that stands alone
	value string
	alone bool // the flag has no value
}

func (a argument) text() string {
	switch {
	case a.flag == "":
		return a.value
	case a.alone:
		return a.flag
	}
	return a.flag + "=" + a.value
}

// arguments returns what the section cli makes of the configuration, in the order of the schema. A value without a
// parameter stands alone, as in v2.
func (s *session) arguments(action string) []argument {
	var all []argument
	for i := range s.files.keys.Root.Properties {
		if p := &s.files.keys.Root.Properties[i]; p.Name == sectionCLI {
			leaves(p, func(leaf *schema.Property) { all = append(all, s.argumentsOf(leaf, action)...) })
		}
	}
	return all
}

func (s *session) argumentsOf(p *schema.Property, action string) []argument {
	flag := ""
	if p.Parameter != "" {
		flag = p.Dash + p.Parameter
	}
	values := []string{s.values.Text(p.Path)}
	switch {
	case p == s.actions.property:
		values = []string{action}
	case !s.values.Has(p.Path):
		return nil
	case p.Type == schema.TypeBoolean:
		if flag != "" && s.values.Flag(p.Path) {
			return []argument{{flag: flag, alone: true}}
		}
		return nil
	case p.Type == schema.TypeList:
		values = s.values.List(p.Path)
	}
	var all []argument
	for _, value := range values {
		if value != "" || flag != "" && p != s.actions.property {
			all = append(all, argument{flag: flag, value: value})
		}
	}
	return all
}

// words returns the arguments for $BITOPS_<PLUGIN>_CLI, whose words v2's scripts let the shell split: `tool
// $BITOPS_HELLO_CLI`. So they stand there as in v2, without quotes, which would reach the tool; a value with white space
// in it is whole in the file alone.
func (s *session) words(action string) []string {
	if !s.files.parses() {
		return nil
	}
	var all []string
	for _, a := range s.arguments(action) {
		all = append(all, a.text())
	}
	return all
}
