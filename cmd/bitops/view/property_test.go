package view_test

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// pieces are what random texts are made of.
var pieces = []string{
	"word", " ", "::", "::error::", "##[", "##[error]", "\x1b[", "\x1b[31m", "31m", "\x1b]0;", "\a", "\x1b\\", "\r", "\n", "\r\n",
	"\t", "%0A", "\u009b", "\xff", "\u202e", "\u2028", "\u00a0", "日本", "section_end:1:x", "::stop-commands::x", "::endgroup::", "[", "<", "\"",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// randomStory has events of every type in any order, with random texts wherever a text can be.
func randomStory(r *rand.Rand, command schema.Command) *story {
	names := make([]string, 1+r.IntN(6))
	for i := range names {
		names[i] = randomText(r) + "/" + randomText(r)
	}
	s := tell(command, names...)
	step := func() schema.StepName { return schema.StepName(names[r.IntN(len(names))]) }
	types := []schema.EventType{
		schema.EventStepStarted, schema.EventPhaseStarted, schema.EventProgress, schema.EventOutputLine, schema.EventOutputLine,
		schema.EventNotice, schema.EventStepFinished, schema.EventStepFinished, schema.EventRunStopping, "unheard-of",
	}
	outcomes := []schema.Outcome{
		schema.Succeeded, schema.Unchanged, schema.Failed, schema.Blocked, schema.NotStarted, schema.Skipped,
		schema.Interrupted, schema.Held, schema.Deferred, schema.Outcome(randomText(r)),
	}
	for range r.IntN(40) {
		e := schema.Event{
			Type: types[r.IntN(len(types))], Step: step(), Phase: schema.Phase(randomText(r)), Text: randomText(r),
			Outcome: outcomes[r.IntN(len(outcomes))], Duration: time.Duration(r.Int64N(int64(time.Hour))),
			Cause: step(), Reason: randomText(r),
			Deferred: []schema.Waiting{{Input: randomText(r), For: []string{randomText(r), randomText(r)}}},

			ReplannedAfter: []schema.StepName{schema.StepName(randomText(r))},
		}
		if r.IntN(2) == 0 {
			e.Error = &schema.StepError{Message: randomText(r), Phase: schema.Phase(randomText(r)), Lines: []string{randomText(r), randomText(r)}}
		}
		if r.IntN(2) == 0 {
			e.Changes = changes("create "+randomText(r), "delete "+randomText(r), randomText(r)+" x")
		}
		s.add(e)
	}
	return s.finish(schema.Failed, time.Second)
}

func eachRandomStory(t *testing.T, check func(*story)) {
	t.Helper()
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		check(randomStory(r, []schema.Command{schema.CommandApply, schema.CommandPlan}[seed%2]))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestWithoutColorThereIsNoEscapeWhateverTheEventsHold(t *testing.T) {
	eachRandomStory(t, func(s *story) {
		for _, options := range []view.Options{{}, {Verbose: true}, {CI: view.GitHub}} {
			if out := s.shown(options); bytes.ContainsAny(out, "\x1b\u009b\r\a") {
				t.Errorf("%+v: %q", options, out)
			}
		}
	})
}

// markups are the escape sequences that are not colours but GitLab's own.
var markups = regexp.MustCompile(`(?m)^\x1b\[0Ksection_(start|end):\d+:[A-Za-z0-9_.-]+(\[collapsed=true\])?\r\x1b\[0K`)

func TestInGitLabOnlySectionsEscape(t *testing.T) {
	eachRandomStory(t, func(s *story) {
		out := s.shown(view.Options{CI: view.GitLab})
		if rest := markups.ReplaceAll(out, nil); bytes.ContainsAny(rest, "\x1b\u009b\r\a") {
			t.Errorf("%q", out)
		}
	})
}

var (
	ownCommands = regexp.MustCompile(`^::(group::[^\r\n]*|endgroup::|error title=[^:,]* failed::.*)$`)
	stops       = regexp.MustCompile(`^::stop-commands::(bitops-[A-Z2-7]{26})$`)
)

// TestNoToolCommandsGitHub reads the output as the runner of GitHub Actions does.
func TestNoToolCommandsGitHub(t *testing.T) {
	eachRandomStory(t, func(s *story) {
		stopped := ""
		scanner := bufio.NewScanner(bytes.NewReader(s.shown(view.Options{CI: view.GitHub, Color: true})))
		for scanner.Scan() {
			line := scanner.Text()
			isCommand := strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[")
			stop := stops.FindStringSubmatch(line)
			switch {
			case stopped != "" && line == "::"+stopped+"::":
				stopped = ""
			case stopped != "" || !isCommand || ownCommands.MatchString(line):
			case stop != nil:
				stopped = stop[1]
			default:
				t.Errorf("a command that is not bitops' own: %q", line)
			}
		}
		if stopped != "" {
			t.Error("commands stay stopped")
		}
	})
}
