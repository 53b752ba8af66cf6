package view_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// A story is the events of a made-up run. Its methods add to it and return it.
type story struct {
	events []schema.Event
	now    time.Time
}

const runID = "20250601-100000-k3fw"

// tell begins a story. Each step is written "environment/deployment", or "environment/deployment=tool" where the tool
// has another name.
func tell(command schema.Command, steps ...string) *story {
	s := &story{now: time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)}
	summaries := make([]schema.StepSummary, len(steps))
	for i, text := range steps {
		text, tool, _ := strings.Cut(text, "=")
		name := schema.StepName(text)
		environment, deployment, _ := strings.Cut(text, "/")
		if tool == "" {
			tool, _, _ = strings.Cut(deployment, "/")
		}
		summaries[i] = schema.StepSummary{
			Name: name, Environment: schema.EnvironmentName(environment), Tool: schema.ToolName(tool),
			Log: ".bitops/runs/" + runID + "/logs/" + name.FileName() + ".log",
		}
	}
	return s.add(schema.Event{Type: schema.EventRunStarted, Command: command, Steps: summaries})
}

func (s *story) add(e schema.Event) *story {
	s.now = s.now.Add(100 * time.Millisecond)
	e.Version, e.Seq, e.Time, e.Run = schema.EventVersion, len(s.events)+1, s.now, runID
	s.events = append(s.events, e)
	return s
}

func (s *story) start(step schema.StepName) *story {
	return s.add(schema.Event{Type: schema.EventStepStarted, Step: step})
}

func (s *story) phase(step schema.StepName, phase schema.Phase, text string) *story {
	return s.add(schema.Event{Type: schema.EventPhaseStarted, Step: step, Phase: phase, Text: text})
}

func (s *story) progress(step schema.StepName, text string) *story {
	return s.add(schema.Event{Type: schema.EventProgress, Step: step, Text: text})
}

func (s *story) prints(step schema.StepName, lines ...string) *story {
	for _, line := range lines {
		s.add(schema.Event{Type: schema.EventOutputLine, Step: step, Phase: schema.PhaseTool, Stream: "stdout", Text: line})
	}
	return s
}

func (s *story) notice(step schema.StepName, text string) *story {
	return s.add(schema.Event{Type: schema.EventNotice, Step: step, Text: text})
}

func (s *story) end(step schema.StepName, o schema.Outcome, took time.Duration, c *schema.Changes) *story {
	return s.add(schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: o, Duration: took, Changes: c})
}

func (s *story) because(step schema.StepName, o schema.Outcome, took time.Duration, reason string) *story {
	return s.add(schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: o, Duration: took, Reason: reason})
}

func (s *story) fail(step schema.StepName, took time.Duration, e schema.StepError) *story {
	return s.add(schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: schema.Failed, Duration: took, Error: &e})
}

func (s *story) block(step, cause schema.StepName) *story {
	return s.add(schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: schema.Blocked, Cause: cause})
}

func (s *story) stopping(text string) *story {
	return s.add(schema.Event{Type: schema.EventRunStopping, Text: text})
}

func (s *story) finish(o schema.Outcome, took time.Duration) *story {
	return s.add(schema.Event{Type: schema.EventRunFinished, Outcome: o, Duration: took})
}

func (s *story) report() *schema.Report {
	var r schema.Report
	for _, e := range s.events {
		r.Add(e)
	}
	return &r
}

// shown returns what a person sees of the story.
func (s *story) shown(o view.Options) []byte {
	var out bytes.Buffer
	if o.Next == nil {
		o.Next = next
	}
	s.showTo(view.NewHuman(&out, o))
	return out.Bytes()
}

func (s *story) showTo(run view.Run) {
	for _, e := range s.events {
		run.Event(e)
	}
	run.Close(s.report())
}

func next(r *schema.Report) string {
	switch {
	case r.Command == schema.CommandPlan:
		return ""
	case r.Outcome == schema.Succeeded:
		return ""
	}
	return fmt.Sprintf("bitops %s --resume %s", r.Command, r.Run)
}

// changes returns counts with as many resources, named by their actions.
func changes(resources ...string) *schema.Changes {
	c := &schema.Changes{}
	for _, text := range resources {
		action, address, _ := strings.Cut(text, " ")
		c.Resources = append(c.Resources, schema.ResourceChange{Address: address, Action: action})
		switch action {
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
