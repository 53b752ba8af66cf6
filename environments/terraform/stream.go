package terraform

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// message is one line that `terraform plan -json` or `apply -json` prints:
// https://developer.hashicorp.com/terraform/internals/machine-readable-ui
type message struct {
	Text       string          `json:"@message"`
	Type       string          `json:"type"`
	Diagnostic *diagnostic     `json:"diagnostic"`
	Change     *action         `json:"change"`  // of planned_change
	Hook       *action         `json:"hook"`    // of apply_complete and its like
	Changes    *summary        `json:"changes"` // of change_summary
	Outputs    json.RawMessage `json:"outputs"`
}

type action struct {
	Resource struct {
		Address string `json:"addr"`
	} `json:"resource"`
	Action  string  `json:"action"`
	Elapsed float64 `json:"elapsed_seconds"` // of apply_progress
}

type summary struct {
	Add       int    `json:"add"`
	Change    int    `json:"change"`
	Remove    int    `json:"remove"`
	Import    int    `json:"import"`
	Operation string `json:"operation"`
}

// stream turns terraform's messages into what people see, and keeps what bitops needs of them. Values of outputs go
// into outputs and nowhere else.
type stream struct {
	call    *environments.Call
	hideIDs bool // of resources: one of them can be a sensitive output, which nobody knows before the end

	staged bool // the file has targets, after which comes the rest

	began          bool     // it has begun to change something
	errors         []string // one text each
	first          string   // the first error in a few words
	lines          []string // of the errors, as they are shown
	last           []string // of them, the last error's
	more           int      // errors that are not among the lines
	planned        []schema.ResourceChange
	done           []schema.ResourceChange
	total          *summary        // of the plan
	applied        *summary        // of what was done
	sameOutputs    map[string]bool // that stay as they are
	changedOutputs int
	outputs        schema.Values // nil until terraform has told them
}

// mostLines bounds what a failure shows of terraform's errors, but for the first one.
const mostLines = 60

// line takes one line of terraform's standard output.
func (s *stream) line(text string) {
	if !strings.HasPrefix(text, "{") {
		s.plain(text)
		return
	}
	var m message
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Type == "" {
		// It may hold the values of outputs.
		s.call.Log("stdout", fmt.Sprintf("(a message of %d bytes that is not one of terraform's)", len(text)))
		return
	}
	switch m.Type {
	case "outputs":
		s.readOutputs(m.Outputs)
		return
	case "refresh_complete":
		return
	case "diagnostic":
		if m.Diagnostic != nil {
			s.diagnostic(m.Diagnostic)
			return
		}
	case "planned_change":
		s.plan(m.Change)
	case "change_summary":
		s.sum(m.Changes)
	case "apply_start":
		s.began = s.began || m.Hook == nil || m.Hook.Action != "read"
	case "apply_complete":
		s.complete(m.Hook)
	}
	if s.hideIDs {
		m.Text = resourceID.ReplaceAllString(m.Text, "[id=...]")
	}
	if progress[m.Type] {
		s.call.Progress("%s", m.progress())
	}
	s.plain(m.Text)
}

// progress says in a few words what terraform does: "aws_db_instance.main: creating, 52s".
func (m *message) progress() string {
	doing := ""
	if m.Hook != nil && (m.Type == "apply_start" || m.Type == "apply_progress") {
		doing = acting[m.Hook.Action]
	}
	if doing == "" || m.Hook.Resource.Address == "" {
		return strings.TrimSpace(m.Text)
	}
	doing = m.Hook.Resource.Address + ": " + doing
	if m.Hook.Elapsed >= 1 {
		doing += ", " + (time.Duration(m.Hook.Elapsed) * time.Second).String()
	}
	return doing
}

// acting are terraform's actions while they last.
var acting = map[string]string{"create": "creating", "read": "reading", "update": "changing", "delete": "destroying"}

// resourceID is how terraform shows which resource it is at work on.
var resourceID = regexp.MustCompile(`\[id=[^\]]*\]`)

// progress are the types of messages that tell what terraform is doing right now.
var progress = map[string]bool{
	"apply_start": true, "apply_progress": true, "apply_complete": true, "apply_errored": true,
	"refresh_start": true, "provision_start": true, "ephemeral_op_start": true,
}

