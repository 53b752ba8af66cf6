package process

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pipeSize is the most a pipe holds (Linux: /proc/sys/fs/pipe-max-size; macOS: 64 KiB).
const pipeSize = 1 << 20

// An output carries what a program prints to the callbacks of its Command: one goroutine a stream, one callback at
// a time.
type output struct {
	arrived  func()     // called before lines are delivered, may be nil
	callback sync.Mutex // held while a callback runs
	readers  sync.WaitGroup
	ours     []*os.File // the ends that are read
	theirs   []*os.File // the ends that the program writes to
}

// open returns the file that the program is to write to, or nil if nobody wants to see it.
func (o *output) open(deliver func(Line)) (io.Writer, error) {
	if deliver == nil {
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.ours, o.theirs = append(o.ours, r), append(o.theirs, w)
	o.readers.Go(func() { o.read(r, newSplitter(deliver)) })
	return w, nil
}

// started closes the ends that the program has got by now, or never will.
func (o *output) started() {
	for _, f := range o.theirs {
		_ = f.Close()
	}
	o.theirs = nil
}

// close gives up an output whose program was not started.
func (o *output) close() {
	o.started()
	o.finish()
}

// finish delivers what is left in the pipes and returns when the last callback has. It does not wait for an end of
// the streams: somebody out of reach may hold a pipe open.
func (o *output) finish() {
	for _, f := range o.ours {
		_ = f.SetReadDeadline(time.Now()) // pipes have deadlines
	}
	o.readers.Wait()
	for _, f := range o.ours {
		_ = f.Close()
	}
}

// read delivers a stream until it ends or finish is called.
func (o *output) read(f *os.File, s *splitter) {
	for {
		n, err := f.Read(s.space())
		o.deliver(s, n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.drain(f, s)
			break
		}
		if err != nil {
			break
		}
	}
	o.callback.Lock()
	defer o.callback.Unlock()
	s.end()
}

// drain delivers what is in the pipe now, and waits for nothing more.
func (o *output) drain(f *os.File, s *splitter) {
	_ = f.SetReadDeadline(time.Time{})
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	for left := pipeSize; left > 0; {
		var n int
		var readErr error
		err := raw.Read(func(fd uintptr) bool {
			n, readErr = unix.Read(int(fd), s.space())
			return true
		})
		if err == nil && errors.Is(readErr, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return // the end, or EAGAIN: the pipe is empty
		}
		o.deliver(s, n)
		left -= n
	}
}

func (o *output) deliver(s *splitter, n int) {
	o.callback.Lock()
	defer o.callback.Unlock()
	if o.arrived != nil {
		o.arrived()
	}
	s.wrote(n)
}
