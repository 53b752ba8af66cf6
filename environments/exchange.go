package environments

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// exchange is the pair of files by which hooks and plugins talk back: `NAME=value` lines appended to $BITOPS_ENV become
// variables for the rest of the step, those appended to $BITOPS_OUTPUT become outputs of the step.
type exchange struct {
	variables, outputs *mailbox
	collected          schema.Values
	secrets            func(texts ...string)
}

// newExchange makes the files and names them, and that of $BITOPS_MASK, to the step. secrets is told what must not be shown.
func newExchange(c *Call, secrets func(texts ...string)) (*exchange, error) {
	e := &exchange{collected: schema.Values{}, secrets: secrets}
	var err error
	if e.variables, err = newMailbox(c, "BITOPS_ENV"); err != nil {
		return nil, err
	}
	if e.outputs, err = newMailbox(c, "BITOPS_OUTPUT"); err != nil {
		return nil, err
	}
	c.mask, err = newMaskFile(c, secrets)
	return e, err
}

// collect takes over what was appended since the last time.
func (e *exchange) collect(c *Call) error {
	c.mask.read()
	variables, err := e.variables.news()
	if err != nil {
		return err
	}
	secrets := append(c.Inputs.Secrets(), c.Offered.Secrets()...)
	for _, a := range variables {
		if secret.NameIsSecret(a.name) || holdsAny(a.value, secrets) {
			e.secrets(a.value)
		}
		c.Variables[a.name] = a.value
		if c.hooked == nil {
			c.hooked = map[string]bool{}
		}
		c.hooked[a.name] = true
	}
	outputs, err := e.outputs.news()
	if err != nil {
		return err
	}
	for _, a := range outputs {
		if !utf8.ValidString(a.value) {
			return fmt.Errorf("$BITOPS_OUTPUT, line %d: the value is not UTF-8", a.line)
		}
		v := schema.Text(a.value)
		fields := v.FieldTexts(secret.NameIsSecret)
		e.secrets(fields...)
		if v.Sensitive = secret.NameIsSecret(a.name) || len(fields) > 0 || holdsAny(a.value, secrets); v.Sensitive {
			e.secrets(a.value)
		}
		e.collected[a.name] = v
	}
	return nil
}

// rewind forgets what was written since the last collect: by a tool that failed and is tried again.
func (e *exchange) rewind() error {
	for _, m := range []*mailbox{e.variables, e.outputs} {
		if err := os.WriteFile(m.path, []byte(m.seen), 0o600); err != nil {
			return fmt.Errorf("write $%s: %w", m.variable, err)
		}
	}
	return nil
}

// shortestPart is the length from which a secret is looked for inside other texts. A shorter one is in everything.
const shortestPart = 4

// holdsAny reports whether a text is or holds one of the secrets: what a hook passes on of a sensitive input stays
// sensitive.
func holdsAny(text string, secrets []string) bool {
	for _, s := range secrets {
		if s == text && s != "" || len(s) >= shortestPart && secret.Appears(text, s) {
			return true
		}
	}
	return false
}

// over returns the values with those of the hooks laid over them. A sensitive name stays sensitive.
func (e *exchange) over(values schema.Values) schema.Values {
	if len(e.collected) == 0 {
		return values
	}
	all := schema.Values{}
	maps.Copy(all, values)
	for name, v := range e.collected {
		v.Sensitive = v.Sensitive || values[name].Sensitive
		all[name] = v
	}
	return all
}

// mailbox is one file that scripts append to.
type mailbox struct {
	variable string // that holds its path
	path     string
	seen     string // what has been read
}

func newMailbox(c *Call, variable string) (*mailbox, error) {
	file, err := c.PrivateFile(strings.ToLower(variable), nil)
	if err != nil {
		return nil, err
	}
	c.Variables[variable] = file
	return &mailbox{variable: variable, path: file}, nil
}

// news returns what has come since the last time: everything, when a script wrote with > instead of >>.
func (m *mailbox) news() ([]assignment, error) {
	text, err := os.ReadFile(m.path)
	text = schema.WithoutMark(text) // which PowerShell writes
	if err != nil {
		return nil, fmt.Errorf("read $%s: %w", m.variable, err)
	}
	line := 1
	fresh, appended := strings.CutPrefix(string(text), m.seen)
	if appended {
		line += strings.Count(m.seen, "\n")
	}
	m.seen = string(text)
	assignments, err := parseAssignments(fresh, line)
	if err != nil {
		return nil, fmt.Errorf("$%s, %w", m.variable, err)
	}
	return assignments, nil
}
