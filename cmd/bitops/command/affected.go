package command

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments/git"
	"github.com/bitops-engine/bitops/schema"
)

// pipelineBase stands for the base of a pipeline's change, where a commit is named. No commit can be called so.
const pipelineBase = "the base of this change"

// commitID is the full id of a commit, of SHA-1 or SHA-256.
var commitID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// changeBase is where a pipeline says that its change begins. The zero value says that no pipeline does.
type changeBase struct {
	commit string // that the change is compared with as it is
	branch string // or a branch that it left
	source string // who says so
	merged string // the tip of what was merged into the branch to make what is checked out, or ""
}

// pipelineSpan finds out what --affected compares: what is checked out with the base that the pipeline says. Where none says
// one, it is where this branch left the default branch.
func (r *repository) pipelineSpan(ctx context.Context, g *git.Repository, _ string, committed bool) (s span, err error) {
	base, err := r.changeBase()
	if err != nil {
		return s, err
	}
	head, err := r.commit(ctx, g, "HEAD")
	if err != nil {
		return s, err
	}
	if committed {
		s.to = head
	}
	if base.merged != "" {
		if parents, err := g.Parents(ctx, head); err == nil && len(parents) == 2 && parents[1] == base.merged {
			base.commit = parents[0]
		}
	}
	if base.commit != "" {
		s.from, err = r.fetched(ctx, g, base.commit)
		s.text = short(base.commit)
	} else {
		s, err = r.sinceBranch(ctx, g, base, head, s)
	}
	if err == nil {
		r.say("bitops: compared with %s, %s", s.text, base.source)
	}
	return s, err
}

// sinceBranch compares with where the history of head left a branch: the one that is given, or the default one.
func (r *repository) sinceBranch(ctx context.Context, g *git.Repository, base changeBase, head string, s span) (span, error) {
	remote, err := g.Remote(ctx)
	if err != nil || remote == "" {
		remote = "origin"
	}
	names := []string{remote + "/HEAD", remote + "/main", remote + "/master", "main", "master"}
	if base.branch != "" {
		names = []string{remote + "/" + base.branch, base.branch}
	}
	for _, name := range names {
		if _, err := g.Commit(ctx, name); err == nil {
			return r.sinceFork(ctx, g, base, name, head, s)
		}
	}
	if base.branch == "" {
		return s, schema.Problems{schema.Errorf(schema.Position{}, "--affected: there is no branch main or master, and no %s/HEAD, to compare with", remote).
			WithHint("--changed=REF names a commit or branch")}
	}
	branch := fmt.Sprintf("+refs/heads/%s:refs/remotes/%s/%[1]s", base.branch, remote)
	if err := g.FetchPart(ctx, 50, remote, branch); err != nil {
		return s, schema.Problems{schema.Errorf(schema.Position{}, "branch %s, %s, is not here and cannot be fetched: %v", base.branch, base.source, err).
			WithHint("git fetch %s %s fetches it", remote, branch)}
	}
	return r.sinceFork(ctx, g, base, remote+"/"+base.branch, head, s)
}

// sinceFork compares with where the history of head left a branch that is here. Where a change is expected and head is a part
// of the branch, that is an error: nothing would ever differ.
func (r *repository) sinceFork(ctx context.Context, g *git.Repository, base changeBase, name, head string, s span) (_ span, err error) {
	if s.from, err = r.forkPoint(ctx, g, name, head, name); err != nil {
		return s, err
	}
	s.text = fmt.Sprintf("%s (%s)", name, short(s.from))
	if s.from == head && (base.branch == "" && r.inPipeline() || base.merged != "") {
		return s, schema.Problems{schema.Errorf(schema.Position{}, "--affected: %s, and what is checked out is a part of it, so nothing would ever differ", base.source).
			WithHint("--changed=REF names what to compare with; without such a flag the command is about everything")}
	}
	return s, nil
}

