package schema

import (
	"testing"
	"time"
)

func TestPausesDoubleUpToABound(t *testing.T) {
	for _, c := range []struct {
		name    string
		backoff time.Duration
		want    []time.Duration
	}{
		{"the default", 5 * time.Second, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}},
		{"none", 0, []time.Duration{0, 0, 0}},
		{"near the bound", 4 * time.Minute, []time.Duration{4 * time.Minute, 5 * time.Minute, 5 * time.Minute}},
		{"what is longer stays as it is", time.Hour, []time.Duration{time.Hour, time.Hour}},
	} {
		p := RetryPolicy{Backoff: Duration(c.backoff)}
		for i, want := range c.want {
			if got := p.Pause(i + 1); got != want {
				t.Errorf("%s: after attempt %d the pause is %s, want %s", c.name, i+1, got, want)
			}
		}
		if got := p.Pause(1_000_000_000); got > max(c.backoff, 5*time.Minute) {
			t.Errorf("%s: in the end the pause is %s", c.name, got)
		}
	}
}
