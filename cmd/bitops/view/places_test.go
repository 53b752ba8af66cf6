package view_test

import (
	"bytes"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// Where a step is deployed stands behind its environment's name, in a plan and after an apply. Where the tool does not tell,
// nothing does.
func TestTheScreenShowsWhereEnvironmentsAreDeployed(t *testing.T) {
	where := "in aws_account 111111111111, aws_region eu-west-1"
	for _, command := range []schema.Command{schema.CommandPlan, schema.CommandApply} {
		s := tell(command, "topic/cloudformation", "local/terraform")
		for _, e := range []schema.Event{
			{Step: "topic/cloudformation", Identity: &schema.Identity{
				Key: "cloudformation stack t", Target: map[string]string{schema.TargetAccount: "111111111111", schema.TargetRegion: "eu-west-1"},
			}},
			{Step: "local/terraform", Identity: &schema.Identity{Key: "terraform state in the file local/terraform/terraform.tfstate"}},
		} {
			s.start(e.Step)
			e.Type, e.Outcome, e.Duration, e.Changes = schema.EventStepFinished, schema.Succeeded, time.Second, changes("create x.y")
			s.add(e)
		}
		s.finish(schema.Succeeded, time.Second)
		var markdown, page bytes.Buffer
		if err := view.Markdown(&markdown, s.report(), view.CommentLimit, view.Origin{}); err != nil {
			t.Fatal(err)
		}
		if err := view.HTML(&page, s.report()); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"screen": string(s.shown(view.Options{})), "markdown": markdown.String(), "page": page.String()} {
			text = html.UnescapeString(text)
			if !strings.Contains(text, where) || strings.Count(text, "aws_region") != strings.Count(text, where) {
				t.Errorf("%s of %s:\n%s", name, command, text)
			}
		}
	}
}
