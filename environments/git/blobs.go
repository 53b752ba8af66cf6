package git

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
)

// mostContent is up to how many bytes the content of an object is kept. What is larger is no configuration.
const mostContent = 4 << 20

// blob is an object with the content of a file.
type blob struct {
	size    int
	content []byte // empty where size is more than mostContent
}

// blobs returns objects by their ids.
func (r *Repository) blobs(ctx context.Context, ids []string) (map[string]blob, error) {
	read := &batch{found: make(map[string]blob, len(ids))}
	if len(ids) == 0 {
		return read.found, nil
	}
	in := strings.NewReader(strings.Join(ids, "\n") + "\n")
	err := r.run(ctx, process.Command{Args: []string{"cat-file", "--batch", "--buffer"}, Stdin: in}, read.line)
	if err == nil {
		err = read.err
	}
	return read.found, err
}

// batch reads what git cat-file --batch prints: of each object a line "ID TYPE SIZE", its content, and the end of a line.
type batch struct {
	found   map[string]blob
	id      string // of the object that is being read, "" before its first line
	size    int
	read    int          // so much of it
	content bytes.Buffer // unless it is too large
	err     error
}

func (b *batch) line(l process.Line) {
	if b.id == "" {
		b.begin(l.Text)
		return
	}
	b.add(l.Text)
	if l.Partial {
		return
	}
	if l.Return {
		b.add("\r")
	}
	if b.read < b.size {
		b.add("\n")
		return
	}
	b.found[b.id] = blob{size: b.size, content: bytes.Clone(b.content.Bytes())}
	b.id, b.read = "", 0
	b.content.Reset()
}

func (b *batch) add(text string) {
	b.read += len(text)
	if b.size <= mostContent {
		b.content.WriteString(text)
	}
}

func (b *batch) begin(line string) {
	words := strings.Fields(line)
	if len(words) == 3 {
		if size, err := strconv.Atoi(words[2]); err == nil {
			b.id, b.size = words[0], size
			return
		}
	}
	if b.err == nil {
		b.err = fmt.Errorf("git cannot read an object: %s", line)
	}
}
