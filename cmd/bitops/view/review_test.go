package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// attribute returns a change of an attribute. The values are JSON; "" is nothing.
func attribute(path, before, after string) schema.AttributeChange {
	a := schema.AttributeChange{Path: path}
	if before != "" {
		a.Before = json.RawMessage(before)
	}
	if after != "" {
		a.After = json.RawMessage(after)
	}
	return a
}

func forcing(a schema.AttributeChange) schema.AttributeChange {
	a.ForcesReplacement = true
	return a
}

func unknown(path, before string) schema.AttributeChange {
	a := attribute(path, before, `"(known after apply)"`)
	a.Unknown = true
	return a
}

// reviewed is a plan with every kind of difference.
func reviewed() *story {
	script := "#!/bin/sh\nset -e\n" + strings.Repeat("echo step\n", 10)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::uploads/*"},{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*"}]}`
	c := changes("create aws_iam_policy.app", "replace aws_instance.web", "update aws_vpc_security_group_ingress_rule.https",
		"delete aws_db_instance.old", "import aws_iam_role.web", "move aws_eip.web", "forget aws_kms_key.main", "read data.aws_ami.debian")
	c.Resources[0].Attributes = []schema.AttributeChange{
		attribute("name", "", `"app"`), attribute("policy", "", string(schema.TextValue(policy))), unknown("arn", ""), unknown("id", ""),
	}
	c.Resources[1].Reason = "it cannot be updated in place"
	c.Resources[1].Attributes = []schema.AttributeChange{
		forcing(attribute("availability_zone", `"us-east-1a"`, `"us-east-1b"`)),
		attribute("user_data", string(schema.TextValue(script)), string(schema.TextValue(strings.Replace(script, "set -e", "set -x", 1)))),
		attribute("tags.Owner", "", `"ops"`), attribute(`tags["kept by"]`, `"nobody"`, ""), attribute("ebs_block_device", `""`, ""),
		unknown("id", `"i-0123456789abcdef0"`), unknown("private_ip", `"10.40.0.7"`),
	}
	c.Resources[2].Attributes = []schema.AttributeChange{
		attribute("cidr_ipv4", `"10.40.0.0/16"`, `"0.0.0.0/0"`), attribute("from_port", "443", "22"), attribute("to_port", "443", "22"),
		{Path: "auth_token", Before: schema.SensitiveValue, After: schema.SensitiveValue, Sensitive: true},
		attribute("description", `"A description that goes on and on, for a while, so that no line of a terminal is long enough to hold both of them"`,
			`"A description that goes on and on, for a day, so that no line of a terminal is long enough to hold both of them"`),
		attribute("settings", `"{\"a\":1,\"b\":2}"`, `"{ \"a\": 1, \"b\": 2 }"`),
	}
	c.Resources[3].Reason = "it is no longer in the configuration"
	for _, name := range []string{"allocated_storage", "arn", "endpoint", "engine", "id", "name", "port"} {
		c.Resources[3].Attributes = append(c.Resources[3].Attributes, attribute(name, `"`+name+`-value"`, ""))
	}
	c.Resources[4].ImportedID, c.Resources[5].MovedFrom = "web", "aws_eip.old"
	c.Outputs = 2
	c.OutputChanges = []schema.AttributeChange{attribute("url", `"http://a"`, `"http://b"`), unknown("ids", "")}
	c.Drift = []schema.ResourceChange{
		{Address: "aws_vpc.main", Action: "update", Attributes: []schema.AttributeChange{attribute("tags.x", `"1"`, `"2"`)}}, {Address: "aws_eip.gone", Action: "delete"},
	}
	c.Deferred = []schema.ResourceChange{{Address: "aws_subnet.a[*]", Action: "create", Reason: "how many there are is known only after apply"}}
	c.Invocations = []schema.Invocation{{Address: "action.aws_lambda_invoke.warm", Cause: "aws_instance.web", Event: "after create"}}
	return tell(schema.CommandPlan, "app/terraform").start("app/terraform").
		end("app/terraform", schema.Succeeded, time.Second, c).finish(schema.Succeeded, 2*time.Second)
}

func TestReviewedPlan(t *testing.T) {
	for name, o := range map[string]view.Options{
		"reviewed-60": {Width: 60}, "reviewed-100": {Width: 100}, "reviewed-200": {Width: 200}, "reviewed-color": {Color: true},
		"reviewed-verbose": {Verbose: true}, "reviewed-summary": {Summary: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.Summary(&out, reviewed().report(), o); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
			if o.Width > 0 {
				for line := range strings.Lines(out.String()) {
					if n := len([]rune(strings.TrimRight(line, "\n"))); n > o.Width && !strings.Contains(line, "Plan:") {
						t.Errorf("a line of %d columns: %s", n, line)
					}
				}
			}
		})
	}
	for form, write := range reports {
		t.Run(form, func(t *testing.T) {
			var out bytes.Buffer
			if err := write(&out, reviewed().report()); err != nil {
				t.Fatal(err)
			}
			golden(t, form+"-reviewed", out.Bytes())
		})
	}
}

// The rule that is opened to the world shows all four values in every form.
func TestEveryFormShowsTheValues(t *testing.T) {
	report := reviewed().report()
	forms := map[string]string{}
	for name, o := range map[string]view.Options{"terminal": {Width: 80}, "github": {CI: view.GitHub}} {
		forms[name] = string(reviewed().shown(o))
	}
	for form, write := range reports {
		var out bytes.Buffer
		if err := write(&out, report); err != nil {
			t.Fatal(err)
		}
		forms[form] = out.String()
	}
	var document bytes.Buffer
	if err := view.ReportJSON(&document, report); err != nil {
		t.Fatal(err)
	}
	forms["json"] = document.String()
	delete(forms, "junit") // results of tests
	for form, text := range forms {
		for _, value := range []string{"443", "10.40.0.0/16", "22", "0.0.0.0/0"} {
			if !strings.Contains(text, value) {
				t.Errorf("%s does not show %s", form, value)
			}
		}
	}
}

// With the values kept out, no comment and no page has one; the paths are there.
func TestValuesAreKeptOutOfComments(t *testing.T) {
	report := reviewed().report()
	report.WithholdValues = true
	for _, form := range []string{"markdown", "html"} {
		var out bytes.Buffer
		if err := reports[form](&out, report); err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"443", "10.40.0.0", "0.0.0.0", "us-east-1", "http://", "s3:GetObject"} {
			if strings.Contains(out.String(), value) {
				t.Errorf("%s shows %s", form, value)
			}
		}
		for _, path := range []string{"from_port", "cidr_ipv4", "availability_zone"} {
			if !strings.Contains(out.String(), path) {
				t.Errorf("%s does not say that %s changes", form, path)
			}
		}
	}
}

// resourcesOf returns a plan in which resources change, so many attributes of each.
func resourcesOf(resources, attributes int, action func(int) string) *schema.Report {
	c := &schema.Changes{Change: resources}
	for i := range resources {
		r := schema.ResourceChange{Address: fmt.Sprintf("module.service[\"region-%d\"].aws_instance.web[%d]", i%7, i), Action: action(i)}
		if r.Loses() {
			r.Reason = "it cannot be updated in place"
			r.Attributes = append(r.Attributes, forcing(attribute("availability_zone", `"us-east-1a"`, `"us-east-1b"`)))
		}
		for j := range attributes {
			r.Attributes = append(r.Attributes, attribute(fmt.Sprintf("attribute_%d", j), `"a value that was there before"`, `"and the one after"`))
		}
		c.Resources = append(c.Resources, r)
	}
	return tell(schema.CommandPlan, "app/terraform").start("app/terraform").end("app/terraform", schema.Succeeded, time.Second, c).finish(schema.Succeeded, time.Second).report()
}

func TestACommentShowsEveryLossWithItsCause(t *testing.T) {
	losing := func(i int) string { return []string{"update", "replace", "create", "delete"}[i%4] }
	for name, action := range map[string]func(int) string{"half of them": losing, "all of them": func(int) string { return "replace" }} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.Markdown(&out, resourcesOf(400, 30, action), view.CommentLimit, view.Origin{}); err != nil {
				t.Fatal(err)
			}
			if out.Len() > view.CommentLimit {
				t.Errorf("a comment of %d bytes", out.Len())
			}
			for i := range 400 {
				cause := fmt.Sprintf(`web\[%d\]  # destroyed.*; forces replacement: availability_zone\n`, i)
				if a := action(i); (a == "replace" || a == "delete") && !regexp.MustCompile(cause).Match(out.Bytes()) {
					t.Fatalf("%s of resource %d is not shown with its cause:\n%.3000s", a, i, out.String())
				}
			}
			if strings.Count(out.String(), "```")%2 != 0 || strings.Count(out.String(), "<details>") != strings.Count(out.String(), "</details>") {
				t.Error("a block is not closed")
			}
		})
	}
}

// A plan of 20,000 changed attributes takes memory in proportion, and no more lines than a person reads.
func TestALargePlanIsBounded(t *testing.T) {
	report := resourcesOf(400, 50, func(int) string { return "update" })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var text, whole, comment, page bytes.Buffer
	for _, err := range []error{
		view.Summary(&text, report, view.Options{}), view.Summary(&whole, report, view.Options{Verbose: true}),
		view.Markdown(&comment, report, view.CommentLimit, view.Origin{}), view.HTML(&page, report),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 400<<20 {
		t.Errorf("four forms of it took %d MB", allocated>>20)
	}
	if lines := bytes.Count(text.Bytes(), []byte("\n")); lines > 40*45 {
		t.Errorf("%d lines on the screen", lines)
	}
	if n := bytes.Count(whole.Bytes(), []byte("attribute_")); n != 20_000 {
		t.Errorf("-v shows %d of 20,000 attributes", n)
	}
	if page.Len() > 5<<20 {
		t.Errorf("a page of %d bytes", page.Len())
	}
}

func BenchmarkLargePlan(b *testing.B) {
	report := resourcesOf(400, 50, func(int) string { return "update" })
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		if err := view.Summary(&out, report, view.Options{Verbose: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a tool tells as its progress and prints too is shown once.
func TestProgressIsShownOnce(t *testing.T) {
	for name, o := range map[string]view.Options{"terminal": {Verbose: true}, "github": {Verbose: true, CI: view.GitHub}} {
		const text = "aws_vpc.main: Still creating... [10s elapsed]"
		s := tell(schema.CommandApply, "network/terraform").start(network).
			progress(network, text).prints(network, text, "another line", "another line", "", "").
			end(network, schema.Succeeded, time.Second, changes("create aws_vpc.main")).finish(schema.Succeeded, time.Second)
		out := string(s.shown(o))
		if strings.Count(out, text) != 1 || strings.Count(out, "another line") != 2 {
			t.Errorf("%s shows:\n%s", name, out)
		}
	}
}
