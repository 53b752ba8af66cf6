package schema

import (
	"slices"
	"strings"
)

// The bounds of Warnings.
const (
	MostWarnings   = 50
	longestWarning = 1 << 10 // bytes
)

// Warning is something that a tool warned about. It stopped nothing.
type Warning struct {
	Text  string `json:"text"`
	Check bool   `json:"failed_check,omitempty"` // what the files say must hold does not
}

// Warnings are what the tool of a step warned about: how many there were, and the first of them.
type Warnings struct {
	Count  int       `json:"count"`
	Checks int       `json:"failed_checks,omitempty"` // how many of them are failed checks
	List   []Warning `json:"list"`                    // MostWarnings at most
}

// Add adds a warning, unless the same one is listed already: tools repeat themselves. A long text is cut at the end of a
// word, so that a secret in it stays whole or is gone.
func (ws *Warnings) Add(w Warning) {
	if w.Text = strings.TrimSpace(w.Text); len(w.Text) > longestWarning {
		w.Text = w.Text[:strings.LastIndexAny(w.Text[:longestWarning], " \t\n")+1] + "..."
	}
	if slices.Contains(ws.List, w) {
		return
	}
	ws.Count++
	if w.Check {
		ws.Checks++
	}
	if len(ws.List) < MostWarnings {
		ws.List = append(ws.List, w)
	}
}

// Warnings returns how many warnings there are of all steps, and how many of them are failed checks.
func (r *Report) Warnings() (all, checks int) {
	for i := range r.Steps {
		if ws := r.Steps[i].Warnings; ws != nil {
			all, checks = all+ws.Count, checks+ws.Checks
		}
	}
	return all, checks
}

// HasDrifted reports whether something is not as declared: it would change, or a check of it fails.
func (r *Report) HasDrifted() bool {
	_, checks := r.Warnings()
	return r.HasChanges() || checks > 0
}
