package schema

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestValidNames compares with the pattern that says the same. Compiling it takes longer than anything else at the start of
// a command.
func TestValidNames(t *testing.T) {
	pattern := regexp.MustCompile(`^[\pL\pN][\pL\pN._-]*(/[\pL\pN][\pL\pN._-]*)*$`)
	piece := rapid.SampledFrom([]string{
		"a", "Z", "0", "é", "猫", "٣", "Ⅷ", ".", "_", "-", "/", " ", "~", "\n", "\x00", "\xff", "�", "́", "😀", "..", "a/b",
	})
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "")
		if got, want := EnvironmentName(name).Valid(), pattern.MatchString(name); got != want {
			t.Errorf("%q: valid %v, want %v", name, got, want)
		}
	})
	for length, want := range map[int]bool{longestName: true, longestName + 1: false} {
		if EnvironmentName(strings.Repeat("a", length)).Valid() != want {
			t.Errorf("%d bytes: want valid %v", length, want)
		}
	}
}
