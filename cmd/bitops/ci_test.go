package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"github.com/bitops-engine/bitops/environments/testkit"
)

const (
	actionsFile = "../../docs/ci/github-actions.yml"
	gitlabFile  = "../../docs/ci/gitlab-ci.yml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestActionsPipelineIsValid(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.Lint(actionsFile, read(t, actionsFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// pipeline is what of GitLab's format the file uses; anything else in it is a mistake of ours.
type pipeline struct {
	Stages  []string       `yaml:"stages"`
	Default job            `yaml:"default"`
	Jobs    map[string]job `yaml:",inline"`
}

type job struct {
	Image         string            `yaml:"image"`
	Stage         string            `yaml:"stage"`
	BeforeScript  []string          `yaml:"before_script"`
	Script        []string          `yaml:"script"`
	AfterScript   []string          `yaml:"after_script"`
	Interruptible bool              `yaml:"interruptible"`
	ResourceGroup string            `yaml:"resource_group"`
	Variables     map[string]string `yaml:"variables"`
	Rules         []struct {
		If           string `yaml:"if"`
		When         string `yaml:"when"`
		AllowFailure bool   `yaml:"allow_failure"`
	} `yaml:"rules"`
	Needs []struct {
		Job       string `yaml:"job"`
		Artifacts bool   `yaml:"artifacts"`
	} `yaml:"needs"`
	Artifacts struct {
		When     string            `yaml:"when"`
		Paths    []string          `yaml:"paths"`
		Exclude  []string          `yaml:"exclude"`
		ExpireIn string            `yaml:"expire_in"`
		Reports  map[string]string `yaml:"reports"`
	} `yaml:"artifacts"`
}

func gitlab(t *testing.T) pipeline {
	t.Helper()
	var p pipeline
	decoder := yaml.NewDecoder(bytes.NewReader(read(t, gitlabFile)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGitLabPipelineIsValid(t *testing.T) {
	p := gitlab(t)
	for name, j := range p.Jobs {
		if !slices.Contains(p.Stages, j.Stage) || len(j.Script) == 0 || len(j.Rules) == 0 {
			t.Errorf("%s: stage %q, %d lines, %d rules", name, j.Stage, len(j.Script), len(j.Rules))
		}
		for _, need := range j.Needs {
			if _, ok := p.Jobs[need.Job]; !ok {
				t.Errorf("%s needs %s, which is not there", name, need.Job)
			}
		}
		for _, line := range slices.Concat(j.Script, j.AfterScript, p.Default.BeforeScript) {
			if out, err := exec.Command("bash", "-n", "-c", line).CombinedOutput(); err != nil {
				t.Errorf("%s: %s\n%s", name, line, out)
			}
		}
	}
}

// ciWorld is two checkouts of one repository, for two jobs, and a forge whose answers are files. gh and curl are the
// only things that are not real.
type ciWorld struct {
	dir  string
	env  []string
	jobs int
}

func newCI(t *testing.T) *ciWorld {
	t.Helper()
	testkit.Tool(t, "terraform")
	w := &ciWorld{dir: t.TempDir()}
	origin := filepath.Join(w.dir, "origin")
	if err := copyExample("quickstart", origin); err != nil {
		t.Fatal(err)
	}
	for environment, script := range map[string]string{"backend": "test -z \"$CI_BREAK\"\n", "monitoring": "test -z \"$CI_BREAK_PLAN\"\n"} {
		hooks := filepath.Join(origin, environment, "terraform", "bitops.before-deploy.d")
		if err := os.MkdirAll(hooks, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(hooks, "20-gate.sh"), []byte(script), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(w.dir, "bin")
	for name, script := range map[string]string{
		"gh":   "#!/bin/bash\necho \"gh $*\" >>\"$FORGE/calls\"\ncase \"$*\" in\n  *'run list'*|*'gh api'*|api*) echo 42 ;;\n  'run download'*--name\\ plan*) cp \"$FORGE/plan.bitops\" . ;;\n  'run download'*) cp -r \"$FORGE/store/.\" .bitops ;;\nesac\n",
		"curl": "#!/bin/bash\necho \"curl $*\" >>\"$FORGE/calls\"\ncase \"$*\" in\n  *--upload-file*) cp plan.bitops \"$FORGE/plan.bitops\" ;;\n  *--output*) cp \"$FORGE/plan.bitops\" . ;;\nesac\n",
	} {
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "FORGE="+w.dir, "CI=true", "HOME="+w.dir,
		"GITHUB_OUTPUT="+filepath.Join(w.dir, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(w.dir, "summary"),
		"GITHUB_SHA=abc", "GH_REPO=o/r", "PULL_REQUEST=7", "APPROVE=", "CI_COMMIT_SHA=abc", "CI_API_V4_URL=https://forge/api/v4",
		"CI_PROJECT_ID=1", "CI_MERGE_REQUEST_IID=7", "CI_JOB_TOKEN=x", "BITOPS_COMMENT_TOKEN=x")
	return w
}

// checkout is where a job runs: a fresh copy of the repository.
func (w *ciWorld) checkout(t *testing.T) string {
	t.Helper()
	w.jobs++
	dir := filepath.Join(w.dir, fmt.Sprint("job", w.jobs))
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(w.dir, "origin"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs the lines of a job and returns what they print; they must end with the exit code.
func (w *ciWorld) run(t *testing.T, dir string, lines []string, code int, more ...string) string {
	t.Helper()
	for _, line := range lines {
		if strings.HasPrefix(line, "go install") || strings.Contains(line, "GOPATH") {
			continue
		}
		cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", line)
		cmd.Dir, cmd.Env = dir, append(slices.Clone(w.env), more...)
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code && got != 0 {
			t.Fatalf("%s\nexited with %d (%v), want %d:\n%s", line, got, err, code, out)
		}
		if cmd.ProcessState.ExitCode() != 0 {
			return string(out)
		}
	}
	if code != 0 {
		t.Fatalf("no line of %q exited with %d", lines, code)
	}
	return ""
}

func (w *ciWorld) calls(t *testing.T) string {
	t.Helper()
	return string(read(t, filepath.Join(w.dir, "calls")))
}

// actionsJob returns the shell of a job's steps. A step that runs if an output is there finds out by itself, and is given
// the output as the variable that it takes.
func actionsJob(t *testing.T, name string) []string {
	t.Helper()
	workflow, problems := actionlint.Parse(read(t, actionsFile))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var lines []string
	for _, step := range workflow.Jobs[name].Steps {
		run, ok := step.Exec.(*actionlint.ExecRun)
		if !ok {
			continue
		}
		line := run.Run.Value
		if step.If != nil {
			if output := outputIn.FindStringSubmatch(step.If.Value); output != nil {
				line = fmt.Sprintf("value=$(sed -n 's/^%s=//p' \"$GITHUB_OUTPUT\"); if [ -n \"$value\" ]; then export %s=$value; %s; fi",
					output[1], strings.ToUpper(output[1]), line)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

var outputIn = regexp.MustCompile(`^\$\{\{ steps\.\w+\.outputs\.(\w+) \}\}$`)

// gitlabJob returns the script of a job as GitLab runs it: in one shell, up to the first line that fails.
func gitlabJob(j job) []string { return []string{"set -e\n" + strings.Join(j.Script, "\n")} }

// The pipelines do what their page says: the plan of one job is applied by another, an apply that breaks is resumed by a
// third, and a fourth finds no drift.
func TestPipelinesDeploy(t *testing.T) {
	p := gitlab(t)
	for name, jobs := range map[string]func(job string) []string{
		"GitHub Actions": func(job string) []string { return actionsJob(t, job) },
		"GitLab CI":      func(job string) []string { return gitlabJob(p.Jobs[job]) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newCI(t)
			var github []string
			if name == "GitHub Actions" {
				github = []string{"GITHUB_ACTIONS=true"}
			}
			plan := w.checkout(t)
			w.run(t, plan, jobs("plan"), 0, github...)
			if err := os.Rename(filepath.Join(plan, "plan.bitops"), filepath.Join(w.dir, "plan.bitops")); err != nil {
				t.Fatal(err)
			}
			if comment := string(read(t, filepath.Join(plan, "plan.md"))); !strings.HasPrefix(comment, "### bitops plan") {
				t.Errorf("the comment is %q", comment)
			}
			apply := w.checkout(t)
			w.run(t, apply, jobs("apply"), 1, append(slices.Clone(github), "CI_BREAK=yes")...)
			w.run(t, apply, p.Jobs["apply"].AfterScript, 0, github...)
			if name == "GitHub Actions" {
				if err := os.CopyFS(filepath.Join(w.dir, "store"), os.DirFS(filepath.Join(apply, ".bitops"))); err != nil {
					t.Fatal(err)
				}
			}
			w.run(t, apply, jobs("resume"), 0, github...)
			w.run(t, apply, jobs("drift"), 0, github...)
			if calls := w.calls(t); !strings.Contains(calls, "7") {
				t.Errorf("nobody commented: %s", calls)
			}
			if github != nil && !strings.Contains(string(read(t, filepath.Join(w.dir, "summary"))), "### bitops apply") {
				t.Error("the job has no summary")
			}
		})
	}
}

// A plan of which a part failed is a comment and a file like any other, and a check that failed. Without any file there is
// nothing to comment.
func TestPipelinesKeepAPlanInPart(t *testing.T) {
	p := gitlab(t)
	for name, lines := range map[string][]string{
		"GitHub Actions": actionsJob(t, "plan"),
		"GitLab CI":      gitlabJob(p.Jobs["plan"]),
	} {
		t.Run(name, func(t *testing.T) {
			w := newCI(t)
			dir := w.checkout(t)
			w.run(t, dir, lines, 1, "CI_BREAK_PLAN=yes")
			if comment := string(read(t, filepath.Join(dir, "plan.md"))); !strings.Contains(comment, "**Failed:** <code>monitoring/terraform</code>") {
				t.Errorf("the comment is %q", comment)
			}
			if calls := w.calls(t); !strings.Contains(calls, "7") {
				t.Errorf("nobody commented: %s", calls)
			}
			if name == "GitLab CI" && !strings.Contains(w.calls(t), "--upload-file plan.bitops") {
				t.Error("the file is not kept")
			}
			if _, err := os.Stat(filepath.Join(dir, "plan.bitops")); err != nil {
				t.Error(err)
			}
			broken := w.checkout(t)
			if err := os.WriteFile(filepath.Join(broken, "bitops.config.yaml"), []byte("bitops: 1\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			w.run(t, broken, lines, 65)
			if _, err := os.Stat(filepath.Join(broken, "plan.md")); err == nil {
				t.Error("there is a comment on nothing")
			}
		})
	}
	if when := p.Jobs["plan"].Artifacts.When; when != "always" {
		t.Errorf("GitLab keeps the plan %s", when)
	}
}
