package process

// SplitReads splits text that arrives in reads of at most size bytes, into pieces of at most limit bytes; a partial one
// ends in "+".
func SplitReads(text string, size, limit int) []string {
	var lines []string
	s := &splitter{max: limit, buf: make([]byte, 2), deliver: func(l Line) {
		if l.Partial {
			l.Text += "+"
		}
		lines = append(lines, l.Text)
	}}
	for text != "" {
		n := copy(s.space(), text[:min(size, len(text))])
		s.wrote(n)
		text = text[n:]
	}
	s.end()
	return lines
}
