package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

// writer numbers events as an emitter does, and writes them.
type writer struct {
	*journal.Journal
	dir string
	seq int
}

func create(t testing.TB) *writer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	j, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return &writer{Journal: j, dir: dir}
}

func (w *writer) write(t testing.TB, events ...schema.Event) {
	t.Helper()
	for _, e := range events {
		w.seq++
		e.Version, e.Seq, e.Run, e.Time = schema.EventVersion, w.seq, "r", time.Unix(0, 0).UTC()
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *writer) text(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *writer) logOf(t testing.TB, step schema.StepName) string {
	t.Helper()
	text, err := os.ReadFile(journal.LogFile(w.dir, step))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func started(step schema.StepName) schema.Event {
	return schema.Event{Type: schema.EventStepStarted, Step: step}
}

func line(step schema.StepName, text string) schema.Event {
	return schema.Event{Type: schema.EventOutputLine, Step: step, Stream: "stdout", Text: text}
}

func finished(step schema.StepName) schema.Event {
	return schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: schema.Succeeded, Duration: time.Second}
}

// sample is a small run, with characters that a torn line could be cut in.
func sample(t testing.TB) *writer {
	t.Helper()
	w := create(t)
	w.write(t,
		schema.Event{Type: schema.EventRunStarted, Command: schema.CommandApply, Steps: []schema.StepSummary{{Name: "ü/x"}}},
		started("ü/x"), line("ü/x", "not in the journal"),
		schema.Event{Type: schema.EventNotice, Step: "ü/x", Text: "“quoted” \n {\"a\":1}\n"},
		finished("ü/x"), schema.Event{Type: schema.EventRunFinished, Outcome: schema.Succeeded})
	return w
}

// A crash can cut the file at any byte. What was written before the line it is in can be read, and nothing is made up.
func TestReadDropsTornLastLine(t *testing.T) {
	text := sample(t).text(t)
	for cut := range len(text) + 1 {
		events, err := journal.Read(bytes.NewReader(text[:cut]))
		if whole := bytes.Count(text[:cut], []byte("\n")); err != nil || len(events) != whole {
			t.Fatalf("cut at %d: %d events of %d, %v", cut, len(events), whole, err)
		}
	}
}

func TestReadNamesDamagedLine(t *testing.T) {
	text := sample(t).text(t)
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1]
	for n := range lines {
		for what, damage := range map[string][]byte{
			"cut": append(slices.Clone(lines[n][:len(lines[n])/2]), '\n'), "zeros": append(make([]byte, 20), '\n'),
			"empty object": []byte("{}\n"), "null": []byte("null\n"), "no event": []byte("{\"version\":1,\"seq\":99}\n"), "no version": []byte("{\"seq\":99,\"type\":\"notice\"}\n"),
			"array": []byte("[]\n"),
		} {
			damaged := slices.Concat(slices.Concat(lines[:n]...), damage, slices.Concat(lines[n+1:]...))
			events, err := journal.Read(bytes.NewReader(damaged))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d of the journal is damaged", n+1)) || len(events) != n {
				t.Errorf("%s in line %d: %d events, %v", what, n+1, len(events), err)
			}
		}
	}
	if _, err := journal.Read(bytes.NewReader(slices.Concat(lines[1], lines[0]))); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("lines in the wrong order: %v", err)
	}
	if events, err := journal.Read(strings.NewReader("\n" + string(text) + "\n\n")); err != nil || len(events) != 5 {
		t.Errorf("empty lines: %d events, %v", len(events), err)
	}
}

