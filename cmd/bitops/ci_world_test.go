package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"

	"github.com/bitops-engine/bitops/environments/testkit"
)

// ciWorld is a repository with checkouts for jobs, and a forge. Of the programs, gh alone is not real: it hands over what jobs
// have uploaded.
type ciWorld struct {
	*forge
	dir  string
	env  []string
	jobs int
}

// newCI returns a world whose repository is the quickstart, with two hooks that a job can make fail.
func newCI(t *testing.T, more ...string) *ciWorld {
	t.Helper()
	for _, tool := range []string{"terraform", "git", "jq", "curl"} {
		testkit.Tool(t, tool)
	}
	w := &ciWorld{forge: newForge(t), dir: t.TempDir()}
	w.write(t, "origin/README.md", "Nothing is here yet.\n", 0o644)
	w.git(t, "init", "-q", "-b", "main")
	w.git(t, "add", "--all")
	w.git(t, "commit", "-q", "-m", "begin")
	if err := copyExample("quickstart", w.path("origin")); err != nil {
		t.Fatal(err)
	}
	for environment, script := range map[string]string{"backend": "test -z \"$CI_BREAK\"\n", "monitoring": "test -z \"$CI_BREAK_PLAN\"\n"} {
		w.write(t, "origin/"+environment+"/terraform/bitops.before-deploy.d/20-gate.sh", script, 0o644)
	}
	w.write(t, "origin/.ci/comment.sh", string(read(t, commentFile)), 0o755)
	w.write(t, "bin/gh", `#!/bin/bash
case "$*" in
  *head.sha*) echo abc ;;
  *number*) echo 7 ;;
  'run list'*|api*) echo 42 ;;
  'run download'*'--name plan') cp "$FORGE/artifacts/plan/"* . ;;
  'run download'*) mkdir -p .bitops && cp -r "$FORGE/artifacts/bitops-store/." .bitops ;;
  *) exit 1 ;;
esac
`, 0o755)
	w.env = append(os.Environ(), "PATH="+w.path("bin")+":"+os.Getenv("PATH"), "FORGE="+w.dir, "CI=true", "HOME="+w.dir,
		"GITHUB_STEP_SUMMARY="+w.path("summary"), "GITHUB_SHA=abc", "GH_REPO=o/r", "GITHUB_REPOSITORY=o/r", "GITHUB_API_URL="+w.URL, "GH_TOKEN=gh-token",
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_ID=42",
		"CI_COMMIT_SHA=abc", "CI_API_V4_URL="+w.URL+"/api/v4", "CI_PROJECT_ID=1", "CI_MERGE_REQUEST_IID=7", "CI_JOB_URL=https://gitlab/o/r/-/jobs/42",
		"CI_JOB_TOKEN=job-token", "BITOPS_COMMENT_TOKEN=lab-token", "APPROVE=")
	w.env = append(w.env, "GITHUB_EVENT_NAME=pull_request", "GITHUB_BASE_REF=main", "GITHUB_EVENT_PATH="+w.path("event.json"),
		"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA="+w.git(t, "rev-parse", "main"))
	w.env = append(w.env, more...)
	return w
}

func (w *ciWorld) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *ciWorld) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// checkout returns the directory of a new job: a fresh clone of what the request's branch makes of the main branch, with the history
// that the forge gives it.
func (w *ciWorld) checkout(t *testing.T) string {
	t.Helper()
	w.jobs++
	w.git(t, "checkout", "-q", "-B", "work")
	w.git(t, "add", "--all")
	w.git(t, "commit", "-q", "--allow-empty", "-m", "work")
	head := w.git(t, "rev-parse", "HEAD")
	w.git(t, "checkout", "-q", "-B", "pull", "main")
	w.git(t, "merge", "-q", "--no-ff", "-m", "merge", "work")
	w.write(t, "event.json", `{"pull_request": {"base": {"ref": "main"}, "head": {"sha": "`+head+`"}}}`, 0o644)
	dir := w.path(fmt.Sprint("job", w.jobs))
	w.git(t, "clone", "-q", "--depth=2", "--branch=pull", "file://"+w.path("origin"), dir)
	w.git(t, "checkout", "-q", "work")
	return dir
}

// git runs git in the repository and returns what it prints.
func (w *ciWorld) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.path("origin")
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// merged makes what the request's branch has now that of the main branch.
func (w *ciWorld) merged(t *testing.T) {
	t.Helper()
	w.checkout(t)
	w.git(t, "branch", "-f", "main", "work")
	w.env = append(w.env, "CI_MERGE_REQUEST_DIFF_BASE_SHA="+w.git(t, "rev-parse", "main"))
}

// ciStep is a part of a job: a script, or files that it keeps.
type ciStep struct {
	id, condition, script string
	env                   map[string]string // values are expressions
	artifact, files       string            // its name, and the first line of its path
}

