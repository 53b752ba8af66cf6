package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"sort"
	"strconv"
	"syscall"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFileSize bounds a manifest or configuration file, in bytes. A manifest of 100,000 environments takes about 10 MB.
const maxFileSize = 32 << 20

// readSource reads a YAML file that a person wrote. The problem names the file as `name`.
func readSource(path, name string) ([]byte, *Problem) {
	at := Position{File: name}
	fail := func(format string, args ...any) ([]byte, *Problem) {
		p := Errorf(at, format, args...)
		return nil, &p
	}
	f, _, err := openFile(path)
	if errors.Is(err, errNoFile) {
		return fail("is not a file")
	}
	if err != nil {
		return fail("cannot be read: %v", unwrapPath(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return fail("cannot be read: %v", unwrapPath(err))
	}
	if len(text) > maxFileSize {
		return fail("is larger than %d MiB, the most a configuration may be", maxFileSize>>20)
	}
	return WithoutMark(text), nil
}

// WithoutMark returns a text without the byte order mark that editors on Windows write before UTF-8.
func WithoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// ReadFile reads the whole of a file in the repository. Anything else of its name is an error of the kind *fs.PathError: who
// opens a named pipe would wait, perhaps forever.
func ReadFile(name string) ([]byte, error) {
	f, size, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var text bytes.Buffer
	text.Grow(int(min(size, 1<<20)) + bytes.MinRead) // so that one read is enough
	_, err = text.ReadFrom(f)
	return text.Bytes(), err
}

var errNoFile = errors.New("it is not a file")

// openFile opens a file and returns its size in bytes, too.
func openFile(name string) (*os.File, int64, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// unwrapPath drops operation and path from a file error: the position names the file already.
func unwrapPath(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// parseYAML turns text into its one document node, nil when the text holds nothing. Text that is no YAML gives one
// problem with the best position there is.
func parseYAML(text []byte, name string) (*yaml.Node, *Problem) {
	if p := checkText(text, name); p != nil {
		return nil, p
	}
	doc, second, err := readDocuments(text)
	if err != nil {
		return nil, yamlProblem(err, text, name)
	}
	if second != nil {
		p := Errorf(Position{name, second.Line, second.Column}, "a second YAML document begins here; only one is read").
			WithHint("put everything into one document")
		return nil, &p
	}
	if doc == nil || len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

// readDocuments returns the first document of a text and the second, nil where there is none.
func readDocuments(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser has panicked on odd input before
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var documents []*yaml.Node
	for range 2 {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
		documents = append(documents, &doc)
	}
	documents = append(documents, nil, nil)
	return documents[0], documents[1], nil
}

// checkText finds what no YAML text holds, so that a binary file gives one plain sentence.
func checkText(text []byte, name string) *Problem {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		message := ""
		switch {
		case r == 0:
			message = "is a binary file, not YAML"
		case r == utf8.RuneError && size == 1:
			message = "is not UTF-8 text"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			message = fmt.Sprintf("holds the control character %U, which YAML does not allow", r)
		}
		if message != "" {
			p := Errorf(positionOf(text, i, name), "%s", message)
			return &p
		}
		i += size
	}
	return nil
}

func positionOf(text []byte, offset int, name string) Position {
	before := text[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	return Position{name, line, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlProblem gives the parser's error a position. The parser names at most a line, and not always the right one.
func yamlProblem(err error, text []byte, name string) *Problem {
	message, line := splitYAMLError(err)
	if len(text) <= longestSearch {
		line = failingLine(text, message)
	}
	at := Position{File: name, Line: max(line, 1)}
	indent := indentOf(text, at.Line)
	at.Column = len(indent) + 1
	p := Errorf(at, "is not valid YAML: %s", message)
	if tab := bytes.IndexByte(indent, '\t'); tab >= 0 {
		at.Column = tab + 1
		p = Errorf(at, "a tab is used for indentation; YAML allows only spaces")
	}
	return &p
}

func splitYAMLError(err error) (message string, line int) {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error(), 0
	}
	line, _ = strconv.Atoi(m[1])
	return m[2], line
}

// longestSearch is how long a text may be for its beginnings to be parsed again and again, in bytes.
const longestSearch = 1 << 20

// failingLine returns the first line at which the text, read up to there, gives the parser's message.
func failingLine(text []byte, message string) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	end := make([]int, len(lines)) // of each line
	for i, offset := 0, 0; i < len(lines); i++ {
		offset += len(lines[i])
		end[i] = offset
	}
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		_, _, err := readDocuments(text[:end[i]])
		if err == nil {
			return false
		}
		got, _ := splitYAMLError(err)
		return got == message
	})
}

// indentOf returns the blanks before the text of a line that has any.
func indentOf(text []byte, line int) []byte {
	lines := bytes.SplitN(text, []byte("\n"), line+1)
	if line > len(lines) {
		return nil
	}
	l := bytes.TrimRight(lines[line-1], "\r")
	indent := l[:len(l)-len(bytes.TrimLeft(l, " \t"))]
	if len(indent) == len(l) {
		return nil
	}
	return indent
}

// describe names what a node is, in a person's words.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode:
		if isNull(n) {
			return "nothing"
		}
		return fmt.Sprintf("%q", abbreviate(n.Value))
	}
	return "something else"
}

func abbreviate(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
