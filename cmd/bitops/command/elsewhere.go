package command

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// summaryLimit is how much GitHub Actions shows of a step's summary, in bytes
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits).
const summaryLimit = 1 << 20

// reportElsewhere writes what a run came to where people look who do not see the screen: a page in the run's directory,
// and in GitHub Actions the summary of the job. None of it is worth a failure.
func (s *session) reportElsewhere(report *schema.Report, dir string) {
	var page bytes.Buffer
	err := view.HTML(&page, report)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "report.html"), page.Bytes(), 0o644)
	}
	if err == nil && s.ci() == view.GitHub && s.variable("GITHUB_STEP_SUMMARY") != "" {
		err = appendSummary(s.variable("GITHUB_STEP_SUMMARY"), report, s.origin())
	}
	if err != nil {
		s.say("bitops: warning: the report was not written: %v", err)
	}
}

// origin says where the report of this run is from. In GitHub Actions, the commit that is checked out can be one of a merge that
// nobody sees; the variable says which one was pushed.
func (s *session) origin() view.Origin {
	from := view.Origin{Revision: s.variable("GITHUB_SHA")}
	if s.planSaved {
		from.Apply = s.applies(s.out)
	}
	return from
}

// jobLink returns the address of the CI job that bitops runs in, where what it uploads can be found; "" elsewhere.
func (g *global) jobLink() string {
	switch g.ci() {
	case view.GitHub:
		server, repository, run := g.variable("GITHUB_SERVER_URL"), g.variable("GITHUB_REPOSITORY"), g.variable("GITHUB_RUN_ID")
		if server != "" && repository != "" && run != "" {
			return server + "/" + repository + "/actions/runs/" + run + "#artifacts"
		}
	case view.GitLab:
		if job := g.variable("CI_JOB_URL"); job != "" {
			return job + "/artifacts/browse"
		}
	case view.NoCI:
	}
	return ""
}

// appendSummary adds a report to the job's summary, as far as there is room.
func appendSummary(name string, report *schema.Report, from view.Origin) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	left := summaryLimit - int(info.Size())
	if left < 1000 {
		return nil
	}
	return view.Markdown(f, report, min(left, 4*view.CommentLimit), from)
}
