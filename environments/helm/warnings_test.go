package helm

import "testing"

func TestWarningsOfStandardError(t *testing.T) {
	for line, want := range map[string]string{
		`W1128 12:00:00.123456   12345 warnings.go:70] unknown field "spec.foo"`:                    `unknown field "spec.foo"`,
		`2026/11/28 12:00:00 warning: cannot overwrite table with non table for app.image (map[])`:  "cannot overwrite table with non table for app.image (map[])",
		`coalesce.go:286: warning: cannot overwrite table with non table for app.image (map[])`:     "cannot overwrite table with non table for app.image (map[])",
		`WARNING: This chart is deprecated`:                                                         "This chart is deprecated",
		`E1128 12:00:00.123456   12345 memcache.go:265] couldn't get current server API group list`: "",
		`Error: INSTALLATION FAILED: warning: no`:                                                   "",
		`a warning: of a chart`: "",
	} {
		got := ""
		if m := warningLine.FindStringSubmatch(line); m != nil {
			got = m[1]
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