// A later format may not even decode as this one.
func TestReadRefusesNewerVersion(t *testing.T) {
	for _, text := range []string{
		`{"version":2,"seq":1,"type":"run-started"}`, `{"version":2,"seq":"first","type":"run-started","time":7}`,
	} {
		_, err := journal.Read(strings.NewReader(text + "\n"))
		if err == nil || !strings.Contains(err.Error(), "newer bitops (version 2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestReadTellsWhatWasWritten(t *testing.T) {
	events, err := journal.Read(bytes.NewReader(sample(t).text(t)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%d %s %s", e.Seq, e.Type, e.Step))
	}
	want := "1 run-started |2 step-started ü/x|4 notice ü/x|5 step-finished ü/x|6 run-finished "
	if strings.Join(got, "|") != want {
		t.Errorf("got %s", strings.Join(got, "|"))
	}
}

// The logs of steps that run at once are each complete and in order, and only of steps that run is a file open.
func TestLogsOfManySteps(t *testing.T) {
	const steps, width, lines = 1000, 10, 30
	w := create(t)
	name := func(n int) schema.StepName { return schema.StepName(fmt.Sprintf("environment-%d/terraform", n)) }
	open, most := openFiles(t), 0
	for first := 0; first < steps; first += width {
		for n := first; n < first+width; n++ {
			w.write(t, started(name(n)))
		}
		for l := range lines {
			for n := first; n < first+width; n++ {
				w.write(t, line(name(n), fmt.Sprintf("line %d of %d", l, n)))
			}
		}
		most = max(most, openFiles(t)-open)
		for n := first; n < first+width; n++ {
			w.write(t, finished(name(n)))
			// Somebody asks its tool for outputs, after it has ended.
			w.write(t, schema.Event{Type: schema.EventPhaseStarted, Step: name(n), Phase: schema.PhaseOutputs, Text: "tool output"})
		}
	}
	if left := openFiles(t) - open; most > width || left > 0 {
		t.Errorf("up to %d files were open, and %d still are", most, left)
	}
	for n := range steps {
		var want strings.Builder
		for l := range lines {
			fmt.Fprintf(&want, "line %d of %d\n", l, n)
		}
		want.WriteString("--- succeeded after 1s\n--- outputs: tool output\n")
		if got := w.logOf(t, name(n)); got != want.String() {
			t.Fatalf("log of %s: %s", name(n), got)
		}
	}
}

func openFiles(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip("no /dev/fd")
	}
	return len(entries)
}

// What a step has printed is in its log at once: after a kill -9 it tells how far the step had come.
func TestLogIsWrittenAtOnce(t *testing.T) {
	w := create(t)
	w.write(t, started("a/x"), line("a/x", "about to delete everything"))
	if got := w.logOf(t, "a/x"); got != "about to delete everything\n" {
		t.Errorf("the log holds %q", got)
	}
}

func TestLogOfALongLine(t *testing.T) {
	w := create(t)
	piece := line("a/x", "one")
	piece.Partial = true
	w.write(t, started("a/x"), piece, line("a/x", " line"), line("a/x", "another"))
	if got := w.logOf(t, "a/x"); got != "one line\nanother\n" {
		t.Errorf("the log holds %q", got)
	}
}

func TestOddStepNames(t *testing.T) {
	w := create(t)
	names := []schema.StepName{
		"a/ b", "a/ü€🙂", "a/b/../../../etc", "a/*?[x]", "a/'\"$(rm)", "a/-rf", "a/x\ty", "a/con.", "a/\xff\xfe",
		schema.StepName("a/" + strings.Repeat("long", 100)), schema.StepName("a/" + strings.Repeat("long", 100) + "er"),
		schema.StepName("a/" + strings.Repeat("ü", 300)),
	}
	seen := map[string]schema.StepName{}
	for _, n := range names {
		w.write(t, started(n), line(n, "of "+string(n)), finished(n))
		file := journal.LogFile(w.dir, n)
		if other, twice := seen[file]; twice || filepath.Dir(file) != filepath.Join(w.dir, "logs") {
			t.Errorf("the log of %q is %s, as that of %q", n, file, other)
		}
		seen[file] = n
		if got := w.logOf(t, n); !strings.HasPrefix(got, "of "+string(n)+"\n") {
			t.Errorf("log of %q: %q", n, got)
		}
	}
}

// A blocked step has no log, and a step that failed has its reason at the end.
func TestEndOfLog(t *testing.T) {
	w := create(t)
	w.write(t, schema.Event{Type: schema.EventStepFinished, Step: "b/x", Outcome: schema.Blocked, Cause: "a/x"})
	if _, err := os.Stat(journal.LogFile(w.dir, "b/x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log of a blocked step: %v", err)
	}
	end := finished("a/x")
	end.Outcome, end.Error = schema.Failed, &schema.StepError{Message: "no such region"}
	w.write(t, started("a/x"), line("a/x", "hm"), end)
	if got := w.logOf(t, "a/x"); got != "hm\n--- failed after 1s: no such region\n" {
		t.Errorf("log: %q", got)
	}
}

// When Write returns, the line of its event is in the file as a whole: nothing waits in a buffer.
func TestEventIsInTheFileAtOnce(t *testing.T) {
	w := create(t)
	size := 0
	for n, e := range []schema.Event{started("a/x"), finished("a/x"), {Type: schema.EventRunFinished}} {
		w.write(t, e)
		text := w.text(t)
		if bytes.Count(text, []byte("\n")) != n+1 || text[len(text)-1] != '\n' || len(text) <= size {
			t.Fatalf("after event %d: %q", n+1, text[size:])
		}
		size = len(text)
	}
}

// The journal is written even when a step's log cannot be.
func TestJournalOutlivesLogs(t *testing.T) {
	w := create(t)
	if err := os.RemoveAll(filepath.Join(w.dir, "logs")); err != nil {
		t.Fatal(err)
	}
	notice := schema.Event{Version: 1, Seq: 1, Type: schema.EventNotice, Step: "a/x", Text: "hm"}
	if err := w.Write(notice); err == nil || !strings.Contains(err.Error(), "write the log of a/x") {
		t.Errorf("Write returned %v", err)
	}
	if events, err := journal.Read(bytes.NewReader(w.text(t))); err != nil || len(events) != 1 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// A disk that is full, which a limit on the size of files looks like, is an error that says so.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/dev/full is Linux'")
	}
	w := create(t)
	file := filepath.Join(w.dir, "logs", schema.StepName("a/x").FileName()+".log")
	if err := os.Symlink("/dev/full", file); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(line("a/x", "text")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write returned %v", err)
	}
}

func TestCreateRefusesARunThatExists(t *testing.T) {
	w := create(t)
	if _, err := journal.Create(w.dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("Create returned %v", err)
	}
}

func TestWriteDocument(t *testing.T) {
	w := create(t)
	secretive := schema.Text("hunter2hunter2")
	secretive.Sensitive = true
	for range 2 {
		document := map[string]schema.Values{"a/x": {"p": secretive, "q": schema.Text("q"), "r": schema.Text("hunter3")}}
		redact := func(text string) string { return strings.ReplaceAll(text, "hunter3", "***") }
		if err := w.WriteDocument("outputs.json", document, redact); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "outputs.json"))
	if err != nil || bytes.Contains(text, []byte("hunter")) || !json.Valid(text) || !bytes.Contains(text, []byte(`"q"`)) {
		t.Errorf("outputs.json: %s, %v", text, err)
	}
	entries, _ := os.ReadDir(w.dir)
	if len(entries) != 3 {
		t.Errorf("left in the run's directory: %v", entries)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(f).text(f))
	f.Add([]byte("{\"version\":1,\"seq\":1,\"type\":\"x\"}\n\n{"))
	f.Add([]byte("\x00\x00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, _, err := journal.Durations(bytes.NewReader(text)); err != nil {
			t.Errorf("durations: %v", err)
		}
		events, err := journal.Read(bytes.NewReader(text))
		seq := 0
		for _, e := range events {
			if e.Seq <= seq || e.Version != schema.EventVersion || e.Type == "" {
				t.Fatalf("read %+v after event %d", e, seq)
			}
			seq = e.Seq
		}
		if len(events) > bytes.Count(text, []byte("\n")) {
			t.Fatalf("%d events", len(events))
		}
		if err == nil { // what is torn off the end changes nothing before it
			shorter, err := journal.Read(bytes.NewReader(text[:bytes.LastIndexByte(text, '\n')+1]))
			if err != nil || len(shorter) != len(events) {
				t.Fatalf("%d and %d events, %v", len(events), len(shorter), err)
			}
		}
	})
}

