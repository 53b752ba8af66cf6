// Package docs_test keeps the documentation true: its links lead somewhere, its commands and flags exist, its manifests
// load, its error messages are those that bitops prints, and its lists are complete.
package docs_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the parts of the pages that are made from the code")

// page is one markdown file.
type page struct {
	file string // from docs/
	text string
}

// pages returns every markdown file that people read.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "docs/examples/*/*.md", "docs/changelog/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			all = append(all, page{file, read(t, file)})
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages found", len(all))
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fence is one block of code.
type fence struct {
	language   string // all behind the three backquotes
	text       string
	line       int // of its first line
	begin, end int // of its text in the page
}

// fences returns the blocks of code of a page, and the page with blanks in their place.
func (p page) fences() (blocks []fence, prose string) {
	var b strings.Builder
	var open *fence
	offset, number := 0, 0
	for line := range strings.Lines(p.text) {
		number++
		mark := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case mark && open == nil:
			language := strings.TrimSpace(strings.Trim(strings.TrimSpace(line), "`"))
			open = &fence{language: language, line: number + 1, begin: offset + len(line)}
		case mark:
			open.end = offset
			open.text = p.text[open.begin:open.end]
			blocks = append(blocks, *open)
			open = nil
		case open == nil:
			b.WriteString(line)
			offset += len(line)
			continue
		}
		b.WriteString("\n")
		offset += len(line)
	}
	return blocks, b.String()
}

var (
	codeSpan = regexp.MustCompile("`[^`\n]+`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, p := range pages(t) {
		_, prose := p.fences()
		for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if err := p.resolve(t, m[1]); err != nil {
				t.Errorf("%s: link %s: %v", p.file, m[1], err)
			}
		}
	}
}

func (p page) resolve(t *testing.T, target string) error {
	t.Helper()
	name, anchor, _ := strings.Cut(target, "#")
	file := p.file
	if name != "" {
		file = filepath.Join(filepath.Dir(p.file), filepath.FromSlash(name))
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	if anchor == "" {
		return nil
	}
	_, prose := page{text: read(t, file)}.fences()
	for _, m := range heading.FindAllStringSubmatch(prose, -1) {
		if slug(m[1]) == anchor {
			return nil
		}
	}
	return errors.New("there is no such heading")
}

// slug is what GitHub makes of a heading.
func slug(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

var (
	machinePath = regexp.MustCompile("(?:^|[\\s\"'(=`>])(/(?:home|root|Users|work|tmp|var/folders)/[^\\s`)]*)")
	registry    = regexp.MustCompile(`\b(?:proxy\.golang\.org|sum\.golang\.org|registry\.[a-z]+\.(?:org|io)|deb\.debian\.org|pypi\.org|index\.docker\.io)\b`)
)

func TestNothingOfOneMachine(t *testing.T) {
	for _, p := range pages(t) {
		for _, found := range append(machinePath.FindAllString(p.text, -1), registry.FindAllString(p.text, -1)...) {
			t.Errorf("%s: %s", p.file, strings.TrimSpace(found))
		}
	}
}

// Every module that go.mod requires for itself has its reason in ADR 2.
func TestEveryDependencyHasAReason(t *testing.T) {
	reasons := read(t, "adr/0002-dependencies.md")
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*([a-z]+\.[^\s]+) v[^\s]+$`).FindAllStringSubmatch(read(t, root+"/go.mod"), -1) {
		name := strings.TrimPrefix(m[1], "github.com/")
		if !strings.Contains(reasons, name) {
			t.Errorf("ADR 2 gives no reason for %s", m[1])
		}
	}
}

// What the code knows is on the page that describes it.
func TestListsAreComplete(t *testing.T) {
	for name, list := range map[string]struct{ page, source, pattern string }{
		"exit codes":             {"exit-codes.md", "cmd/bitops/exit.go", `(?m)^\texit(?:[A-RT-Z]\w*) += (\d+)`},
		"events":                 {"runs.md", "schema/event.go", `EventType = "([a-z-]+)"`},
		"outcomes":               {"glossary.md", "schema/event.go", `(?m)^\t(?:Succeeded|Unchanged|Failed|Blocked|Skipped|Interrupted|Deferred) +Outcome = "([a-z]+)"`},
		"phases":                 {"lifecycle.md", "schema/event.go", `Phase += "([a-z-]+)"`},
		"states of records":      {"runs.md", "schema/record.go", `RecordState = "([a-z]+)"`},
		"variables of hooks":     {"lifecycle.md", "environments/bitops_variables.go", `"(BITOPS_[A-Z]+(?:_[A-Z]+)*_?)"`},
		"hooks":                  {"lifecycle.md", "environments/hook.go", `"(bitops[.-][a-z-]+\.d)"`},
		"functions":              {"manifest.md", "schema/functions.go", `"([a-z][a-z0-9]+)": +[a-zA-Z]+[.(]`},
		"terraform's own places": {"lifecycle.md", "environments/terraform/state.go", `= "(\.?[a-z_.]+\.(?:tf\.json|hcl|tfstate))"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := read(t, list.page)
			found := regexp.MustCompile(list.pattern).FindAllStringSubmatch(read(t, filepath.Join(root, list.source)), -1)
			if len(found) == 0 {
				t.Fatalf("nothing in %s looks like %s", list.source, list.pattern)
			}
			for _, m := range found {
				if !regexp.MustCompile(`(^|[^\w-])`+regexp.QuoteMeta(m[1])+`([^\w-]|$)`).MatchString(text) && !strings.Contains(text, m[1]+"<") {
					t.Errorf("%s does not tell of %s", list.page, m[1])
				}
			}
		})
	}
}

// same compares a part of a page with what the code says, or writes it there with -update. It returns the page's text.
func same(t *testing.T, p *page, begin, end int, want string) {
	t.Helper()
	got := p.text[begin:end]
	if got == want {
		return
	}
	if !*update {
		line, had, has := firstDifference(got, want)
		t.Errorf("%s, line %d: go test ./docs -update writes what is true\npage: %s\ntrue: %s",
			p.file, strings.Count(p.text[:begin], "\n")+line, had, has)
		return
	}
	p.text = p.text[:begin] + want + p.text[end:]
	if err := os.WriteFile(p.file, []byte(p.text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// firstDifference returns the number of the first line that differs, from 1, and both versions of it.
func firstDifference(a, b string) (number int, inA, inB string) {
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	for number < len(linesA) && number < len(linesB) && linesA[number] == linesB[number] {
		number++
	}
	if number < len(linesA) {
		inA = linesA[number]
	}
	if number < len(linesB) {
		inB = linesB[number]
	}
	return number + 1, inA, inB
}

// printed are the streams of one command.
type printed struct{ out, err bytes.Buffer }

func (p *printed) String() string { return fmt.Sprintf("%s%s", &p.out, &p.err) }
