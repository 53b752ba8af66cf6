package command

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// tellUnknown says what nobody can read from the files of a repository that has just been given a manifest, and where a
// person may find it.
func (g *global) tellUnknown(m *schema.Manifest, environments int, warnings schema.Problems) error {
	_, plan, err := g.plan(planner.Options{Command: schema.CommandPlan})
	if problems, wrong := errors.AsType[schema.Problems](err); wrong {
		warnings = append(warnings, problems...)
	} else if err != nil {
		return err
	}
	if len(warnings) > 0 {
		if err := view.Problems(g.Err, warnings, g.colors(g.Err), ""); err != nil {
			return err
		}
	}
	notes := slices.Concat(g.actionNotes(m.Root, plan), g.departureNotes(m.Root, plan), pluginNotes(m))
	if environments > 1 {
		notes = append(orderNotes(m.Root, plan), notes...)
	}
	if len(notes) > 0 {
		fmt.Fprint(g.Out, "\nWhat the files do not say:\n\n")
	}
	for _, note := range notes {
		fmt.Fprintf(g.Out, "  - %s\n", strings.ReplaceAll(note, "\n", "\n    "))
	}
	fmt.Fprint(g.Out, "\nLook at it with `bitops graph`, check it with `bitops validate`, and preview it with `bitops plan`.\n")
	return nil
}

// orderNotes are about what depends on what.
func orderNotes(root string, plan *schema.Plan) []string {
	note := "Which environment needs which: write it as depends_on."
	if jobs := filesNaming(root, "bitops", pipelines...); len(jobs) > 0 {
		note += "\nUntil now the order was that of these jobs: " + strings.Join(jobs, ", ") + "."
	}
	if plan == nil {
		return []string{note}
	}
	var readers []string
	for i := range plan.Steps {
		readers = append(readers, filesNaming(root, "terraform_remote_state", plan.Steps[i].Directory()+"/*.tf")...)
	}
	if len(readers) > 0 {
		note += "\nThese read the state of another one: " + strings.Join(readers, ", ") +
			".\nAn output that reaches a variable of the same name can take the place of that."
	}
	return []string{note}
}

// pipelines are the files in which systems for continuous integration keep their jobs.
var pipelines = []string{
	".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", ".circleci/config.yml",
	"bitbucket-pipelines.yml", "azure-pipelines.yml", "Jenkinsfile",
}

// filesNaming returns the files, relative to root, in which a word stands, in any case.
func filesNaming(root, word string, patterns ...string) []string {
	var found []string
	for _, pattern := range patterns {
		files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern))) // the patterns are good
		for _, file := range files {
			text, err := schema.ReadFile(file)
			if err != nil || !bytes.Contains(bytes.ToLower(text), []byte(word)) {
				continue
			}
			if name, err := filepath.Rel(root, file); err == nil {
				found = append(found, filepath.ToSlash(name))
			}
		}
	}
	return found
}

// actionNotes are about steps with which apply does something else than BitOps did.
func (g *global) actionNotes(root string, plan *schema.Plan) []string {
	if plan == nil {
		return nil
	}
	says := map[schema.Command][]string{}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		for _, tool := range g.Tools {
			if tool.Name() != step.Tool {
				continue
			}
			if command, err := environments.Says(tool, root, step); err == nil { // what is wrong, validate tells
				says[command] = append(says[command], string(step.Name))
			}
		}
	}
	var notes []string
	if steps := says[schema.CommandPlan]; len(steps) > 0 {
		notes = append(notes, "Whether these should be applied: "+strings.Join(steps, ", ")+
			".\nBitOps only planned them. `bitops apply` applies them, unless their configuration says `plan`.")
	}
	if steps := says[schema.CommandDestroy]; len(steps) > 0 {
		notes = append(notes, "Whether these are still wanted: "+strings.Join(steps, ", ")+
			".\nTheir configuration says to remove them, and `bitops apply` does.")
	}
	return notes
}

// departureNotes are about keys of the tools' configuration that BitOps did not obey.
func (g *global) departureNotes(root string, plan *schema.Plan) []string {
	if plan == nil {
		return nil
	}
	var notes []string
	places := map[string][]string{}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		for _, tool := range g.Tools {
			departing, ok := tool.(environments.Departing)
			if !ok || tool.Name() != step.Tool {
				continue
			}
			for _, d := range departing.Departures(schema.Directory{Root: root, Name: step.Directory()}) {
				if places[d.What] == nil {
					notes = append(notes, d.What)
				}
				if !slices.Contains(places[d.What], d.Where) {
					places[d.What] = append(places[d.What], d.Where)
				}
			}
		}
	}
	for i, note := range notes {
		notes[i] = note + "\nSet here: " + strings.Join(places[note], ", ") + "."
	}
	return notes
}

// pluginNotes are about tools that are neither built in nor credentials.
func pluginNotes(m *schema.Manifest) []string {
	var own []string
	for _, name := range m.Settings.Plugins.Keys() {
		if !slices.Contains(schema.DefaultTools, schema.ToolName(name)) && name != "aws" && name != "kubectl" {
			own = append(own, name)
		}
	}
	if len(own) == 0 {
		return nil
	}
	return []string{"Whether plugins are installed here: " + strings.Join(own, ", ") + ".\n`bitops plugin list` tells, `bitops plugin install` fetches them."}
}
