package view

// tailLimit is how many bytes of a step's output are kept until the step ends. The log has all of it.
const tailLimit = 256 << 10

// A tail keeps the last lines that were added to it, and counts those that it had to forget.
type tail struct {
	lines     []string
	size      int // bytes of the lines
	forgotten int
}

// add keeps one more line, and forgets the oldest ones when that is too much. Of a line that alone is too much, the
// beginning is kept.
func (t *tail) add(line string) {
	if len(line) > tailLimit {
		line = printable(line[:tailLimit-len("...")]+"...", false)
	}
	t.lines = append(t.lines, line)
	t.size += len(line) + 1
	for t.size > tailLimit && len(t.lines) > 1 {
		t.size -= len(t.lines[0]) + 1
		t.lines[0] = "" // let go of the text, the slice still holds the place
		t.lines = t.lines[1:]
		t.forgotten++
	}
}
