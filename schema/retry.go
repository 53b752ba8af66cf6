package schema

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// What counts where nobody says anything.
const (
	DefaultAttempts = 3
	DefaultBackoff  = Duration(5 * time.Second)
)

// Retry is a `retry` key: what it says about trying a tool again. What it does not say, a less special one does.
type Retry struct {
	Attempts Count     `yaml:"attempts" doc:"The most attempts of a step, the first one included. Default 3; 1 is never again."`
	Backoff  *Duration `yaml:"backoff" doc:"The longest pause before the second attempt; it doubles with each further one. Default 5s."`
	On       []Pattern `yaml:"on" doc:"Regular expressions. Where one matches what a failed tool said, the tool is tried again; beside the errors that each tool brings."`
}

// Or returns what r says, and what other says where r does not.
func (r Retry) Or(other Retry) Retry {
	r.Attempts = cmp.Or(r.Attempts, other.Attempts)
	r.Backoff = cmp.Or(r.Backoff, other.Backoff)
	if r.On == nil {
		r.On = other.On
	}
	return r
}

// Policy returns what a step is to do.
func (r Retry) Policy() RetryPolicy {
	p := RetryPolicy{Attempts: int(cmp.Or(r.Attempts, DefaultAttempts)), Backoff: DefaultBackoff}
	if r.Backoff != nil {
		p.Backoff = *r.Backoff
	}
	for _, pattern := range r.On {
		p.On = append(p.On, string(pattern))
	}
	return p
}

// RetryPolicy says how often a step's tool is tried. Its zero value is: once.
type RetryPolicy struct {
	Attempts int      `json:"attempts"`
	Backoff  Duration `json:"backoff"`
	On       []string `json:"on,omitempty"` // regular expressions
}

// mostBackoff is the pause beyond which doubling stops.
const mostBackoff = Duration(5 * time.Minute)

// Pause returns the longest pause after an attempt, which counts from 1.
func (p RetryPolicy) Pause(attempt int) time.Duration {
	pause := p.Backoff
	for range attempt - 1 {
		if pause >= mostBackoff {
			break
		}
		pause = min(2*pause, mostBackoff)
	}
	return time.Duration(pause)
}

// Pattern is a regular expression (RE2) that does not match everything.
type Pattern string

func (p *Pattern) decodeNode(d *decoder, n *yaml.Node, key string) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.mismatch(n, key, "a regular expression")
		return
	}
	compiled, err := regexp.Compile(n.Value)
	switch {
	case err != nil:
		d.errorf(n, "%q in %s is not a regular expression: %s", abbreviate(n.Value), key,
			strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case compiled.MatchString(""):
		d.problems = append(d.problems, Errorf(d.at(n), "%q in %s matches everything", abbreviate(n.Value), key).
			WithHint("name the errors that pass by themselves, such as 'TLS handshake timeout'"))
	default:
		*p = Pattern(n.Value)
	}
}
