package ansible

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// hidden knows what must not be shown of this playbook: what is in vaults, and what its variables call secret. The callback
// plugin writes it to a file before ansible can print it. It is a secret in this step alone: in a vault there are names of hosts
// too, which would vanish from the outputs of all steps.
type hidden struct {
	file     string
	read     int64 // so much of it
	redactor secret.Redactor
	learn    func(texts ...string) // what is in a vault under a name that says secret is one everywhere
	lines    diff.Named            // of what is printed
}

// The shortest texts that are hidden, in bytes: in this step, and everywhere.
const (
	shortestHere       = 4
	shortestEverywhere = 8
)

// look reads what the plugin has found since the last time.
func (h *hidden) look() {
	info, err := os.Stat(h.file)
	if err != nil || info.Size() == h.read {
		return
	}
	f, err := os.Open(h.file)
	if err != nil {
		return
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, h.read, info.Size()-h.read))
	if err != nil {
		return
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // whole lines
	h.read += int64(len(text))
	for line := range bytes.Lines(text) {
		h.add(line)
	}
}

func (h *hidden) add(line []byte) {
	var found struct {
		Name, Text string
		Vaulted    bool
	}
	if json.Unmarshal(line, &found) != nil {
		return
	}
	named := secret.NameIsSecret(found.Name)
	if text := strings.TrimSpace(found.Text); len(text) >= shortestHere && (found.Vaulted || named) {
		h.redactor.Add(found.Text)
		if found.Vaulted && named && len(text) >= shortestEverywhere {
			h.learn(found.Text)
		}
	}
}

// line returns a line that ansible prints as it may be shown. What it calls secret is hidden too: it can be one of a diff.
func (h *hidden) line(text string) string {
	h.look()
	text = h.redactor.String(text)
	sign, rest := "", text
	if text != "" && strings.ContainsRune("+- ", rune(text[0])) {
		sign, rest = text[:1], text[1:]
	}
	without, _ := h.lines.Line(rest)
	return sign + without
}
