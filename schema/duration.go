package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// Duration is a length of time written as `90s`, `20m`, `1h30m`, or as a plain number of seconds, which is how BitOps
// wrote it. Zero means that none was given.
type Duration time.Duration

// ParseDuration reads either spelling. Negative durations are refused.
func ParseDuration(s string) (Duration, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil && seconds >= 0 && seconds < 1e9 {
		return Duration(seconds * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 90s, 20m or 1h30m", s)
	}
	return Duration(d), nil
}

func (d *Duration) decodeNode(dec *decoder, n *yaml.Node, key string) {
	if isNull(n) {
		return
	}
	parsed, err := ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		dec.mismatch(n, key, "a duration like 90s, 20m or 1h30m, or a number of seconds")
		return
	}
	*d = parsed
}

// String returns the duration the way Go writes it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	parsed, err := ParseDuration(s)
	*d = parsed
	return err
}