// plain logs a text, the lines of it that are not empty.
func (s *stream) plain(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for len(line) > process.MaxLine {
			s.call.Log("stdout", line[:process.MaxLine])
			line = line[process.MaxLine:]
		}
		if strings.TrimSpace(line) != "" {
			s.call.Log("stdout", line)
		}
	}
}

func (s *stream) diagnostic(d *diagnostic) {
	lines := d.lines(s.call.Step.Directory())
	for _, line := range lines {
		s.call.Log("stdout", line)
	}
	if d.Severity == "warning" && (!s.staged || !aboutTargets(d.Summary)) {
		s.call.Warn(d.warning(s.call.Step.Directory()))
	}
	if d.Severity == "error" {
		s.errors = append(s.errors, strings.Join(lines, " "))
	}
	switch {
	case d.Severity != "error" || slices.Equal(lines, s.last):
		return // "execution halted" comes once for each interrupted resource
	case s.first == "":
		s.first = d.Summary
	case len(s.lines)+len(lines) > mostLines:
		s.more++
		return
	}
	s.last = lines
	s.lines = append(s.lines, lines...)
}

// aboutTargets reports whether a warning only says that targets leave out the rest.
func aboutTargets(summary string) bool {
	return summary == "Resource targeting is in effect" || summary == "Applied changes may be incomplete"
}

// failureLines returns the errors as a failure shows them.
func (s *stream) failureLines() []string {
	if s.more == 0 {
		return s.lines
	}
	return append(s.lines, fmt.Sprintf("... and %d more errors; the log has them all", s.more))
}

// sum takes the totals of a plan, or of what was done.
func (s *stream) sum(total *summary) {
	switch {
	case total == nil:
	case total.Operation == actionPlan:
		s.total = total
	default:
		s.applied = total
	}
}

func (s *stream) plan(a *action) {
	if a != nil && a.Action != "noop" {
		s.planned = append(s.planned, schema.ResourceChange{Address: a.Resource.Address, Action: actionName(a.Action)})
	}
}

// actionName is what bitops calls an action of terraform's.
func actionName(name string) string {
	if name == "remove" { // from the state, by a removed block
		return "forget"
	}
	return name
}

// complete notes what has happened to a resource. One that was deleted and created is replaced.
func (s *stream) complete(a *action) {
	if a == nil || a.Action == "read" || a.Action == "noop" {
		return
	}
	change := schema.ResourceChange{Address: a.Resource.Address, Action: actionName(a.Action)}
	at := slices.IndexFunc(s.done, func(c schema.ResourceChange) bool { return c.Address == change.Address })
	if at >= 0 && s.done[at].Action != change.Action {
		s.done[at].Action = "replace"
		return
	}
	s.done = append(s.done, change)
}

// readOutputs reads the outputs: before the changes terraform tells their actions, afterwards their values.
func (s *stream) readOutputs(text json.RawMessage) {
	var planned map[string]struct {
		Action string `json:"action"`
	}
	if json.Unmarshal(text, &planned) != nil {
		return
	}
	if s.applied == nil {
		s.sameOutputs = map[string]bool{}
		for name, o := range planned {
			if o.Action == "noop" {
				s.sameOutputs[name] = true
			} else if o.Action != "" {
				s.changedOutputs++
			}
		}
		return
	}
	values := schema.Values{}
	if json.Unmarshal(text, &values) == nil {
		s.outputs = values
	}
}

// knowsOutputs reports whether the outputs are all there: terraform does not print sensitive ones.
func (s *stream) knowsOutputs() bool {
	if s.outputs == nil {
		return false
	}
	for _, value := range s.outputs {
		if !value.Known() {
			return false
		}
	}
	return true
}

// changes returns what was changed: everything that was planned, or as much as was done when terraform failed.
func (s *stream) changes() *schema.Changes {
	if s.applied == nil {
		return counted(s.done)
	}
	return &schema.Changes{Add: s.applied.Add, Change: s.applied.Change, Remove: s.applied.Remove, Resources: s.planned, Outputs: s.changedOutputs}
}

// counted returns changes with the numbers of what the resources say.
func counted(resources []schema.ResourceChange) *schema.Changes {
	c := &schema.Changes{Resources: resources}
	for _, r := range resources {
		switch r.Action {
		case "create":
			c.Add++
		case "update":
			c.Change++
		case "delete":
			c.Remove++
		case "replace":
			c.Add++
			c.Remove++
		}
	}
	return c
}