// fetched returns the id of a commit. One that is missing is fetched, in a shallow clone without its history. What is no id is
// refused: git fetch would take it for an option, which can run a program, or for a branch to write.
func (r *repository) fetched(ctx context.Context, g *git.Repository, id string) (string, error) {
	if known, err := g.Commit(ctx, id); err == nil {
		return known, nil
	}
	if !commitID.MatchString(id) {
		return "", schema.Problems{schema.Errorf(schema.Position{}, "the base of this change, %q, is no id of a commit", id).
			WithHint("--changed=REF names what to compare with; without such a flag the command is about everything")}
	}
	remote, err := g.Remote(ctx)
	if err != nil {
		return "", err
	}
	if remote != "" {
		if err = g.FetchPart(ctx, 1, remote, id); err == nil {
			return g.Commit(ctx, id)
		}
	}
	p := schema.Errorf(schema.Position{}, "the base of this change, commit %s, is not in this clone", short(id))
	if err != nil {
		p = schema.Errorf(schema.Position{}, "the base of this change, commit %s, is not in this clone and cannot be fetched: %v", short(id), err)
	}
	if remote == "" {
		remote = "origin"
	}
	return "", schema.Problems{p.WithHint("git fetch --depth=1 %s %s fetches it; without --affected the command is about everything", remote, id)}
}

func (r *repository) inPipeline() bool {
	ci := r.variable("CI")
	return ci != "" && ci != "false"
}

func short(id string) string { return id[:min(len(id), 12)] }

// changeBase asks the variables of pipelines.
func (r *repository) changeBase() (changeBase, error) {
	switch {
	case r.variable("GITHUB_ACTIONS") == "true":
		return r.githubBase()
	case r.variable("GITLAB_CI") == "true":
		return r.gitlabBase()
	}
	return changeBase{source: "where this branch left the default branch"}, nil
}

// githubEvent is what GitHub tells a workflow of what started it.
type githubEvent struct {
	Before      string `json:"before"`
	Ref         string `json:"ref"`
	PullRequest *struct {
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
	} `json:"merge_group"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
}

func (r *repository) githubBase() (changeBase, error) {
	name := r.variable("GITHUB_EVENT_NAME")
	var event githubEvent
	text, err := os.ReadFile(filepath.Clean(r.variable("GITHUB_EVENT_PATH")))
	if err == nil {
		err = json.Unmarshal(text, &event)
	}
	branch := r.variable("GITHUB_BASE_REF")
	switch {
	case err != nil && branch == "":
		return changeBase{}, fmt.Errorf("GITHUB_EVENT_PATH names no event that can be read: %w", err)
	case event.PullRequest != nil:
		if branch == "" {
			branch = event.PullRequest.Base.Ref
		}
		return changeBase{branch: branch, merged: event.PullRequest.Head.SHA, source: "the base of the pull request"}, nil
	case branch != "":
		return changeBase{branch: branch, source: "the base of the pull request"}, nil
	case event.MergeGroup != nil && event.MergeGroup.BaseSHA != "":
		return changeBase{commit: event.MergeGroup.BaseSHA, source: "the base of the merge group"}, nil
	case !zeros(event.Before):
		return changeBase{commit: event.Before, source: "what the branch was before the push"}, nil
	case name == "push" && strings.HasPrefix(event.Ref, "refs/heads/") && event.Ref != "refs/heads/"+event.Repository.DefaultBranch:
		return changeBase{branch: event.Repository.DefaultBranch, source: "where the new branch left the default branch"}, nil
	}
	return changeBase{}, noBase("the event " + name)
}

func (r *repository) gitlabBase() (changeBase, error) {
	if target := r.variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"); target != "" {
		return changeBase{commit: target, source: "the target of the merge request"}, nil
	}
	if base := r.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"); base != "" {
		return changeBase{commit: base, source: "the base of the merge request"}, nil
	}
	before, source := r.variable("CI_COMMIT_BEFORE_SHA"), r.variable("CI_PIPELINE_SOURCE")
	switch {
	case r.variable("CI_COMMIT_TAG") != "":
		return changeBase{}, noBase("a pipeline of a tag")
	case source != "push", zeros(before) && r.variable("CI_COMMIT_BRANCH") == r.variable("CI_DEFAULT_BRANCH"):
		return changeBase{}, noBase("a pipeline of the kind " + source)
	case !zeros(before):
		return changeBase{commit: before, source: "what the branch was before the push"}, nil
	}
	return changeBase{branch: r.variable("CI_DEFAULT_BRANCH"), source: "where the new branch left the default branch"}, nil
}

// noBase says that a pipeline runs for no change.
func noBase(what string) error {
	return schema.Problems{schema.Errorf(schema.Position{}, "--affected: %s has no base to compare with", what).
		WithHint("--changed=REF names one; without such a flag the command is about everything")}
}

func zeros(id string) bool { return strings.Trim(id, "0") == "" }
