package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// gone looks at the environment of every process for the story's mark.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 || len(args) == 1 && args[0] != "soon" {
		ts.Fatalf("usage: gone [soon]")
	}
	left := survivors(ts)
	// A shell that gets the interrupt between two of its commands lives on, and is killed 30 seconds later.
	for end := time.Now().Add(90 * time.Second); left != "" && len(args) == 1 && time.Now().Before(end); left = survivors(ts) {
		time.Sleep(20 * time.Millisecond)
	}
	if left != "" {
		ts.Fatalf("still alive: %s", left)
	}
}

// survivors names the processes of the story that are alive, "" when none is.
func survivors(ts *testscript.TestScript) string {
	all, err := marked(ts.Getenv(mark))
	ts.Check(err)
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprint(all)
}

// marked returns the processes that carry a mark, by their ids: their command lines.
func marked(value string) (map[int]string, error) {
	entry := []byte(mark + "=" + value + "\x00")
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	all := map[int]string{}
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, entry) { // others' processes cannot be read, and others end
			continue
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if id, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && len(command) > 0 {
			all[id] = string(bytes.ReplaceAll(command, []byte{0}, []byte{' '}))
		}
	}
	return all, err
}

// keys are answers that are keys and not lines.
var keys = map[string]string{"^C": "\x03", "^D": "\x04", "-": ""}

// terminal runs a program with standard input, output and error on a terminal. Once the question is on the screen, the
// answer is typed; there can be several, with bars between them. What was on the screen is stdout afterwards.
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: terminal CODE QUESTION ANSWER PROGRAM [ARGUMENT...]")
	}
	control, tty, err := openTerminal()
	ts.Check(err)
	defer control.Close()
	cmd := program(ts, args[3:])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	tty.Close()
	ts.Check(err)
	stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()

	var shown screen
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		shown.follow(control, strings.Split(args[1], "|"), strings.Split(args[2], "|"))
	}()
	err = cmd.Wait()
	<-closed
	_, writeErr := io.WriteString(ts.Stdout(), strings.ReplaceAll(shown.text(), "\r\n", "\n"))
	ts.Check(writeErr)
	expectCode(ts, args[0], err)
}

func answerTo(answer string) string {
	if key, ok := keys[answer]; ok {
		return key
	}
	return answer + "\n"
}

// screen is what a program has shown so far.
type screen struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// follow reads until the program has closed its terminal, and types the answer to each question, one after the other.
func (s *screen) follow(control *os.File, questions, answers []string) {
	piece := make([]byte, 4096)
	seen := 0 // up to the end of the last question
	for {
		n, err := control.Read(piece)
		s.mu.Lock()
		s.all.Write(piece[:n])
		for len(answers) > 0 {
			at := bytes.Index(s.all.Bytes()[seen:], []byte(questions[0]))
			if at < 0 {
				break
			}
			_, _ = control.WriteString(answerTo(answers[0])) // a program that is gone needs none
			seen, questions, answers = seen+at+len(questions[0]), questions[1:], answers[1:]
		}
		s.mu.Unlock()
		if err != nil {
			return // EIO: nobody has the terminal open any more
		}
	}
}

// openTerminal returns both sides of a new terminal.
func openTerminal() (control, tty *os.File, err error) {
	control, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(control.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err == nil {
		tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		control.Close()
	}
	return control, tty, err
}
