package schema

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Differs returns the first key of an environment's entry that decides what is deployed and is not as it was in another
// version of the manifest, "" where there is none. Names, words to select by, limits, and what else only decides when and
// whether something runs do not count.
func (e *Environment) Differs(was *Environment) string {
	before, after := was.decisive(), e.decisive()
	for i, key := range after {
		if !equalJSON(key.value, before[i].value) {
			return key.name
		}
	}
	return ""
}

// said is a key and what it says, without the places in the file.
type said struct {
	name  string
	value any
}

func (e *Environment) decisive() []said {
	inputs, variables := map[string]any{}, map[string]string{}
	for _, input := range e.Inputs {
		inputs[input.Key] = input.Value.Source()
	}
	for _, variable := range e.Env {
		variables[variable.Key] = variable.Value
	}
	all := []said{{"path", e.Path.Text}, {"inputs", inputs}, {"env", variables}, {"target", e.Target}}
	all = append(all, said{"inherit", e.Inherit == nil || *e.Inherit}, said{"depends_on", textsOf(e.DependsOn)})
	return append(all, said{"tags", e.tagsGiven()})
}

// tagsGiven returns the tags where an input can hold them.
func (e *Environment) tagsGiven() []string {
	for _, input := range e.Inputs {
		text, err := json.Marshal(input.Value)
		if err != nil || bytes.Contains(text, []byte("environment.tags")) {
			return e.Tags
		}
	}
	return nil
}

func textsOf(all []Located) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.Text
	}
	slices.Sort(texts)
	return texts
}

// Differs returns the first key of the manifest that decides which steps all environments have and is not as it was, ""
// where there is none.
func (s *Settings) Differs(was *Settings) string {
	before, after := was.decisive(), s.decisive()
	for i, key := range after {
		if !equalJSON(key.value, before[i].value) {
			return key.name
		}
	}
	return ""
}

func (s *Settings) decisive() []said {
	var deployments [][2]string
	for _, one := range s.Deployments {
		deployments = append(deployments, [2]string{one.Key, one.Value.Plugin})
	}
	plugins := map[string]Plugin{}
	for _, one := range s.Plugins {
		plugins[one.Key] = one.Value
	}
	folder := s.DefaultFolder
	if folder == "" {
		folder = DefaultFolder
	}
	return []said{{"deployments", deployments}, {"plugins", plugins}, {"default_folder", folder}}
}

func equalJSON(a, b any) bool {
	one, err := json.Marshal(a)
	other, failed := json.Marshal(b)
	return err == nil && failed == nil && string(one) == string(other)
}
