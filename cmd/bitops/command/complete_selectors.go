package command

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// completeSelectors offers selectors, and with directive what the shell knows. most is how many the command takes, 0 for any.
func (g *global) completeSelectors(most int, directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if selection.IsPath(toComplete) {
			return nil, cobra.ShellCompDirectiveDefault
		}
		suggest := func(context.Context) []cobra.Completion { return g.selectors(toComplete) }
		return g.complete(most, suggest, directive)(cmd, args, toComplete)
	}
}

// selectors returns the selectors that begin as a person has begun to write one, simple ones first. They go on with the part
// behind the last & and its signs.
func (g *global) selectors(begun string) []cobra.Completion {
	head, part := selection.LastPart(begun)
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
