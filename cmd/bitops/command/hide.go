package command

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// hide makes the values known that must not be shown because the names of their variables or inputs say so.
func (s *session) hide(plan *schema.Plan) {
	for i := range plan.Steps {
		for name, value := range plan.Steps[i].Env {
			if secret.NameIsSecret(name) {
				s.redact.Add(value)
			}
		}
		for _, input := range plan.Steps[i].Inputs {
			keys := secret.NameIsSecret
			if secret.NameIsSecret(input.Name) || plan.Steps[i].Interface.Hides(input.Name) {
				keys = nil
			}
			s.redact.Add(input.Expression.Texts(keys)...)
		}
	}
}

// secretIn says which variable whose name says that it is secret has its value in a text, or "".
func (s *session) secretIn(plan *schema.Plan, text string) string {
	found := map[string]bool{}
	note := func(name, value string) {
		if secret.NameIsSecret(name) && len(value) >= 4 && secret.Appears(text, value) {
			found[name] = true
		}
	}
	for _, variable := range s.Environ {
		name, value, _ := strings.Cut(variable, "=")
		note(name, value)
	}
	for i := range plan.Steps {
		for name, value := range plan.Steps[i].Env {
			note(name, value)
		}
	}
	names := slices.Sorted(maps.Keys(found))
	if len(names) == 0 {
		return ""
	}
	return "the value of the variable " + strings.Join(names, ", ")
}

// withoutSecrets takes out of a JSON document what must not be shown: values that are known, and what the manifest's
// patterns match in a text.
func (s *session) withoutSecrets(document string) string {
	document = s.redact.String(document)
	if s.masks.Empty() {
		return document
	}
	return eachText(document, func(text string) string {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			lines[i] = s.masks.Line(line)
		}
		return strings.Join(lines, "\n")
	})
}

// eachText changes the texts in a JSON document, and nothing else of it.
func eachText(document string, change func(string) string) string {
	var b strings.Builder
	for {
		begin := strings.IndexByte(document, '"')
		if begin < 0 {
			break
		}
		end := begin + 1
		for end < len(document) && document[end] != '"' {
			if document[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(document) {
			break
		}
		b.WriteString(document[:begin])
		b.WriteString(changed(document[begin:end+1], change))
		document = document[end+1:]
	}
	b.WriteString(document)
	return b.String()
}

// changed changes a JSON text. What stays the same is not written anew.
func changed(quoted string, change func(string) string) string {
	var text string
	if json.Unmarshal([]byte(quoted), &text) != nil {
		return quoted
	}
	after := change(text)
	if after == text {
		return quoted
	}
	written, err := json.Marshal(after)
	if err != nil {
		return `""`
	}
	return string(written)
}
