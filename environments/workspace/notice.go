package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Notice tells of something that Sync could not do or had to decide, and went on: the step that runs
// in the workspace will say what it misses, if it misses anything.
type Notice struct {
	Path   string // slash-separated and relative to the repository, or the absolute path of something kept beside the workspace
	Reason string // what happened to it: "cannot be read (permission denied), so the workspace lacks it"
}

// String is the notice as a line for a person; a path with odd characters is quoted.
func (n Notice) String() string {
	return printable(n.Path) + ": " + n.Reason
}

func printable(name string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(name) || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// missing is the reason given for a source file or directory that could not be read.
func missing(err error) string {
	return fmt.Sprintf("cannot be read (%v), so the workspace lacks it", bare(err))
}

// bare is the cause of a file error without the operation and the path, which a notice names itself.
func bare(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}
