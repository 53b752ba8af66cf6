package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// mostOutputs bounds what a script may print as its outputs, in bytes.
const mostOutputs = 16 << 20

// outputs lets the script print what it left behind, if the plugin declares that it can. Nothing of that is logged: it
// can hold secrets.
func (s *session) outputs(ctx context.Context) (schema.Values, error) {
	action := s.actions.config.outputs
	if action == "" {
		return nil, nil
	}
	p, err := s.program(action)
	if err != nil {
		return nil, err
	}
	if _, err := s.newChanges(&p); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var text bytes.Buffer
	tooMuch := false
	p.Stdout = func(line string) {
		if tooMuch = tooMuch || text.Len()+len(line) > mostOutputs; tooMuch {
			stop()
			return
		}
		text.WriteString(line + "\n")
	}
	s.Phase(schema.PhaseOutputs, s.what(action))
	err = s.must(ctx, p, action)
	switch {
	case tooMuch:
		return nil, environments.Failuref("plugin %s printed more than %d MiB", s.what(action), mostOutputs>>20)
	case err != nil:
		return nil, err
	}
	values, err := parseOutputs(text.Bytes())
	if err != nil {
		return nil, environments.Failuref("plugin %s printed what are no outputs: %v", s.what(action), err)
	}
	return values, nil
}

// parseOutputs reads the JSON of `terraform output -json`, or lines of name=value. Errors never show a value.
func parseOutputs(text []byte) (schema.Values, error) {
	text = bytes.TrimSpace(text)
	values := schema.Values{}
	if bytes.HasPrefix(text, []byte("{")) {
		if err := json.Unmarshal(text, &values); err != nil {
			return nil, fmt.Errorf("not JSON in the shape of `terraform output -json`")
		}
	} else if err := parseLines(string(text), values); err != nil {
		return nil, err
	}
	for name, v := range values {
		if !outputName.MatchString(name) {
			return nil, fmt.Errorf("a name is letters, digits, '_' and '-', and begins with a letter or '_'")
		}
		if !v.Known() {
			return nil, fmt.Errorf("output %s has no value", name)
		}
		v.Sensitive = v.Sensitive || secret.NameIsSecret(name)
		values[name] = v
	}
	return values, nil
}

// outputName is what can name an output, as in $BITOPS_OUTPUT.
var outputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// parseLines reads lines of name=value. Empty lines and lines that begin with # are passed over.
func parseLines(text string, values schema.Values) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		switch {
		case !ok:
			return fmt.Errorf("line %d is not name=value", number)
		case !utf8.ValidString(value) || strings.Contains(value, "\x00"):
			return fmt.Errorf("line %d: the value is no text", number)
		}
		values[name] = schema.Text(value)
	}
	return nil
}
