package ansible

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// report is what the callback plugin told of one playbook.
type report struct {
	resources []schema.ResourceChange // the first of the changed tasks
	changed   int                     // all of them
	failures  []fact
	good      map[string]bool // hosts that nothing is wrong with in the end
	outputs   []fact
	uncertain bool // a registered result is not what it will be
	notices   []string
	ended     bool     // the report is whole
	owed      []string // the handlers that were notified and have not run
	gone      []string // of those owed from earlier: no play has them
	undone    bool     // some task did not run, because check mode cannot run it
}

// fact is one line of the plugin's: see callback_plugins/bitops_report.py.
type fact struct {
	Event  string          `json:"event"`
	Host   string          `json:"host"`
	Task   string          `json:"task"`
	Place  string          `json:"place"`
	Play   string          `json:"play"`
	Texts  []string        `json:"texts"`
	Bad    bool            `json:"bad"`
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
	Hidden bool            `json:"hidden"`
	Diffs  []difference    `json:"diffs"` // of a changed task, where ansible shows them
}

// mostResources bounds the changed tasks that are listed by name; all of them are counted.
const mostResources = 1000

// readReport reads the plugin's file; owed is what earlier runs have left. A last line that ansible did not finish is passed
// over.
func readReport(file string, owed []string) (*report, error) {
	r := &report{good: map[string]bool{}, owed: owed}
	f, err := os.Open(file)
	if err != nil {
		return r, fmt.Errorf("read what ansible did: %w", err)
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return r, fmt.Errorf("read what ansible did: %w", err)
		}
		var f fact
		if err := json.Unmarshal(bytes.TrimSpace(line), &f); err != nil {
			return r, fmt.Errorf("read what ansible did: a line of %d bytes is not what the callback plugin writes", len(line))
		}
		r.add(f)
	}
}

func (r *report) add(f fact) {
	switch f.Event {
	case "changed":
		r.changed++
		if len(r.resources) < mostResources {
			r.resources = append(r.resources, changedTask(f))
		}
	case "failed", "unreachable":
		r.failures = append(r.failures, f)
	case "passed-over":
		r.notices = append(r.notices, fmt.Sprintf("host %s is unreachable, and ignore_unreachable lets the playbook go on without it: %s",
			f.Host, strings.Join(f.Texts, " ")))
	case "uncertain":
		r.uncertain = true
	case "notified", "handled":
		r.owed = owe(r.owed, f)
	case "gone":
		r.gone = append(r.gone, handler(f.Host, f.Task))
	case "not-notified":
		r.notices = append(r.notices, "this ansible cannot be told which handlers are owed: "+strings.Join(f.Texts, " "))
	case "no-hosts":
		r.notices = append(r.notices, fmt.Sprintf("play %q ran nowhere: no hosts matched", f.Play))
	case "not-offered":
		r.notices = append(r.notices, "this ansible cannot be offered values: "+strings.Join(f.Texts, " "))
	case "host-outputs":
		r.notices = append(r.notices, fmt.Sprintf("set_stats with per_host leaves no outputs (host %s)", f.Host))
	case "bad-output":
		r.notices = append(r.notices, fmt.Sprintf("output %s is left out: %s", f.Name, strings.Join(f.Texts, " ")))
	case "undone": // a task cannot be checked, so nobody knows what it would change
		r.undone = true
	case "host":
		r.good[f.Host] = !f.Bad
	case "output":
		r.outputs = append(r.outputs, f)
	case "end":
		r.ended = true
	}
}

// changes returns what was changed, as much as was done when ansible failed; nil when nobody knows. They are open where a
// task could not be checked.
func (r *report) changes() *schema.Changes {
	if (!r.ended || r.undone) && r.changed == 0 {
		return nil
	}
	return &schema.Changes{Change: r.changed, Resources: r.resources, Open: r.undone}
}

