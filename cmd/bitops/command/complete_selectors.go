package command

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments/git"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// completeSelectors offers selectors, and with directive what the shell knows. most is how many the command takes, 0 for any.
func (g *global) completeSelectors(most int, directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if selection.IsPath(toComplete) {
			return nil, cobra.ShellCompDirectiveDefault
		}
		if _, part := selection.LastPart(toComplete); strings.HasPrefix(part, readsKind) {
			directive |= cobra.ShellCompDirectiveNoSpace // more of the path may follow
		}
		suggest := func(ctx context.Context) []cobra.Completion { return g.selectors(ctx, toComplete) }
		return g.complete(most, suggest, directive)(cmd, args, toComplete)
	}
}

// selectors returns the selectors that begin as a person has begun to write one, simple ones first. They complete the part
// behind the last & and its signs.
func (g *global) selectors(ctx context.Context, begun string) []cobra.Completion {
	head, part := selection.LastPart(begun)
	for kind, words := range map[string]func(context.Context, string) []string{changedKind: g.refsHere, readsKind: g.filesHere} {
		if rest, ok := strings.CutPrefix(part, kind); ok {
			return beginning(head+kind, rest, words(ctx, rest))
		}
	}
	words := vocabularyOf(g.stepsHere())
	if slices.Contains(words.environments, part) {
		words.environments = append(words.environments, part+"+")
	}
	return words.suggestions(head, part)
}

// vocabulary is what selectors of a repository can name, each sorted as the manifest is, or by name.
type vocabulary struct {
	environments, steps, tags, tools, directories []string
}

func vocabularyOf(steps []schema.Step) vocabulary {
	var v vocabulary
	seen := map[[2]string]bool{}
	put := func(to *[]string, kind, word string) {
		if !seen[[2]string{kind, word}] {
			seen[[2]string{kind, word}] = true
			*to = append(*to, word)
		}
	}
	for i := range steps {
		step := &steps[i]
		put(&v.environments, "environment", string(step.Environment))
		put(&v.steps, "step", string(step.Name))
		put(&v.tools, "tool", string(step.Tool))
		for _, tag := range step.Tags {
			put(&v.tags, "tag", tag)
		}
		for dir := step.EnvironmentPath; dir != "."; dir = path.Dir(dir) {
			put(&v.directories, "directory", dir)
		}
	}
	slices.Sort(v.tags)
	slices.Sort(v.tools)
	slices.Sort(v.directories)
	return v
}

// suggestions returns what a part of a selector can be, behind its head. Steps and directories, which are many, are offered to who
// has begun to write one.
func (v vocabulary) suggestions(head, part string) []cobra.Completion {
	var all []cobra.Completion
	add := func(kind, description string, words []string) {
		for _, word := range words {
			if strings.HasPrefix(kind+word, part) {
				all = append(all, cobra.CompletionWithDesc(head+kind+word, description))
			}
		}
	}
	add("", "environment", v.environments)
	if part != "" {
		add("", "step", v.steps)
	}
	states := selection.States
	if slices.Contains(states, part) {
		states = append(slices.Clip(states), part+"+")
	}
	add("", "state", states)
	add("tag:", "tag", v.tags)
	add("tool:", "tool", v.tools)
	for kind, words := range map[string][]string{"is:": selection.States, "env:": v.environments, "step:": v.steps, "path:": v.directories} {
		if strings.HasPrefix(part, kind) {
			add(kind, strings.TrimSuffix(kind, ":"), words)
		}
	}
	return all
}

const (
	changedKind = "changed:"
	readsKind   = "reads:"
)

// beginning returns the words that begin as a person has begun to write one, behind a head.
func beginning(head, begun string, words []string) []cobra.Completion {
	var all []cobra.Completion
	for _, word := range words {
		if strings.HasPrefix(word, begun) {
			all = append(all, head+word)
		}
	}
	return all
}

// refsHere returns the branches and tags of the repository.
func (g *global) refsHere(ctx context.Context, _ string) []string {
	r, _, err := g.open()
	if err != nil {
		return nil
	}
	repository, err := git.Open(ctx, r.Runner, r.Environ, r.root)
	if err != nil {
		return nil
	}
	names, _ := repository.Names(ctx)
	return names
}

// filesHere returns the files and directories beside the one that a person has begun to write, relative to the repository.
// Names of directories end in a slash.
func (g *global) filesHere(_ context.Context, begun string) []string {
	r, _, err := g.open()
	if err != nil {
		return nil
	}
	in, _ := path.Split(begun)
	entries, _ := os.ReadDir(filepath.Join(r.root, filepath.FromSlash(in)))
	var names []string
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == ".git" || name == ".bitops":
		case entry.IsDir():
			names = append(names, in+name+"/")
		default:
			names = append(names, in+name)
		}
	}
	return names
}
