package view_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

func value(text string) []byte { return schema.TextValue(text) }

// twoPlans returns a plan that was reviewed and the one of now, with one of each kind of difference.
func twoPlans() *schema.Comparison {
	rule := func(port, cidr string) schema.ResourceChange {
		return schema.ResourceChange{Address: "aws_security_group_rule.https", Action: "update", Attributes: []schema.AttributeChange{
			{Path: "cidr", Before: value("10.40.0.0/16"), After: value(cidr)},
			{Path: "from_port", Before: []byte("443"), After: []byte(port)},
			{Path: "token", Before: schema.SensitiveValue, After: schema.SensitiveValue, Sensitive: true},
		}}
	}
	script := func(line string) []byte { return value("#!/bin/sh\nset -e\n" + line + "\nexec app\n") }
	web := func(action, line string, forces bool) schema.ResourceChange {
		return schema.ResourceChange{Address: "aws_instance.web", Action: action, Attributes: []schema.AttributeChange{
			{Path: "user_data", Before: script("echo 0"), After: script(line), ForcesReplacement: forces},
		}}
	}
	reviewed := tell(schema.CommandPlan, "network/terraform", "app/terraform", "web/helm", "old/terraform").
		end("network/terraform", schema.Succeeded, time.Second, changes("create aws_vpc.main")).
		end("app/terraform", schema.Succeeded, time.Second, &schema.Changes{Change: 2, Resources: []schema.ResourceChange{rule("8443", "10.0.0.0/8"), web("update", "echo 1", false)}}).
		end("web/helm", schema.Deferred, time.Second, nil).
		end("old/terraform", schema.Unchanged, time.Second, changes()).finish(schema.Succeeded, time.Second).report()
	now := tell(schema.CommandPlan, "network/terraform", "web/helm", "new/terraform", "app/terraform").
		end("network/terraform", schema.Succeeded, time.Second, changes("create aws_vpc.main")).
		end("web/helm", schema.Succeeded, time.Second, changes("create Deployment.web")).
		end("new/terraform", schema.Succeeded, time.Second, changes("create aws_s3_bucket.new")).
		end("app/terraform", schema.Succeeded, time.Second, &schema.Changes{Add: 1, Change: 1, Remove: 1, Resources: []schema.ResourceChange{rule("22", "10.0.0.0/8"), web("replace", "echo 2", true)}}).
		finish(schema.Succeeded, time.Second).report()
	reviewed.Run = "20250531-100000-k3fw"
	for i := range reviewed.Steps {
		reviewed.Steps[i].Fingerprint = &schema.Fingerprint{Files: map[string]string{"main.tf": "1"}}
	}
	for i := range now.Steps {
		now.Steps[i].Fingerprint = &schema.Fingerprint{Files: map[string]string{"main.tf": map[bool]string{true: "2", false: "1"}[now.Steps[i].Name == "app/terraform"]}}
	}
	c := schema.ComparePlans(reviewed, now)
	c.Reviewed, c.Now = schema.ComparedPlan{Name: "plan.bitops", Revision: "1a2b3c4"}, schema.ComparedPlan{Name: "new.bitops", Revision: "5d6e7f8"}
	return c
}

func TestComparison(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer, *schema.Comparison) error{
		"comparison": func(w *bytes.Buffer, c *schema.Comparison) error { return view.Comparison(w, c, view.Options{}) },
		"comparison-narrow": func(w *bytes.Buffer, c *schema.Comparison) error {
			return view.Comparison(w, c, view.Options{Width: 60})
		},
		"comparison-color": func(w *bytes.Buffer, c *schema.Comparison) error {
			return view.Comparison(w, c, view.Options{Color: true})
		},
		"comparison-markdown": func(w *bytes.Buffer, c *schema.Comparison) error {
			return view.ComparisonMarkdown(w, c, view.CommentLimit)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := write(&out, twoPlans()); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

// The plans of thousands of environments that all differ still make a comment and a screen, on which each new loss is named.
func TestComparisonOfThousands(t *testing.T) {
	var names []string
	for i := range 2000 {
		names = append(names, fmt.Sprintf("environment-%04d/terraform", i))
	}
	plan := func(run schema.RunID, worse bool) *schema.Report {
		s := tell(schema.CommandPlan, names...)
		for i, name := range names {
			c := changes("create aws_instance.web", "update aws_vpc.main")
			if worse && i%100 == 99 {
				c = changes("create aws_instance.web", "replace aws_vpc.main")
			} else if worse {
				c = changes("create aws_instance.web", "update aws_vpc.other")
			}
			s.end(schema.StepName(name), schema.Succeeded, time.Second, c)
		}
		r := s.finish(schema.Succeeded, time.Second).report()
		r.Run = run
		return r
	}
	c := schema.ComparePlans(plan("a", false), plan("b", true))
	var screen, comment bytes.Buffer
	if err := view.Comparison(&screen, c, view.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := view.ComparisonMarkdown(&comment, c, view.CommentLimit); err != nil {
		t.Fatal(err)
	}
	if comment.Len() > view.CommentLimit || strings.Count(screen.String(), "\n") > 800 {
		t.Errorf("the comment has %d bytes, the screen %d lines", comment.Len(), strings.Count(screen.String(), "\n"))
	}
	for i := 99; i < 2000; i += 100 {
		name := fmt.Sprintf("environment-%04d/terraform", i)
		if !strings.Contains(screen.String(), name) || !strings.Contains(comment.String(), "In <code>"+name+"</code>:\n\n```diff\n-/+ aws_vpc.main  # destroyed and created again\n```") {
			t.Errorf("%s replaces its network, and that is not told", name)
		}
	}
	if !strings.Contains(screen.String(), "and 1,950 more steps (-v shows them all)") || !strings.Contains(comment.String(), "more steps not shown") {
		t.Errorf("what is left out is not counted:\n%s", screen.String()[max(0, screen.Len()-300):])
	}
}

func TestForeignTextInComparisonsIsText(t *testing.T) {
	odd := func(value string) *schema.Report {
		r := tell(schema.CommandPlan, hostile+"/"+hostile).end(hostile+"/"+hostile, schema.Succeeded, time.Second, changes("delete "+hostile, "update "+hostile+"2")).report()
		r.Steps[0].Changes.Resources[1].Attributes = []schema.AttributeChange{{Path: hostile, Before: schema.TextValue(hostile), After: schema.TextValue(value)}}
		r.Steps[0].Reason = value
		r.Run = schema.RunID(value)
		return r
	}
	c := schema.ComparePlans(odd("a"), odd(hostile))
	c.Reviewed.Name, c.Now.Name = hostile, hostile
	var comment bytes.Buffer
	if err := view.ComparisonMarkdown(&comment, c, view.CommentLimit); err != nil {
		t.Fatal(err)
	}
	inDiff := false
	for line := range strings.Lines(comment.String()) {
		switch {
		case strings.HasPrefix(line, "```"):
			inDiff = !inDiff
		case inDiff && !strings.ContainsAny(line[:1], "+-!<*") && !strings.HasPrefix(line, "    "):
			t.Errorf("a line of a diff has no sign: %q", line)
		case !inDiff && (strings.Contains(line, "<script") || strings.Contains(line, "](http") || strings.Contains(line, "@team")):
			t.Errorf("foreign text is markup: %q", line)
		}
	}
	if inDiff || strings.Count(comment.String(), "<details") != strings.Count(comment.String(), "</details>\n") {
		t.Errorf("something is not closed:\n%s", comment.String())
	}
}
