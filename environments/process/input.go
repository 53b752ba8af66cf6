package process

import (
	"io"
	"os"
)

// An input feeds a program what its Command's Stdin yields. (os/exec would do so too, and wait for a Read that may
// never return.)
type input struct {
	theirs *os.File // the end that the program reads
	ours   *os.File
}

// open returns what the program is to read: nil for nothing, or a file.
func (i *input) open(from io.Reader) (io.Reader, error) {
	if from == nil {
		return nil, nil
	}
	if file, ok := from.(*os.File); ok {
		return file, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	i.theirs, i.ours = r, w
	go func() {
		_, _ = io.Copy(w, from) // a program need not read all of its input
		_ = w.Close()
	}()
	return r, nil
}

// started closes the program's end, which the program has got.
func (i *input) started() {
	if i.theirs != nil {
		_ = i.theirs.Close()
	}
}

// close ends the copying, but for a Read that is blocked.
func (i *input) close() {
	i.started()
	if i.ours != nil {
		_ = i.ours.Close()
	}
}
