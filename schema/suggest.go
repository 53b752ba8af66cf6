package schema

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// Nearest returns the candidate most like the word, or "" when none is near enough to be a likely misspelling: one edit
// for every three letters, or the word as the beginning of one candidate. Two neighbouring letters that changed places
// are one edit. Among equally near ones the first wins.
func Nearest(word string, candidates []string) string {
	length := utf8.RuneCountInString(word)
	best, limit := "", max(1, length/3)
	for _, c := range candidates {
		if strings.EqualFold(c, word) {
			return c
		}
		if other := utf8.RuneCountInString(c); limit == 0 || abs(other-length) > limit || min(other, length) < 2 {
			continue
		}
		if d := edits(word, c); d <= limit {
			best, limit = c, d-1
		}
	}
	if best == "" {
		return onlyCompletion(word, candidates)
	}
	return best
}

// edits returns how many edits lead from one word to the other. (The library's own limit on the cost gives wrong results
// for words that are far apart.)
func edits(word, other string) int {
	if swapped(word, other) {
		return 1
	}
	return levenshtein.Distance(word, other, nil)
}

// swapped reports whether the words differ by two neighbours that changed places.
func swapped(word, other string) bool {
	if len(word) != len(other) {
		return false
	}
	i := 0
	for i < len(word) && word[i] == other[i] {
		i++
	}
	return i+1 < len(word) && word[i] == other[i+1] && word[i+1] == other[i] && word[i+2:] == other[i+2:]
}

// onlyCompletion returns the one candidate that begins with the word.
func onlyCompletion(word string, candidates []string) string {
	found := ""
	for _, c := range candidates {
		if len(word) > 2 && strings.HasPrefix(c, word) {
			if found != "" {
				return ""
			}
			found = c
		}
	}
	return found
}

func abs(n int) int { return max(n, -n) }

// DidYouMean returns a hint that names the nearest candidate, or lists all of them when they are few.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(candidates) == 0 || len(candidates) > 16 {
		return ""
	}
	return "known: " + strings.Join(candidates, ", ")
}
