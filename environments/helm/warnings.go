package helm

import (
	"regexp"

	"github.com/bitops-engine/bitops/schema"
)

// warningLine matches what helm and its libraries print of warnings on standard error: those of the API server and of
// klog, those of Go's log, and helm's own.
//
//	W1128 12:00:00.000000   1234 warnings.go:70] unknown field "spec.foo"
//	2026/11/28 12:00:00 warning: cannot overwrite table with non table for ...
//	WARNING: This chart is deprecated
var warningLine = regexp.MustCompile(
	`^(?:W\d{4} [\d:.]+ +\d+ [^ \]]+:\d+\] |(?:\d{4}/\d\d/\d\d [\d:]+ )?(?:\S+\.go:\d+: )?(?:WARNING|[Ww]arning): )(.+)`)

// warns takes one line of standard error.
func (s *session) warns(line string) {
	if m := warningLine.FindStringSubmatch(line); m != nil {
		s.Warn(schema.Warning{Text: m[1]})
	}
}