// values returns the outputs.
func (r *report) values(secrets []string) schema.Values {
	values := schema.Values{}
	for _, f := range r.outputs {
		v, err := schema.FromJSON(f.Value)
		if err != nil {
			continue // the plugin writes only JSON
		}
		v.Sensitive = f.Hidden || secret.NameIsSecret(f.Name) || sensitive(v, secrets)
		values[f.Name] = v
	}
	return values
}

// plannedOutputs returns the outputs of a run in check mode. They are unknown where a task whose result is registered
// was not really done: what depends on the result will be another value.
func (r *report) plannedOutputs(secrets []string) schema.Values {
	values := r.values(secrets)
	if r.uncertain {
		for name, v := range values {
			v.Data = cty.DynamicVal
			values[name] = v
		}
	}
	return values
}

// hide takes what is secret out of all that is shown.
func (r *report) hide(clean func(text string) string) {
	changes := schema.Changes{Resources: r.resources}
	r.resources = schema.Cleaner{Clean: clean, Mask: secret.Mask}.Changes(&changes).Resources
	for _, f := range r.failures {
		for i, text := range f.Texts {
			f.Texts[i] = clean(text)
		}
	}
	for i, notice := range r.notices {
		r.notices[i] = clean(notice)
	}
}

// place makes the places of failures relative to the repository, which the workspace is laid out like.
func (r *report) place(root string) {
	for i, f := range r.failures {
		if rel, err := filepath.Rel(root, f.Place); err == nil && filepath.IsLocal(rel) {
			r.failures[i].Place = filepath.ToSlash(rel)
		}
	}
}

// mostLines bounds what a failure shows.
const mostLines = 60

// explain tells a failure by the tasks that failed, where there are any.
func (r *report) explain(failure *environments.Failure, result process.Result) error {
	if result.Interrupted || result.ExitCode == 99 {
		failure.Message = program + " was interrupted"
		return failure
	}
	fatal := r.fatal()
	if len(fatal) == 0 {
		return failure
	}
	failure.Untouched = r.onlyUnreachable()
	for _, f := range fatal {
		failure.Errors = append(failure.Errors, strings.Join(f.Texts, " "))
	}
	failure.Message = program + " failed: " + fatal[0].headline()
	if more := len(fatal) - 1; more > 0 {
		failure.Message += fmt.Sprintf(" (and %d more)", more)
	}
	failure.Lines = nil
	for i, f := range fatal {
		lines := f.lines()
		if i > 0 && len(failure.Lines)+len(lines) > mostLines {
			failure.Lines = append(failure.Lines, fmt.Sprintf("... and %d more; the log has them all", len(fatal)-i))
			break
		}
		failure.Lines = append(failure.Lines, lines...)
	}
	return failure
}

// fatal returns the failures that ended the playbook for a host: of each host the last one, because those before it were
// rescued, and none of a host that nothing is wrong with in the end.
func (r *report) fatal() []fact {
	last := map[string]int{}
	for i, f := range r.failures {
		last[f.Host] = i
	}
	var fatal []fact
	for i, f := range r.failures {
		if last[f.Host] == i && !r.good[f.Host] {
			fatal = append(fatal, f)
		}
	}
	return fatal
}

func (f *fact) headline() string {
	first, _, _ := strings.Cut(strings.Join(f.Texts, "\n"), "\n")
	return fmt.Sprintf("%s: %s: %s", f.Host, f.Task, cmp.Or(strings.TrimSpace(first), f.Event))
}

// lines returns a failure as it is shown: what, where, and the last of what the program printed.
func (f *fact) lines() []string {
	lines := []string{f.headline()}
	if f.Place != "" {
		lines = append(lines, "  at "+f.Place)
	}
	var rest []string
	for line := range strings.Lines(strings.Join(f.Texts, "\n")) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			rest = append(rest, "  "+line)
		}
	}
	const most = 20
	if len(rest) > 0 { // the headline says the first one
		rest = rest[1:]
	}
	return append(lines, rest[max(0, len(rest)-most):]...)
}