// A journal holds a bounded part of what a step changes, and no values where the run keeps them out.
func TestJournalHoldsChangesInBounds(t *testing.T) {
	var many []schema.AttributeChange
	for range schema.MostAttributes + 5 {
		many = append(many, schema.AttributeChange{Path: "p", After: schema.TextValue("a-value" + strings.Repeat("x", 2*schema.LongestValue))})
	}
	changes := &schema.Changes{Add: 1, Resources: []schema.ResourceChange{{Address: "a.b", Action: "create", Attributes: many}}}
	for _, withhold := range []bool{false, true} {
		w := create(t)
		w.write(t,
			schema.Event{Type: schema.EventRunStarted, WithholdValues: withhold, Approvals: []schema.Approval{{Step: "s", Changes: changes}}},
			schema.Event{Type: schema.EventStepFinished, Step: "s", Changes: changes})
		text := w.text(t)
		if bytes.Contains(text, []byte("a-value")) == withhold {
			t.Errorf("withhold %v: values are there: %v", withhold, !withhold)
		}
		events, err := journal.Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*schema.Changes{events[0].Approvals[0].Changes, events[1].Changes} {
			r := c.Resources[0]
			if len(r.Attributes) != schema.MostAttributes || r.AttributesOmitted != 5 || c.ValuesWithheld != withhold {
				t.Errorf("%d attributes, %d omitted", len(r.Attributes), r.AttributesOmitted)
			}
		}
	}
	if len(changes.Resources[0].Attributes) != len(many) {
		t.Error("the event itself is cut")
	}
}

