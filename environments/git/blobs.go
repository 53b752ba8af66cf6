package git

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
)

// blobs returns the contents of objects by their ids.
func (r *Repository) blobs(ctx context.Context, ids []string) (map[string][]byte, error) {
	read := &batch{found: make(map[string][]byte, len(ids))}
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
	found   map[string][]byte
	id      string // of the object that is being read, "" before its first line
	size    int
	content bytes.Buffer
	err     error
}

func (b *batch) line(l process.Line) {
	if b.id == "" {
		b.begin(l.Text)
		return
	}
	b.content.WriteString(l.Text)
	if l.Partial {
		return
	}
	if l.Return {
		b.content.WriteByte('\r')
	}
	if b.content.Len() < b.size {
		b.content.WriteByte('\n')
		return
	}
	b.found[b.id] = bytes.Clone(b.content.Bytes())
	b.id = ""
	b.content.Reset()
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
