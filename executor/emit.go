package executor

import (
	"cmp"
	"maps"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// Sink receives every event of a run, one at a time, in order.
type Sink func(schema.Event) error

// Emitter is the one way by which anything of a run becomes visible: it takes secrets out of an event, numbers it, folds
// it into the report and passes it to each sink. It is safe for concurrent use. Make one for each run.
//
// A sink that fails is left out from then on; the first error of a Required one stays in Err.
type Emitter struct {
	Run      schema.RunID
	Now      func() time.Time
	Redact   *secret.Redactor         // values
	Masks    *secret.Masks            // patterns; may be nil
	Origin   func(text string) string // says which known secret is in a text, "" for one that is not known by name; may be nil
	Required []Sink                   // the journal: without it the run must not go on
	Optional []Sink                   // the screen: a closed pipe does not stop a deployment

	mu     sync.Mutex
	seq    int
	report schema.Report
	err    error

	streamsMu sync.Mutex
	streams   map[streamKey]*secret.Stream // of the steps that run
}

// streamKey is one stream of one step's output.
type streamKey struct {
	step   schema.StepName
	stream string
}

// Emit makes an event known.
func (m *Emitter) Emit(e schema.Event) {
	m.redact(&e)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	e.Version, e.Seq, e.Time, e.Run = schema.EventVersion, m.seq, m.Now(), m.Run
	m.report.Add(e)
	for i, sink := range m.Required {
		if sink == nil {
			continue
		}
		if err := sink(e); err != nil {
			m.Required[i] = nil
			if m.err == nil {
				m.err = err
			}
		}
	}
	for i, sink := range m.Optional {
		if sink != nil && sink(e) != nil {
			m.Optional[i] = nil
		}
	}
}

// Err returns the first error of a required sink.
func (m *Emitter) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Report returns the fold of the events so far. It must not be used while Emit can still be called.
func (m *Emitter) Report() *schema.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &m.report
}

// redact takes secrets out of every text of the event.
func (m *Emitter) redact(e *schema.Event) {
	if e.Type == schema.EventOutputLine {
		e.Text = m.redactLine(e)
	} else {
		e.Text = m.clean(e.Text)
	}
	if e.Type == schema.EventStepFinished {
		m.endStreams(e.Step)
	}
	e.Reason = m.clean(e.Reason)
	if e.Error != nil {
		clean := *e.Error
		clean.Message, clean.Resolve = m.clean(clean.Message), m.clean(clean.Resolve)
		clean.Lines = m.cleanLines(e.Error.Lines)
		e.Error = &clean
	}
	e.Changes = m.clearChanges(e.Changes)
	e.Told = m.cleanLines(e.Told)
	e.Warnings = m.cleanWarnings(e.Warnings)
	e.Inputs = m.Protect(e.Inputs)
	e.Outputs = m.Protect(e.Outputs)
}

// cleanLines takes secrets out of lines that a program printed one after the other.
func (m *Emitter) cleanLines(lines []string) []string {
	var clean []string
	stream := m.Redact.Stream()
	for _, line := range lines {
		clean = append(clean, m.Masks.Line(stream.Line(line)))
	}
	return clean
}

func (m *Emitter) cleanWarnings(ws *schema.Warnings) *schema.Warnings {
	if ws == nil {
		return nil
	}
	clean := *ws
	clean.List = make([]schema.Warning, len(ws.List))
	for i, w := range ws.List {
		w.Text = m.clean(w.Text)
		clean.List[i] = w
	}
	return &clean
}

// clean takes secrets out of a text: known values first, then what the patterns match.
func (m *Emitter) clean(text string) string {
	if text == "" {
		return text
	}
	return m.Masks.Line(m.Redact.String(text))
}

// redactLine treats a step's output as one text, so that a secret is found that is cut into pieces or wrapped.
func (m *Emitter) redactLine(e *schema.Event) string {
	stream := m.stream(e)
	redact := stream.Line
	if e.Partial {
		redact = stream.Write
	}
	return m.Masks.Line(redact(e.Text))
}

// stream returns the stream that the event's text belongs to. The events of one step's output are emitted one after the
// other.
func (m *Emitter) stream(e *schema.Event) *secret.Stream {
	m.streamsMu.Lock()
	defer m.streamsMu.Unlock()
	key := streamKey{e.Step, e.Stream}
	stream := m.streams[key]
	if stream == nil {
		if m.streams == nil {
			m.streams = map[streamKey]*secret.Stream{}
		}
		stream = m.Redact.Stream()
		m.streams[key] = stream
	}
	return stream
}

// endStreams forgets what a step printed last.
func (m *Emitter) endStreams(step schema.StepName) {
	m.streamsMu.Lock()
	defer m.streamsMu.Unlock()
	for _, stream := range []string{"stdout", "stderr"} {
		delete(m.streams, streamKey{step, stream})
	}
}

// Learn makes the sensitive values known, so that no event shows them from now on, and returns the values as Protect does.
func (m *Emitter) Learn(values schema.Values) schema.Values {
	if secrets := values.Secrets(); len(secrets) > 0 {
		m.Redact.Add(secrets...)
	}
	return m.Protect(values)
}

// Protect marks the values as sensitive in which a known secret appears, so that none leaves by another name, and says why.
// A null is never sensitive: a record that left it out could not tell it from a value.
func (m *Emitter) Protect(values schema.Values) schema.Values {
	var protected schema.Values
	for name, v := range values {
		shows, why := m.shows(v)
		sensitive := !v.Null() && (v.Sensitive || shows)
		if sensitive == v.Sensitive {
			continue
		}
		if protected == nil {
			protected = make(schema.Values, len(values))
			maps.Copy(protected, values)
		}
		if v.Sensitive = sensitive; sensitive {
			v.Reason = why
		}
		protected[name] = v
	}
	if protected == nil {
		return values
	}
	return protected
}

// shows reports whether a value that is not sensitive holds a known secret, and says where that is from.
func (m *Emitter) shows(v schema.Value) (shows bool, why string) {
	if v.Sensitive || !v.Known() {
		return false, ""
	}
	text, err := v.Reveal()
	if err == nil && !m.Redact.Holds(string(text)) && m.Masks.Line(string(text)) == string(text) {
		return false, ""
	}
	origin := "something that is secret elsewhere"
	if m.Origin != nil {
		origin = cmp.Or(m.Origin(string(text)), origin)
	}
	return true, "it holds " + origin
}
