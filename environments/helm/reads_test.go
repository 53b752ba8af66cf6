package helm

import "testing"

func TestReadsWhatOthersLeaveBehind(t *testing.T) {
	for text, want := range map[string]bool{
		`{{ (lookup "v1" "Secret" .Release.Namespace "x").data }}`: true,
		`{{- $s := lookup $api "Secret" "a" "b" }}`:                true,
		`lookup: true`:                 false,
		`{{ index .Values "lookup" }}`: false,
	} {
		if got := (*Helm)(nil).Reads().MatchString(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
