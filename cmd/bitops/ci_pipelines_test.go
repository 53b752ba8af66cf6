package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onEachForge runs a test of the pipelines of GitHub Actions and of GitLab CI.
func onEachForge(t *testing.T, test func(t *testing.T, w *ciWorld, job func(string) []ciStep)) {
	t.Helper()
	t.Run("GitHub Actions", func(t *testing.T) {
		test(t, newCI(t, "GITHUB_ACTIONS=true"), func(name string) []ciStep { return actionsJob(t, name) })
	})
	t.Run("GitLab CI", func(t *testing.T) {
		p := gitlab(t)
		test(t, newCI(t, "GITLAB_CI=true"), func(name string) []ciStep { return gitlabJob(p.Jobs[name]) })
	})
}

// comment returns the one comment that there is under a name.
func (w *ciWorld) comment(t *testing.T, name string) string {
	t.Helper()
	all := w.ours(name)
	if len(all) != 1 {
		t.Fatalf("there are %d comments called %s: %q", len(all), name, all)
	}
	return all[0]
}

// The pipelines do what their page says: the plan of one job is applied by another, an apply that breaks is resumed by a
// third, and a fourth finds no drift. Each request has one comment on its plan and one on what became of it.
func TestPipelinesDeploy(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		w.run(t, w.checkout(t), job("plan"), 0)
		first := w.comment(t, "plan")
		w.run(t, w.checkout(t), job("plan"), 0)
		comment := w.comment(t, "plan")
		if w.written != 1 || w.replaced != 1 || comment == first {
			t.Errorf("after two plans, %d comments were written and %d replaced", w.written, w.replaced)
		}
		if !strings.HasPrefix(comment, "### bitops plan") || !strings.Contains(comment, "[The plan as a page](https://git") {
			t.Errorf("the comment is %q", comment)
		}
		apply := w.checkout(t)
		w.run(t, apply, job("apply"), 1, "CI_BREAK=yes")
		if comment := w.comment(t, "apply"); !strings.Contains(comment, "**Failed:** <code>backend/terraform</code>") {
			t.Errorf("the comment is %q", comment)
		}
		if _, err := os.Stat(filepath.Join(apply, "bitops-report.xml")); err != nil {
			t.Error(err)
		}
		w.run(t, apply, job("resume"), 0)
		w.run(t, apply, job("drift"), 0)
		if summary, err := os.ReadFile(w.path("summary")); job("plan")[0].id != "" && (err != nil || !strings.Contains(string(summary), "### bitops apply")) {
			t.Errorf("the job has no summary: %q, %v", summary, err)
		}
	})
}

// A plan of which a part failed is a comment and a file like any other, and a check that failed. Without any file, the comment does
// not go on showing an earlier plan.
func TestPipelinesTellOfAPlanInPart(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		dir := w.checkout(t)
		w.run(t, dir, job("plan"), 1, "CI_BREAK_PLAN=yes")
		if comment := w.comment(t, "plan"); !strings.Contains(comment, "**Failed:** <code>monitoring/terraform</code>") {
			t.Errorf("the comment is %q", comment)
		}
		if len(w.packages) == 0 && len(w.kept(t, "plan")) == 0 {
			t.Error("the file is not kept")
		}
		broken := w.checkout(t)
		if err := os.WriteFile(filepath.Join(broken, "bitops.config.yaml"), []byte("bitops: 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		w.run(t, broken, job("plan"), 65)
		if comment := w.comment(t, "plan"); !strings.Contains(comment, "**There is no plan** (exit code 65)") {
			t.Errorf("the comment is %q", comment)
		}
	})
	if when := gitlab(t).Jobs["plan"].Artifacts.When; when != "always" {
		t.Errorf("GitLab keeps the plan %s", when)
	}
}

