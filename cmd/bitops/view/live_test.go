package view_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// clock is when the run of a live view begins.
var clock = time.Date(2026, 11, 26, 14, 30, 0, 0, time.UTC)

// at returns an event of a moment after that.
func at(d time.Duration, e schema.Event) schema.Event {
	e.Time = clock.Add(d)
	return e
}

func begins(command schema.Command, steps ...schema.StepSummary) schema.Event {
	return at(0, schema.Event{Type: schema.EventRunStarted, Command: command, Steps: steps})
}

func summaryOf(name string, on ...schema.StepName) schema.StepSummary {
	environment, _, _ := strings.Cut(name, "/")
	return schema.StepSummary{Name: schema.StepName(name), Environment: schema.EnvironmentName(environment), DependsOn: on}
}

// shownLive returns what is on a terminal after the events and a tick.
func shownLive(t *testing.T, width, height int, o view.Options, now time.Duration, events ...schema.Event) string {
	t.Helper()
	e := newEmulator(t, width, height)
	o.Live, o.Width, o.Height = true, width, height
	h := view.NewHuman(e, o)
	for _, event := range events {
		h.Event(event)
	}
	h.Tick(clock.Add(now))
	for _, row := range e.text() {
		if uniseg.StringWidth(row) > width {
			t.Errorf("wider than the terminal: %q", row)
		}
	}
	return "\n" + strings.Join(e.text(), "\n") + "\n"
}

// threeRunning is a run in its second minute.
func threeRunning(command schema.Command) []schema.Event {
	return []schema.Event{
		begins(command, summaryOf("network/terraform"), summaryOf("backend/terraform", "network/terraform"), summaryOf("cache/helm", "network/terraform"),
			summaryOf("api/helm", "backend/terraform"), summaryOf("web/helm", "api/helm"), summaryOf("dns/terraform", "web/helm"), summaryOf("odd/ansible")),
		at(0, schema.Event{Type: schema.EventStepStarted, Step: "network/terraform"}),
		at(0, schema.Event{Type: schema.EventStepStarted, Step: "odd/ansible"}),
		at(3*time.Second, schema.Event{
			Type: schema.EventStepFinished, Step: "odd/ansible", Outcome: schema.Failed, Duration: 3 * time.Second,
			Error: &schema.StepError{Message: "ansible-playbook failed with exit code 2:\nmore"},
		}),
		at(9*time.Second, schema.Event{
			Type: schema.EventStepFinished, Step: "network/terraform", Outcome: schema.Succeeded, Duration: 9 * time.Second,
			Changes: &schema.Changes{Add: 1},
		}),
		at(9*time.Second, schema.Event{Type: schema.EventStepStarted, Step: "backend/terraform"}),
		at(9*time.Second, schema.Event{Type: schema.EventPhaseStarted, Step: "backend/terraform", Phase: schema.PhaseTool, Text: "terraform apply"}),
		at(20*time.Second, schema.Event{Type: schema.EventProgress, Step: "backend/terraform", Text: "aws_db_instance.main: creating, 52s"}),
		at(20*time.Second, schema.Event{Type: schema.EventOutputLine, Step: "backend/terraform", Text: "aws_db_instance.main: Still creating..."}),
		at(64*time.Second, schema.Event{Type: schema.EventStepStarted, Step: "cache/helm"}),
		at(64*time.Second, schema.Event{Type: schema.EventOutputLine, Step: "cache/helm", Text: "10%\r\x1b[2K20% \x1b[31mdone\a"}),
	}
}

