package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/bitops-engine/bitops/schema"
)

// elapsed returns a duration as precise as a person cares: 0.4s, 12.3s, 2m05s, 1h02m.
func elapsed(d time.Duration) string {
	switch d = max(d, 0); {
	case d.Round(100*time.Millisecond) < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d.Round(time.Second) < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// ticking returns a duration as a clock shows it that is looked at again and again: 8s, 1m03s, 1h02m.
func ticking(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// about returns a duration as precise as an estimate is: 3s, 40s, 4m, 1h10m.
func about(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%ds", max(1, (d+time.Second/2)/time.Second))
	case d < 85*time.Second:
		return fmt.Sprintf("%ds", d.Round(5*time.Second)/time.Second)
	case d < time.Hour-30*time.Second:
		return fmt.Sprintf("%dm", d.Round(time.Minute)/time.Minute)
	default:
		d = d.Round(5 * time.Minute)
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// number returns n with a comma between thousands.
func number(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// amount returns "1 step", "2 steps".
func amount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// counts returns what changes in short: +2 ~1 -0, or how many outputs where nothing else does.
func counts(c *schema.Changes) string {
	switch {
	case c == nil:
		return ""
	case c.Add == 0 && c.Change == 0 && c.Remove == 0 && c.Outputs > 0:
		return amount(c.Outputs, "output")
	}
	return fmt.Sprintf("+%d ~%d -%d", c.Add, c.Change, c.Remove)
}

// outcomeWord returns an outcome in words; "" is that of what has not ended.
func outcomeWord(o schema.Outcome) string {
	switch o {
	case "":
		return "not finished"
	case schema.NotStarted:
		return "not started"
	default:
		return visible(o)
	}
}

// because says, behind the word for its outcome, which step kept another one from running; "" where none did.
func because(o schema.Outcome, cause schema.StepName) string {
	switch {
	case cause == "":
		return ""
	case o == schema.NotStarted:
		return "after " + visible(cause) + " failed"
	default:
		return "by " + visible(cause)
	}
}

// pad fills a text with spaces up to a width. A longer one stays whole.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-uniseg.StringWidth(s)))
}

// padLeft is pad with the spaces in front.
func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-uniseg.StringWidth(s))) + s
}

// column returns the width that a column of texts needs, but at most limit: what is longer sticks out.
func column(limit int, texts ...string) int {
	width := 0
	for _, text := range texts {
		width = max(width, uniseg.StringWidth(text))
	}
	return min(width, limit)
}

// wrap returns words as lines of at most the given width, comma between words. No word is cut.
func wrap(words []string, width int) []string {
	var all []string
	line, used := "", 0
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		size := uniseg.StringWidth(word)
		if line != "" && used+1+size > width {
			all, line, used = append(all, line), "", 0
		}
		if line != "" {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+size
	}
	return append(all, line)
}

// firstOf returns at most limit of the words, and after them how many more there are.
func firstOf(words []string, limit int) []string {
	if len(words) <= limit {
		return words
	}
	return append(words[:limit:limit], "and "+number(len(words)-limit)+" more")
}
