package command

import (
	"context"
	"errors"
	"strings"

	"github.com/bitops-engine/bitops/environments/git"
	"github.com/bitops-engine/bitops/schema"
)

// span finds out what a text compares: REF is the checkout with where it left REF, A..B two commits, and A...B the second
// with where it left the first. Committed leaves out what is in no commit yet.
func (r *repository) span(ctx context.Context, g *git.Repository, text string, committed bool) (span, error) {
	s := span{text: text}
	one, other, between := strings.Cut(text, "..")
	sinceFork := strings.HasPrefix(other, ".")
	other = strings.TrimPrefix(other, ".")
	if !between {
		one, sinceFork = text, true
	}
	second, err := r.commit(ctx, g, orHead(other))
	if err != nil {
		return s, err
	}
	first, err := r.commit(ctx, g, orHead(one))
	if err != nil {
		return s, err
	}
	if between || committed {
		s.to = second
	}
	if s.from = first; sinceFork {
		s.from, err = r.forkPoint(ctx, g, first, second, text)
	}
	return s, err
}

func orHead(name string) string {
	if name == "" {
		return "HEAD"
	}
	return name
}

// commit returns the id of the commit that a person named.
func (r *repository) commit(ctx context.Context, g *git.Repository, name string) (string, error) {
	id, err := g.Commit(ctx, name)
	if unknown, _ := errors.AsType[*git.UnknownError](err); unknown == nil {
		return id, err
	}
	p := schema.Errorf(schema.Position{}, "%v", err)
	remote, _ := g.Remote(ctx)
	_, known := g.Commit(ctx, remote+"/"+name)
	switch {
	case name == "HEAD":
		p = schema.Errorf(schema.Position{}, "there is no commit yet").WithHint("git commit makes the first one")
	case strings.HasPrefix(name, "-"):
		p = p.WithHint("no name of a commit begins with a dash")
	case remote != "" && known == nil:
		p = p.WithHint("did you mean %s/%s?", remote, name)
	case remote != "" && g.Shallow:
		p = p.WithHint("this clone has only a part of the history; git fetch %s %s:refs/remotes/%[1]s/%[2]s fetches the branch, then write changed:%[1]s/%[2]s", remote, name)
	default:
		p = p.WithHint("git branch --all and git tag list what there is")
	}
	return "", schema.Problems{p}
}

// deepenings are how many more commits of a history are fetched, step by step; 0 is for all.
var deepenings = []string{"--deepen=50", "--deepen=500", "--unshallow"}

// forkPoint returns the newest commit that two have in their histories. Where a part of the history is missing, it is fetched.
func (r *repository) forkPoint(ctx context.Context, g *git.Repository, one, other, text string) (string, error) {
	base, err := g.MergeBase(ctx, one, other)
	if err != nil || base != "" {
		return base, err
	}
	if !g.Shallow {
		return "", schema.Problems{schema.Errorf(schema.Position{}, "%s and this commit have no history in common", text).
			WithHint("changed:%s..HEAD compares them as they are", text)}
	}
	remote, err := g.Remote(ctx)
	if err != nil {
		return "", err
	}
	for _, deepening := range deepenings {
		if remote == "" {
			break
		}
		if err = g.Fetch(ctx, deepening, remote); err != nil {
			break
		}
		if base, err = g.MergeBase(ctx, one, other); err != nil || base != "" {
			return base, err
		}
	}
	return "", r.historyMissing(text, remote, err)
}

// historyMissing says how to fetch the history that a shallow clone lacks.
func (r *repository) historyMissing(text, remote string, err error) error {
	p := schema.Errorf(schema.Position{}, "this clone has only a part of the history, not where it left %s", text)
	if failed, ok := errors.AsType[*git.Error](err); ok {
		p = schema.Errorf(schema.Position{}, "this clone has only a part of the history, not where it left %s, and the rest cannot be fetched: %s", text, failed.Said)
	}
	if remote == "" {
		remote = "URL"
	}
	return schema.Problems{p.WithHint("git fetch --unshallow %s fetches all of it", remote)}
}