// kept returns the names of the files that a job has uploaded.
func (w *ciWorld) kept(t *testing.T, artifact string) []string {
	t.Helper()
	files, err := filepath.Glob(w.path("artifacts/" + artifact + "/*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What waits for a person, and a plan that does not fit any more, are told where the request was discussed, and the jobs fail.
func TestPipelinesTellWhatWasNotApplied(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		manifest := strings.Replace(string(read(t, w.path("origin/bitops.config.yaml"))), "    network:\n", "    network:\n      approval: true\n", 1)
		w.write(t, "origin/bitops.config.yaml", manifest, 0o644)
		w.run(t, w.checkout(t), job("plan"), 0)
		w.run(t, w.checkout(t), job("apply"), 3)
		if comment := w.comment(t, "apply"); !strings.Contains(comment, "**Held:** <code>network/terraform</code>") {
			t.Errorf("the comment is %q", comment)
		}
		w.write(t, "origin/network/terraform/more.tf", "locals { more = 1 }\n", 0o644)
		w.run(t, w.checkout(t), job("apply"), 66)
		if comment := w.comment(t, "apply"); !strings.Contains(comment, "**Nothing was applied** (exit code 66)") {
			t.Errorf("the comment is %q", comment)
		}
	})
}

// In a store that others share, an apply that fails before it has a run is not told with the last run of another job.
func TestPipelinesTellOfNoOtherRun(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		w.env = append(w.env, "BITOPS_STORE="+w.path("store"))
		if err := os.Mkdir(w.path("store"), 0o755); err != nil {
			t.Fatal(err)
		}
		w.run(t, w.checkout(t), job("plan"), 0)
		w.run(t, w.checkout(t), job("apply"), 0)
		if comment := w.comment(t, "apply"); !strings.Contains(comment, "4 environments deployed") {
			t.Errorf("the comment is %q", comment)
		}
		w.write(t, "origin/network/terraform/more.tf", "resource \"terraform_data\" \"more\" {}\n", 0o644)
		w.run(t, w.checkout(t), job("plan"), 0)
		if err := os.RemoveAll(w.path("store/locks")); err != nil {
			t.Fatal(err)
		}
		w.write(t, "store/locks", "", 0o644)
		printed := w.run(t, w.checkout(t), job("apply"), 1)
		if comment := w.comment(t, "apply"); !strings.Contains(comment, "**Nothing was applied** (exit code 1)") {
			t.Errorf("the comment is %q after:\n%s", comment, printed)
		}
	})
}

// Where there is no plan to fetch, the comment says that nothing was applied, and shows no other run.
func TestGitLabPipelineTellsThatThereIsNoPlan(t *testing.T) {
	w := newCI(t, "GITLAB_CI=true")
	const notFound = 22 // as curl says it
	w.run(t, w.checkout(t), gitlabJob(gitlab(t).Jobs["apply"]), notFound)
	if comment := w.comment(t, "apply"); !strings.Contains(comment, "**Nothing was applied.** There is no plan of this commit.") {
		t.Errorf("the comment is %q", comment)
	}
}

// A large plan is still a comment that the forge takes, and values that the manifest keeps out of comments are in none, nor on the page.
func TestPipelinesCommentOnALargePlan(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		w.write(t, "origin/bitops.config.yaml", "bitops: {environments: {large: {}}, review: {values: none}}\n", 0o644)
		w.write(t, "origin/large/terraform/main.tf", `resource "terraform_data" "many" {
  count = 900
  input = { text = "a value: c4n4ry ${count.index} ${join(" ", [for i in range(40) : "more and more"])}" }
}
`, 0o644)
		dir := w.checkout(t)
		w.run(t, dir, job("plan"), 0)
		comment, page := w.comment(t, "plan"), string(read(t, filepath.Join(dir, "plan.html")))
		if len(comment) < 5_000 || !strings.Contains(comment, "900 to add") {
			t.Errorf("the comment is %q", comment)
		}
		if strings.Contains(comment, "c4n4ry") || strings.Contains(page, "c4n4ry") {
			t.Error("a value is where the manifest keeps it out")
		}
	})
}
