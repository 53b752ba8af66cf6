package ansible

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// variableName is what ansible takes for the name of a variable.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// inputArguments writes the manifest's inputs to an extra-vars file and returns the argument that names it.
func (s *session) inputArguments() ([]string, error) {
	var text bytes.Buffer
	for _, name := range s.Inputs.Names() {
		if !variableName.MatchString(name) {
			s.Notice("input %s is no name for a variable of ansible; hooks find it in $BITOPS_INPUTS_FILE", name)
			continue
		}
		value, err := s.Inputs[name].Reveal()
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		fmt.Fprintf(&text, "%q: ", name)
		if err := writeUnsafe(&text, value); err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		text.WriteByte('\n')
	}
	if text.Len() == 0 {
		return nil, nil
	}
	file, err := s.PrivateFile("extra-vars.yaml", text.Bytes())
	return []string{"--extra-vars=@" + file}, err
}

// offeredFile writes the offered values for the callback plugin, "" when there are none. A null offers nothing, and an
// input of the same name wins anyway.
func (s *session) offeredFile() (string, error) {
	values := map[string]json.RawMessage{}
	for _, name := range s.Offered.Names() {
		offered := s.Offered[name]
		if !variableName.MatchString(name) || offered.Null() {
			continue
		}
		value, err := offered.Reveal()
		if err != nil {
			return "", fmt.Errorf("offered value %s: %w", name, err)
		}
		values[name] = value
	}
	if len(values) == 0 {
		return "", nil
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	return s.PrivateFile("offered.json", text)
}

// secrets returns the texts of the step's sensitive values.
func (s *session) secrets() []string { return append(s.Inputs.Secrets(), s.Offered.Secrets()...) }

// writeUnsafe writes a JSON value as YAML in which every text is tagged !unsafe, so that ansible does not look for
// templates in it.
func writeUnsafe(b *bytes.Buffer, text json.RawMessage) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	writeYAML(b, value)
	return nil
}

func writeYAML(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case string:
		b.WriteString("!unsafe ")
		writeQuoted(b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			separate(b, i)
			writeYAML(b, item)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			separate(b, i)
			b.WriteString("? ") // without it a key may not be longer than 1024 characters
			writeQuoted(b, key)
			b.WriteString(" : ")
			writeYAML(b, v[key])
		}
		b.WriteByte('}')
	case nil:
		b.WriteString("null")
	default: // json.Number and bool are the same in YAML
		fmt.Fprint(b, v)
	}
}

func separate(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// writeQuoted writes a double-quoted YAML text. What is not printable ASCII is escaped, because YAML allows not every
// character as it is.
func writeQuoted(b *bytes.Buffer, text string) {
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case strings.ContainsRune(`"\`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r > '~':
			fmt.Fprintf(b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// sensitive reports whether a value holds one of the secrets. A short secret, such as a number, must be the whole of a
// text: it is part of too many.
func sensitive(v schema.Value, secrets []string) bool {
	const short = 4
	v.Sensitive = true
	for _, text := range (schema.Values{"": v}).Secrets() {
		for _, value := range secrets {
			if value != "" && (text == value || len(value) >= short && secret.Appears(text, value)) {
				return true
			}
		}
	}
	return false
}