func TestTheLiveRegion(t *testing.T) {
	options := view.Options{
		Usual: map[schema.StepName]time.Duration{"backend/terraform": 4 * time.Minute, "cache/helm": time.Second},
		Estimate: func(map[schema.StepName]bool, map[schema.StepName]time.Duration) (time.Duration, bool) {
			return 3 * time.Minute, true
		},
	}
	for _, c := range []struct {
		name          string
		width, height int
		command       schema.Command
		want          string
	}{
		{"as wide as most", 80, 24, schema.CommandApply, `
  start        network/terraform
  start        odd/ansible
  FAILED       odd/ansible
               after 3.0s: ansible-playbook failed with exit code 2:
               more
  done         network/terraform  +1 ~0 -0    9.0s
  start        backend/terraform
  start        cache/helm
── 2 running · 3 waiting · 1 of 7 done · 1 failed ──────── 1m12s, about 3m left
  FAILED  odd/ansible  ansible-playbook failed with exit code 2:
  backend/terraform   1m03s  aws_db_instance.main: creating, 52s     usually 4m
  cache/helm             8s  20% done\a
  +3 wait for backend/terraform
`},
		{"a preview begins no lines", 60, 15, schema.CommandPlan, `
  FAILED       odd/ansible        after 3.0s:
               ansible-playbook failed with exit code 2:
               more
  planned      network/terraform  +1 ~0 -0    9.0s
── 2 running · 1 of 7 done · 1 failed ────── 1m12s, 3m left
  FAILED  odd/ansible  ansible-playbook failed with exit…
  backend/terraform   1m03s  aws_db_instance.main:…
  cache/helm             8s  20% done\a
  +3 wait for backend/terraform
`},
		{"narrow and low", 40, 8, schema.CommandPlan, `
  FAILED       odd/ansible        after
               3.0s: ansible-playbook
               failed with exit code 2:
               more
  planned      network/terraform
               +1 ~0 -0    9.0s
── 1 of 7 done · 1 failed ─────── 1m12s
  backend…rraform   1m03s  aws_db…main:
  cache/helm           8s  20% done\a
  +3 wait for backend/terraform
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := shownLive(t, c.width, c.height, options, 72*time.Second, threeRunning(c.command)...)
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// However events come and the terminal changes, what scrolls away is what a pipe would have got, each line once and whole.
func TestFinishedLinesStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(40, 120).Draw(t, "width")
		height := rapid.IntRange(1, 40).Draw(t, "height")
		o := view.Options{Width: width, Height: height, Verbose: rapid.Bool().Draw(t, "verbose")}
		e := newEmulator(fatal{t: t}, width, height)
		var piped strings.Builder
		plain := view.NewHuman(&piped, o)
		o.Live = true
		shown := view.NewHuman(e, o)
		var steps []schema.StepSummary
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			steps = append(steps, summaryOf(fmt.Sprintf("env-環境-%d/terraform", i)))
		}
		both := func(event schema.Event) {
			plain.Event(event)
			shown.Event(event)
		}
		now := time.Duration(0)
		both(begins(schema.CommandApply, steps...))
		texts := rapid.SampledFrom([]string{"", "text", "a\rb\x1b[2J\x1b[1A", strings.Repeat("long ", 40), "tab\tand \x1b]0;t\a", "環境 👩🏽‍🚀"})
		running := map[schema.StepName]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			name := rapid.SampledFrom(steps).Draw(t, "step").Name
			now += time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond
			switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
			case what == 0:
				shown.Tick(clock.Add(now))
			case what == 1:
				shown.Hide()
			case !running[name]:
				running[name] = true
				both(at(now, schema.Event{Type: schema.EventStepStarted, Step: name}))
			case what == 2:
				delete(running, name)
				both(at(now, schema.Event{Type: schema.EventStepFinished, Step: name, Outcome: schema.Succeeded, Duration: time.Second}))
			default:
				both(at(now, schema.Event{Type: schema.EventOutputLine, Step: name, Text: strings.ReplaceAll(texts.Draw(t, "text"), "\t", " ")}))
			}
		}
		shown.Tick(clock.Add(now))
		both(at(now, schema.Event{Type: schema.EventRunFinished}))
		want := newEmulator(fatal{t: t}, width, height)
		_, _ = want.Write([]byte(piped.String()))
		if got := e.text(); !slices.Equal(got, want.text()) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want.text(), "\n"))
		}
	})
}

// fatal lets rapid shrink what an emulator refuses.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper()                           {}
func (f fatal) Fatal(args ...any)                 { f.t.Fatal(args...) }
func (f fatal) Fatalf(format string, args ...any) { f.t.Fatalf(format, args...) }

// counting counts writes, and fails after some.
type counting struct {
	writes, most int
}

func (c *counting) Write(text []byte) (int, error) {
	if c.writes++; c.writes > c.most {
		return 0, errors.New("the terminal is gone")
	}
	return len(text), nil
}

// Nothing is written when nothing has changed, and nothing more once the terminal is gone.
func TestTheLiveRegionWritesWhatChanged(t *testing.T) {
	w := &counting{most: 1000}
	h := view.NewHuman(w, view.Options{Live: true, Width: 80, Height: 24})
	for _, e := range threeRunning(schema.CommandApply) {
		h.Event(e)
	}
	for i := range 80 { // ten seconds
		h.Tick(clock.Add(70*time.Second + time.Duration(i)*125*time.Millisecond))
	}
	if w.writes != 10 {
		t.Errorf("%d writes in ten seconds in which only the clock went on", w.writes)
	}
	w.most = 0
	h.Tick(clock.Add(90 * time.Second))
	h.Tick(clock.Add(91 * time.Second))
	h.Close(nil)
	if w.writes != 11 || h.Err() == nil {
		t.Errorf("%d writes, %v", w.writes, h.Err())
	}
}

// While another program has the terminal, no region is drawn, and a line a minute is written.
func TestInTheBackground(t *testing.T) {
	e := newEmulator(t, 80, 24)
	h := view.NewHuman(e, view.Options{Live: true, Width: 80, Height: 24})
	for _, event := range threeRunning(schema.CommandPlan) {
		h.Event(event)
	}
	h.Tick(clock.Add(70 * time.Second))
	for second := 71; second < 200; second++ {
		h.Background(clock.Add(time.Duration(second) * time.Second))
	}
	shown := strings.Join(e.text(), "\n")
	if strings.Contains(shown, "──") || strings.Count(shown, "  running  ") != 3 || !strings.Contains(shown, "backend/terraform 1m02s, cache/helm 7s") {
		t.Errorf("the screen is\n%s", shown)
	}
	h.Tick(clock.Add(200 * time.Second))
	if shown := strings.Join(e.text(), "\n"); !strings.Contains(shown, "── 2 running") {
		t.Errorf("the region is not back:\n%s", shown)
	}
}

// Where nothing can be overwritten, one line a minute says what runs, the longest first.
func TestALineAMinute(t *testing.T) {
	for _, o := range []view.Options{{}, {CI: view.GitHub}, {CI: view.GitLab}, {Verbose: true}} {
		var out strings.Builder
		h := view.NewHuman(&out, o)
		var steps []schema.StepSummary
		for i := range 5 {
			steps = append(steps, summaryOf(fmt.Sprintf("env-%d/terraform", i)))
		}
		h.Event(begins(schema.CommandApply, steps...))
		for i, s := range steps {
			h.Event(at(time.Duration(i)*10*time.Second, schema.Event{Type: schema.EventStepStarted, Step: s.Name}))
		}
		shown, silent := out.Len(), 0
		for second := 40; second < 40+10*60; second++ {
			if h.Tick(clock.Add(time.Duration(second) * time.Second)); out.Len() == shown {
				silent++
			} else {
				silent = 0
			}
			shown = out.Len()
			if silent > 60 {
				t.Fatalf("%+v: nothing in the minute before %d s:\n%s", o, second, out.String())
			}
			if second == 300 {
				h.Event(at(300*time.Second, schema.Event{Type: schema.EventStepFinished, Step: "env-0/terraform", Outcome: schema.Succeeded}))
				shown = out.Len()
			}
		}
		if want := "\n  running      env-0/terraform 1m00s, env-1/terraform 50s, env-2/terraform 40s, and 2 more\n"; !strings.Contains(out.String(), want) {
			t.Errorf("%+v:\n%s", o, out.String())
		}
		if n := strings.Count(out.String(), "  running  "); n < 9 || n > 11 {
			t.Errorf("%+v: %d lines in ten minutes", o, n)
		}
	}
}

// A minute of a run of 10,000 steps, ten of which end in each second.
func BenchmarkTheLiveRegion(b *testing.B) {
	var steps []schema.StepSummary
	for i := range 10_000 {
		s := summaryOf(fmt.Sprintf("env-%05d/terraform", i))
		if i >= 10 {
			s.DependsOn = []schema.StepName{steps[i-10].Name}
		}
		steps = append(steps, s)
	}
	for b.Loop() {
		h := view.NewHuman(&counting{most: 1 << 30}, view.Options{Live: true, Width: 80, Height: 24})
		h.Event(begins(schema.CommandApply, steps...))
		for tick := range 60 * 8 {
			now := time.Duration(tick) * 125 * time.Millisecond
			h.Tick(clock.Add(now))
			h.Event(at(now, schema.Event{Type: schema.EventStepStarted, Step: steps[tick].Name}))
			if tick >= 10 {
				h.Event(at(now, schema.Event{Type: schema.EventStepFinished, Step: steps[tick-10].Name, Outcome: schema.Succeeded}))
			}
		}
	}
}
