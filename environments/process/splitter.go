package process

import "bytes"

// readSize is what one read asks for: as much as a pipe holds by default.
const readSize = 64 << 10

// A splitter cuts a stream into Lines. It holds at most one piece of a line, in a buffer of at most twice that size.
// How the stream was cut into reads makes no difference to the Lines.
type splitter struct {
	deliver func(Line)
	max     int // the length of a line from which it is cut
	buf     []byte
	n       int // bytes of buf that are in use: the beginning of a line, without a line end
}

func newSplitter(deliver func(Line)) *splitter {
	return &splitter{deliver: deliver, max: MaxLine, buf: make([]byte, readSize)}
}

// space returns where the next bytes belong; it is never empty.
func (s *splitter) space() []byte { return s.buf[s.n:] }

// wrote delivers the lines that n more bytes in space complete.
func (s *splitter) wrote(n int) {
	unseen := s.n
	s.n += n
	begin := 0
	for {
		i := bytes.IndexByte(s.buf[unseen:s.n], '\n')
		if i < 0 {
			break
		}
		s.line(s.buf[begin : unseen+i])
		begin = unseen + i + 1
		unseen = begin
	}
	for s.n-begin > s.max+1 { // one more byte could be the \r of the line end
		s.deliver(Line{Text: string(s.buf[begin : begin+s.max]), Partial: true})
		begin += s.max
	}
	s.n = copy(s.buf, s.buf[begin:s.n])
	if s.n == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
}

// end delivers a last line that has no line end.
func (s *splitter) end() {
	if s.n > 0 {
		s.line(s.buf[:s.n])
		s.n = 0
	}
}

// line delivers a complete line.
func (s *splitter) line(b []byte) {
	b, returned := bytes.CutSuffix(b, []byte{'\r'})
	for len(b) > s.max {
		s.deliver(Line{Text: string(b[:s.max]), Partial: true})
		b = b[s.max:]
	}
	s.deliver(Line{Text: string(b), Return: returned})
}
