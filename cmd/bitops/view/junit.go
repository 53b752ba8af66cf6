package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// The documents that CI systems read as results of tests (https://github.com/testmoapp/junitxml describes them).
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit shows a report as results of tests: a suite for each environment, a test for each step. What failed or was
// interrupted is a failure; what did not run for another reason is skipped.
func JUnit(w io.Writer, r *schema.Report) error {
	document := junitSuites{Name: "bitops " + visible(r.Command), Time: seconds(r.Duration)}
	for _, e := range byEnvironment(r) {
		suite := junitSuite{Name: visible(e.name), Time: seconds(e.duration())}
		for _, step := range e.steps {
			c := junitCaseOf(step)
			suite.Tests++
			if c.Failure != nil {
				suite.Failures++
			}
			if c.Skipped != nil {
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, c)
		}
		document.Tests += suite.Tests
		document.Failures += suite.Failures
		document.Skipped += suite.Skipped
		document.Suites = append(document.Suites, suite)
	}
	text, err := xml.MarshalIndent(document, "", "  ")
	if err == nil {
		_, err = io.WriteString(w, inertLines(xml.Header+string(text)+"\n"))
	}
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func junitCaseOf(step *schema.StepReport) junitCase {
	c := junitCase{Class: visible(step.Environment), Name: visible(deployment(step)), Time: seconds(step.Duration)}
	switch step.Outcome {
	case schema.Succeeded, schema.Unchanged:
		c.Output = counts(step.Changes) + joined("; ", replanned(step.ReplannedAfter))
	case schema.Failed, schema.Interrupted, "":
		c.Failure = &junitMessage{Message: howStepEnded(step), Text: errorText(step)}
	default:
		c.Skipped = &junitMessage{Message: howStepEnded(step), Text: errorText(step)}
	}
	if ws := step.Warnings; ws != nil {
		lines := slices.DeleteFunc([]string{c.Output, amount(ws.Count, "warning") + ":"}, func(s string) bool { return s == "" })
		c.Output = strings.Join(append(lines, warningLines(ws, len(ws.List))...), "\n")
	}
	return c
}

// errorText returns the last error lines of a step's program.
func errorText(step *schema.StepReport) string {
	if step.Error == nil {
		return ""
	}
	var text []string
	for _, line := range step.Error.Lines {
		text = append(text, printable(line, false))
	}
	return strings.Join(text, "\n")
}

// howStepEnded says in one line how a step ended, and why.
func howStepEnded(step *schema.StepReport) string {
	word := outcomeWord(step.Outcome)
	switch {
	case step.Error != nil && step.Outcome == schema.Deferred:
		return word + joined(": ", firstLine(step.Reason)) + joined(": ", firstLine(step.Error.Message))
	case step.Error != nil:
		return word + joined(": ", firstLine(step.Error.Message))
	case step.Reason != "":
		return word + ": " + firstLine(step.Reason)
	case step.Cause != "":
		return word + " " + because(step.Outcome, step.Cause)
	case len(step.OnlyIf) > 0:
		return word + ": " + onlyIf(step.OnlyIf)
	case len(step.Deferred) > 0:
		return word + ": waits for " + strings.Join(awaited(step.Deferred), ", ")
	}
	return word
}