// run runs a job, which must end with the exit code, and returns what it prints. After a failure only those steps run that always do.
func (w *ciWorld) run(t *testing.T, dir string, job []ciStep, code int, more ...string) string {
	t.Helper()
	outputs := map[string]string{}
	ended, printed := 0, ""
	for i, step := range job {
		if !holds(t, step.condition, outputs, ended != 0) {
			continue
		}
		if step.artifact != "" {
			w.upload(t, dir, step)
			outputs["steps."+step.id+".outputs.artifact-url"] = "https://github.com/o/r/actions/runs/42/artifacts/1"
			continue
		}
		file := filepath.Join(w.dir, fmt.Sprintf("output-%d-%d", w.jobs, i))
		cmd := exec.Command("bash", "-e", "-c", step.script)
		cmd.Dir, cmd.Env = dir, append(append(slices.Clone(w.env), more...), "GITHUB_OUTPUT="+file)
		for name, value := range step.env {
			cmd.Env = append(cmd.Env, name+"="+expanded(t, value, outputs))
		}
		out, err := cmd.CombinedOutput()
		printed += string(out)
		if err != nil && ended == 0 {
			ended = cmd.ProcessState.ExitCode()
		} else if err != nil {
			t.Errorf("a step that always runs failed: %v\n%s", err, out)
		}
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			outputs["steps."+step.id+".outputs."+name] = value
		}
	}
	if ended != code {
		t.Fatalf("the job ended with %d, want %d:\n%s", ended, code, printed)
	}
	return printed
}

// holds reports whether a step with that condition runs.
func holds(t *testing.T, condition string, outputs map[string]string, failed bool) bool {
	t.Helper()
	if failed && !strings.Contains(condition, "always()") {
		return false
	}
	return condition == "" || expanded(t, condition, outputs) != ""
}

var expression = regexp.MustCompile(`\$\{\{ (.*?) \}\}`)

// expanded returns a text with the values of its expressions. Of a chain of && it is the last one, or nothing if one is nothing.
func expanded(t *testing.T, text string, outputs map[string]string) string {
	t.Helper()
	return expression.ReplaceAllStringFunc(text, func(found string) string {
		value := ""
		for part := range strings.SplitSeq(expression.FindStringSubmatch(found)[1], " && ") {
			switch {
			case part == "always()":
				value = "true"
			case part == "github.event.pull_request.number":
				value = "7"
			case part == "inputs.approve":
				value = os.Getenv("CI_APPROVE")
			case strings.HasPrefix(part, "steps."):
				value = outputs[part]
			default:
				t.Fatalf("the test does not know what %q is", part)
			}
			if value == "" {
				break
			}
		}
		return value
	})
}

// upload keeps what a step of actions/upload-artifact names: a file, or the content of a directory.
func (w *ciWorld) upload(t *testing.T, dir string, step ciStep) {
	t.Helper()
	from, to := filepath.Join(dir, step.files), w.path("artifacts/"+step.artifact)
	_ = os.RemoveAll(to)
	info, err := os.Stat(from)
	switch {
	case err != nil:
		t.Errorf("nothing is uploaded as %s: %v", step.artifact, err)
	case info.IsDir():
		err = os.CopyFS(to, os.DirFS(from))
	default:
		if err = os.MkdirAll(to, 0o755); err == nil {
			err = os.Link(from, filepath.Join(to, info.Name()))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// actionsJob returns the steps of a job of GitHub Actions. What prepares the machine is left out.
func actionsJob(t *testing.T, name string) []ciStep {
	t.Helper()
	workflow, problems := actionlint.Parse(read(t, actionsFile))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var steps []ciStep
	for _, s := range workflow.Jobs[name].Steps {
		step := ciStep{env: map[string]string{}}
		if s.ID != nil {
			step.id = s.ID.Value
		}
		if s.If != nil {
			step.condition = s.If.Value
		}
		if s.Env != nil {
			for _, v := range s.Env.Vars {
				step.env[v.Name.Value] = v.Value.Value
			}
		}
		switch exec := s.Exec.(type) {
		case *actionlint.ExecRun:
			if step.script = exec.Run.Value; strings.HasPrefix(step.script, "go install") {
				continue
			}
		case *actionlint.ExecAction:
			if !strings.HasPrefix(exec.Uses.Value, "actions/upload-artifact@") {
				continue
			}
			step.artifact = exec.Inputs["name"].Value.Value
			step.files, _, _ = strings.Cut(exec.Inputs["path"].Value.Value, "\n")
		}
		steps = append(steps, step)
	}
	return steps
}

// gitlabJob returns a job as GitLab runs it: its script in one shell, and what comes after it in another one, whatever became of it.
func gitlabJob(j job) []ciStep {
	steps := []ciStep{{script: strings.Join(j.Script, "\n")}}
	after := slices.DeleteFunc(slices.Clone(j.AfterScript), func(line string) bool { return strings.Contains(line, "GOPATH") })
	if len(after) > 0 {
		steps = append(steps, ciStep{condition: "${{ always() }}", script: strings.Join(after, "\n")})
	}
	return steps
}
