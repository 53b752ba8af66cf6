package environments

import (
	"os"
	"strings"
	"time"
)

// maskFile is $BITOPS_MASK: every line that a hook or a tool appends to it is a secret from then on. It is looked at before
// each part of a program's output is shown, so what a program prints after it has written there is hidden.
type maskFile struct {
	path    string
	size    int64
	changed time.Time
	secrets func(texts ...string)
}

func newMaskFile(c *Call, secrets func(texts ...string)) (*maskFile, error) {
	const variable = "BITOPS_MASK"
	file, err := c.PrivateFile(strings.ToLower(variable), nil)
	if err != nil {
		return nil, err
	}
	c.Variables[variable] = file
	return &maskFile{path: file, secrets: secrets}, nil
}

// read makes the lines known that are new. A nil m knows none. A file that a script removed or replaced is read as it is.
func (m *maskFile) read() {
	if m == nil {
		return
	}
	info, err := os.Stat(m.path)
	if err != nil || info.Size() == m.size && info.ModTime().Equal(m.changed) {
		return
	}
	text, err := os.ReadFile(m.path)
	if err != nil {
		return
	}
	m.size, m.changed = info.Size(), info.ModTime()
	m.secrets(strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })...)
}