// What changes is bounded as it is written: the journal is no larger where values are full of characters that HTML would escape.
func TestBoundsHoldForAnyCharacter(t *testing.T) {
	w := create(t)
	e := finished("a/terraform")
	e.Changes = &schema.Changes{Change: 10}
	for range 10 {
		r := schema.ResourceChange{Address: "a", Action: "update"}
		for range schema.MostAttributes {
			r.Attributes = append(r.Attributes, schema.AttributeChange{Path: "p", After: schema.TextValue(strings.Repeat("<", schema.LongestValue-2))})
		}
		e.Changes.Resources = append(e.Changes.Resources, r)
	}
	w.write(t, started("a/terraform"), e)
	if size := len(w.text(t)); size > 5<<20 {
		t.Errorf("%d bytes", size)
	}
}

// Read in pieces, however it is cut, a journal gives the same events and the same error.
func TestAJournalIsTheSameReadInPieces(t *testing.T) {
	good := `{"version":1,"seq":1,"type":"run-started","run":"r"}` + "\n\n" + `{"version":1,"seq":3,"type":"step-started","step":"a/terraform"}` + "\n"
	for name, text := range map[string]string{
		"whole":              good,
		"with a torn end":    good + `{"version":1,"seq":4,"ty`,
		"damaged":            good + "{}\n" + good,
		"out of order":       good + good,
		"of a newer version": good + `{"version":99,"seq":7,"type":"x"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			want, wantErr := journal.Read(strings.NewReader(text))
			for size := 1; size <= len(text); size++ {
				var f journal.Follower
				var got []schema.Event
				var err error
				for piece := range slices.Chunk([]byte(text), size) {
					var more []schema.Event
					more, err = f.Add(piece)
					if got = append(got, more...); err != nil {
						break
					}
				}
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || len(got) != len(want) {
					t.Fatalf("in pieces of %d bytes: %d events and %v; want %d and %v", size, len(got), err, len(want), wantErr)
				}
			}
		})
	}
}
