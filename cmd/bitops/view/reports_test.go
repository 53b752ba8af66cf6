package view_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

var reports = map[string]func(io.Writer, *schema.Report) error{
	"markdown": func(w io.Writer, r *schema.Report) error {
		return view.Markdown(w, r, view.CommentLimit, view.Origin{})
	},
	"junit": view.JUnit,
	"html":  view.HTML,
}

func TestReports(t *testing.T) {
	for name, s := range map[string]*story{
		"success": everythingWorks(), "failure": oneFails(), "plan": planned(), "odd": odd(), "held": held(), "orphans": orphaned(),
	} {
		for form, write := range reports {
			t.Run(form+"-"+name, func(t *testing.T) {
				var out bytes.Buffer
				if err := write(&out, s.report()); err != nil {
					t.Fatal(err)
				}
				golden(t, form+"-"+name, out.Bytes())
			})
		}
	}
}

// Whatever names and messages hold, a comment stays within its limit, JUnit stays XML, and a page stays a page.
func TestReportsOfRandomRuns(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		report := randomStory(r, schema.CommandPlan).report()
		limit := 600 + r.IntN(4000)
		var comment, junit, page bytes.Buffer
		if err := errors.Join(view.Markdown(&comment, report, limit, view.Origin{}), view.JUnit(&junit, report), view.HTML(&page, report)); err != nil {
			t.Fatal(err)
		}
		if comment.Len() > limit {
			t.Errorf("seed %d: a comment of %d bytes, %d are allowed", seed, comment.Len(), limit)
		}
		for _, marker := range []string{"<details>", "</details>", "<pre>", "```diff"} {
			closing := map[string]string{"<details>": "</details>", "<pre>": "</pre>"}[marker]
			if closing != "" && strings.Count(comment.String(), marker) != strings.Count(comment.String(), closing) {
				t.Errorf("seed %d: %s is not closed:\n%s", seed, marker, comment.String())
			}
		}
		decoder := xml.NewDecoder(&junit)
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

// hostile tries to be markup, to call people, and to close what it stands in.
const hostile = "</details></pre>```\n# head <script>alert(1)</script> @team [x](http://evil) |a|b| ![i](u) *b* `c` &lt;"

func TestForeignTextInReportsIsText(t *testing.T) {
	name := schema.StepName(hostile + "/" + hostile)
	s := tell(schema.CommandApply, string(name)).start(name).
		fail(name, time.Second, schema.StepError{Message: hostile, Lines: []string{hostile, hostile}}).
		finish(schema.Failed, time.Second)
	report := s.report()
	report.Steps[0].Reason = hostile
	report.Steps[0].Changes = changes("create "+hostile, "delete "+hostile)
	report.Steps[0].Deferred = []schema.Waiting{{Input: hostile, For: []string{hostile}}}
	report.Steps[0].ReplannedAfter = []schema.StepName{schema.StepName(hostile)}
	var comment, page bytes.Buffer
	if err := errors.Join(view.Markdown(&comment, report, view.CommentLimit, view.Origin{}), view.HTML(&page, report)); err != nil {
		t.Fatal(err)
	}
	text := comment.String()
	inDiff := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			inDiff = !inDiff
		case inDiff && !strings.ContainsAny(line[:1], "+-!<*") && !strings.HasPrefix(line, "     "):
			t.Errorf("a line of a diff has no sign: %q", line)
		case !inDiff && strings.Contains(strings.ReplaceAll(line, "@team", ""), "<script"):
			t.Errorf("a script: %q", line)
		}
	}
	if inDiff {
		t.Error("a diff is not closed")
	}
	outside := regexp.MustCompile("(?s)```diff\n.*?\n```").ReplaceAllString(text, "")
	outside = regexp.MustCompile("(?s)<pre>.*?</pre>").ReplaceAllString(outside, "")
	for _, bad := range []string{"@team", "](http", "*b*", "`c`", "<script", "|a|b|", "# head"} {
		if strings.Contains(outside, bad) {
			t.Errorf("%q is in the comment:\n%s", bad, outside)
		}
	}
	if strings.Contains(page.String(), "<script") {
		t.Error("a script is on the page")
	}
}

func TestReportsOfThousands(t *testing.T) {
	var names []string
	for i := range 10_000 {
		names = append(names, fmt.Sprintf("environment-%05d/terraform", i))
	}
	s := tell(schema.CommandPlan, names...)
	for i, name := range names {
		c := changes("create aws_instance.web", "update aws_vpc.main")
		if i%1000 == 999 {
			c = changes("delete aws_db_instance.orders")
		}
		s.start(schema.StepName(name)).end(schema.StepName(name), schema.Succeeded, time.Second, c)
	}
	report := s.finish(schema.Succeeded, time.Minute).report()
	var comment, page bytes.Buffer
	if err := errors.Join(view.Markdown(&comment, report, view.CommentLimit, view.Origin{}), view.HTML(&page, report)); err != nil {
		t.Fatal(err)
	}
	if comment.Len() > view.CommentLimit {
		t.Errorf("the comment has %d bytes", comment.Len())
	}
	for i := 999; i < 10_000; i += 1000 {
		if !strings.Contains(comment.String(), fmt.Sprintf("environment-%05d/terraform</code>:\n\n```diff\n-   aws_db_instance.orders  # destroyed", i)) {
			t.Errorf("environment %d loses a database, and the comment does not say so", i)
		}
	}
	if !regexp.MustCompile(`[\d,]+ environments not shown`).MatchString(comment.String()) {
		t.Error("the comment does not say how much is missing")
	}
	if page.Len() > 3<<20 || !strings.Contains(page.String(), "and 8,000 more steps") {
		t.Errorf("the page has %d bytes", page.Len())
	}
}
