package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

const (
	actionsFile = "../../docs/ci/github-actions.yml"
	gitlabFile  = "../../docs/ci/gitlab-ci.yml"
	commentFile = "../../docs/ci/comment.sh"
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
