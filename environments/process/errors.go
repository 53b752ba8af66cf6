package process

import (
	"errors"
	"fmt"
	"syscall"
)

// NotFoundError means that there is no program of that name.
type NotFoundError struct {
	Name string
	// Path is the PATH that was searched, or, for a Name with a slash, the file that is missing.
	Path string
	// NotExecutable is a file of that name that was found in PATH but may not be executed, or empty.
	NotExecutable string
	file          bool
}

func (e *NotFoundError) Error() string {
	switch {
	case e.file:
		return fmt.Sprintf("%s: there is no file %s", e.Name, e.Path)
	case e.Name == "":
		return "the name of the program is empty"
	case e.NotExecutable != "":
		return fmt.Sprintf("%s: %s is not executable; run chmod +x on it", e.Name, e.NotExecutable)
	case e.Path == "":
		return fmt.Sprintf("%s: not found, because PATH is empty in the environment it would run in", e.Name)
	}
	return fmt.Sprintf("%s: not found in PATH (%s); install it or add its directory to PATH", e.Name, e.Path)
}

// StartError means that a program exists but could not be started. Err is the system's error.
type StartError struct {
	Name string
	Path string // the file that was to be executed
	Err  error
	// Largest is the variable with the longest value, where arguments and environment are too large, and Bytes its length.
	Largest string
	Bytes   int
}

func (e *StartError) Unwrap() error { return e.Err }

func (e *StartError) Error() string {
	text := fmt.Sprintf("start %s (%s): ", e.Name, e.Path)
	var errno syscall.Errno
	var dir *dirError
	if errors.As(e.Err, &dir) || !errors.As(e.Err, &errno) {
		return text + e.Err.Error()
	}
	text += errno.Error()
	switch errno {
	case syscall.EACCES:
		text += ": the file is not executable (run chmod +x on it), or is on a file system mounted noexec"
	case syscall.ENOENT:
		text += ": the file exists, so what is missing is the interpreter its first line names, or its dynamic loader"
	case syscall.ENOEXEC:
		text += ": neither a program for this machine nor a script whose first line begins with #!"
	case syscall.ETXTBSY:
		text += ": somebody has the file open for writing"
	case syscall.E2BIG:
		text += ": arguments and environment are too large; hand large values over in files"
		if e.Largest != "" {
			text += fmt.Sprintf(" (the largest variable is %s, with %d KiB)", e.Largest, e.Bytes>>10)
		}
	}
	return text
}

// dirError means that the working directory cannot be used.
type dirError struct{ err error }

func (e *dirError) Error() string { return "working directory: " + e.err.Error() }
func (e *dirError) Unwrap() error { return e.err }
