package schema

import (
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// The bounds of what is kept of a text that a tool prints as its plan, in bytes.
const (
	mostTold    = 32 << 10 // of its beginning, and as much of its end
	longestTold = 4 << 10  // of a line
)

// Told collects what a tool prints as its plan: the beginning of it and the end, if it is long. It is for people to read, without
// what is for a terminal. The zero value is ready for use.
type Told struct {
	head, tail           []string
	headBytes, tailBytes int
	full                 bool // what follows belongs to the end
	omitted              int  // lines between the two
	long                 int  // bytes of a line that is too long, so far
}

// Add adds a line, or a piece of one: partial says that the line goes on in the next piece.
func (t *Told) Add(text string, partial bool) {
	if partial || t.long > 0 {
		t.long += len(text)
		if partial {
			return
		}
		text = fmt.Sprintf("(a line of %d bytes)", t.long)
		t.long = 0
	} else {
		text = asPrinted(text)
	}
	size := len(text) + 1
	if t.full = t.full || t.headBytes+size > mostTold; !t.full {
		t.head, t.headBytes = append(t.head, text), t.headBytes+size
		return
	}
	t.tail, t.tailBytes = append(t.tail, text), t.tailBytes+size
	for t.tailBytes > mostTold {
		t.tailBytes -= len(t.tail[0]) + 1
		t.tail = t.tail[1:]
		t.omitted++
	}
}

// asPrinted returns what a person sees of a line: programs draw progress by writing over it.
func asPrinted(line string) string {
	line = strings.TrimRight(terminal.Strip(line), "\r \t")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	if len(line) > longestTold {
		return fmt.Sprintf("(a line of %d bytes)", len(line)) // a part of a secret would not be known as one
	}
	return strings.ToValidUTF8(line, "\uFFFD")
}

// Lines returns what was told, without empty lines at the beginning and the end. What is left out is counted.
func (t *Told) Lines() []string {
	var all []string
	all = append(all, t.head...)
	if t.omitted > 0 {
		all = append(all, fmt.Sprintf("(%d more lines, which the log has)", t.omitted))
	}
	all = append(all, t.tail...)
	for len(all) > 0 && all[0] == "" {
		all = all[1:]
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
