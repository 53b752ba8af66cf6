package schema

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// places tells for each byte of a scalar's text where in the file it is written, one more for its end. YAML takes away
// quotes, escapes, indentation and line breaks; places walks over the file and the text side by side to find them again.
type places struct {
	start Position // of the text: behind the quote, or the first line of a block
	at    []place
}

type place struct{ line, column int }

// of returns the place of a byte of the text: its start where the walk lost its way.
func (p places) of(offset int) Position {
	at := p.start
	if offset < len(p.at) {
		at.Line, at.Column = p.at[offset].line, p.at[offset].column
	}
	return at
}

// placesOf finds the places of a scalar.
func (d *decoder) placesOf(n *yaml.Node) places {
	style := n.Style &^ yaml.TaggedStyle
	w := &walk{source: d.text, next: d.offset(n), here: place{n.Line, n.Column}, text: n.Value, at: make([]place, 0, len(n.Value)+1)}
	w.block = style == yaml.LiteralStyle || style == yaml.FoldedStyle
	w.properties()
	switch {
	case w.block:
		w.header()
	case style != 0:
		w.skip(1)
	}
	start := Position{d.file, w.here.line, w.here.column}
	if !w.run(style) {
		return places{start: start}
	}
	return places{start, append(w.at, w.here)}
}

// offset returns where in the file's text a node begins.
func (d *decoder) offset(n *yaml.Node) int {
	lines := d.lines()
	if n.Line < 1 || n.Line > len(lines) {
		return len(d.text)
	}
	offset := lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.text[offset:])
		offset += size
	}
	return offset
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; i < len(text); i++ {
		if size := breakSize(text[i:]); size > 0 {
			i += size - 1
			starts = append(starts, i+1)
		}
	}
	return starts
}

// breakSize returns the length of the line break that text begins with, 0 when there is none. YAML has six of them.
func breakSize(text []byte) int {
	if len(text) == 0 || text[0] > '\r' && text[0] < "\u0085"[0] {
		return 0 // none begins so
	}
	for _, b := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if len(text) >= len(b) && string(text[:len(b)]) == b {
			return len(b)
		}
	}
	return 0
}

// walk is a walk over a scalar in the file and its text at once.
type walk struct {
	source []byte // the file
	next   int    // in source
	here   place  // of next
	text   string
	at     []place // of the bytes of text passed so far

	block  bool
	indent int // of a block, in spaces
}

func (w *walk) rest() []byte { return w.source[min(w.next, len(w.source)):] }
func (w *walk) left() string { return w.text[len(w.at):] }

// blank reports whether a blank comes next in the file.
func (w *walk) blank() bool {
	rest := w.rest()
	return len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t')
}

// skip passes over characters of the file's line.
func (w *walk) skip(characters int) {
	for range characters {
		_, size := utf8.DecodeRune(w.rest())
		w.next += size
		w.here.column++
	}
}

// skipBreak passes over a line break, when one comes next.
func (w *walk) skipBreak() bool {
	size := breakSize(w.rest())
	if size > 0 {
		w.next += size
		w.here = place{w.here.line + 1, 1}
	}
	return size > 0
}

// skipBlanks passes over blanks and line breaks, and returns how many of the latter there were.
func (w *walk) skipBlanks() (breaks int) {
	for {
		switch {
		case w.skipBreak():
			breaks++
		case w.blank():
			w.skip(1)
		default:
			return breaks
		}
	}
}

// emit passes over bytes of the text, which the file has at a place.
func (w *walk) emit(size int, at place) {
	for range min(size, len(w.left())) {
		w.at = append(w.at, at)
	}
}

// properties passes over the anchor and the tag before a scalar.
func (w *walk) properties() {
	for rest := w.rest(); len(rest) > 0 && (rest[0] == '&' || rest[0] == '!'); rest = w.rest() {
		for len(w.rest()) > 0 && !w.blank() && breakSize(w.rest()) == 0 {
			w.skip(1)
		}
		w.skipBlanks()
	}
}

// header passes over the line of `|` or `>`, to the first line with text, and finds out the indentation.
func (w *walk) header() {
	for len(w.rest()) > 0 && breakSize(w.rest()) == 0 {
		w.skip(1)
	}
	w.skipBreak()
	before := w.text[:len(w.text)-len(strings.TrimLeft(w.text, " \t\n"))]
	own := len(before) - 1 - strings.LastIndexByte(before, '\n') // blanks that are part of the text
	ahead := *w
	ahead.skipBlanks()
	w.indent = max(ahead.here.column-1-own, 0)
	w.skipIndent()
}

func (w *walk) skipIndent() {
	for w.here.column <= w.indent && w.blank() {
		w.skip(1)
	}
}

// run walks to the end of the text. It reports false when file and text do not fit together.
func (w *walk) run(style yaml.Style) bool {
	for w.left() != "" {
		rest := w.rest()
		switch {
		case len(rest) == 0:
			return false
		case w.block && breakSize(rest) > 0:
			w.breakBlock()
		case !w.block && w.foldsHere():
			at := w.here
			w.emitFold(w.skipBlanks(), at)
		case style == yaml.DoubleQuotedStyle && rest[0] == '\\':
			w.escape()
		case style == yaml.SingleQuotedStyle && rest[0] == '\'':
			w.emit(1, w.here)
			w.skip(2)
		default:
			if !w.same() {
				return false
			}
		}
	}
	return true
}

// same passes over what file and text have in common: a run of blanks, or one character.
func (w *walk) same() bool {
	rest := w.rest()
	_, size := utf8.DecodeRune(rest)
	if w.blank() {
		size = len(rest) - len(bytes.TrimLeft(rest, " \t"))
	}
	if !strings.HasPrefix(w.left(), string(rest[:size])) {
		return false
	}
	for range utf8.RuneCount(rest[:size]) {
		before := w.next
		at := w.here
		w.skip(1)
		w.emit(w.next-before, at)
	}
	return true
}

// foldsHere reports whether only blanks come before the end of the line.
func (w *walk) foldsHere() bool {
	return breakSize(bytes.TrimLeft(w.rest(), " \t")) > 0
}

// emitFold passes over what line breaks become outside of blocks: one is a space, others are themselves.
func (w *walk) emitFold(breaks int, at place) { w.emit(max(breaks-1, 1), at) }

// breakBlock passes over the line breaks of a block. A literal one keeps them; in a folded one a single break between
// two lines of text is a space.
func (w *walk) breakBlock() {
	at := w.here
	for w.skipBreak() {
		w.skipIndent()
		if strings.HasPrefix(w.left(), "\n") {
			w.emit(1, at)
			at = w.here
		}
	}
	if !w.blank() && strings.HasPrefix(w.left(), " ") {
		w.emit(1, at)
	}
}

// escape passes over a backslash and what it stands for.
func (w *walk) escape() {
	at := w.here
	w.skip(1)
	rest := w.rest()
	if breakSize(rest) > 0 {
		w.emit(w.skipBlanks()-1, at)
		return
	}
	width := 1
	if len(rest) > 0 {
		width += map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	}
	_, size := utf8.DecodeRuneInString(w.left())
	w.emit(size, at)
	w.skip(width)
}
