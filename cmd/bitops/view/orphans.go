package view

import (
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// orphaned is what is said of the orphans: a line for each, and the command that takes them down.
type orphaned struct {
	lines   []string
	command string // "" when nothing is kept

	renamed   []string // a line for each that has another name now, and stays
	contested []string // a line for each that was renamed, in a checkout that has the earlier name
}

const (
	orphansTitle   = "No longer in the manifest, and still deployed"
	renamedTitle   = "Renamed; apply moves the record"
	contestedTitle = "Renamed elsewhere; the manifest here has the earlier name"
)

// orphansOf names what is deployed and no longer in the manifest: environments of which nothing is, and the steps of others.
func orphansOf(r *schema.Report) orphaned {
	declared := map[schema.EnvironmentName]bool{}
	for i := range r.Steps {
		declared[r.Steps[i].Environment] = true
	}
	var o orphaned
	var names []string
	for _, orphan := range r.Orphans {
		if orphan.RenamedTo == "" {
			orphan.RenamedTo = ownerOf(r, &orphan)
		}
		if orphan.Contested {
			o.contested = append(o.contested, visible(orphan.RenamedTo)+" was renamed to "+visible(orphan.Step))
			continue
		}
		if failed := r.Step(orphan.RenamedTo); failed != nil && failed.Outcome == schema.Failed {
			continue // and says why
		}
		if orphan.RenamedTo != "" {
			o.renamed = append(o.renamed, visible(orphan.Step)+" is "+visible(orphan.RenamedTo)+" now")
			continue
		}
		line := visible(orphan.Step) + ": " + visible(orphan.State) + " by run " + visible(orphan.Run) + ", " + orphan.Time.Local().Format(time.DateOnly)
		if !orphan.Kept {
			o.lines = append(o.lines, line+"; its files are not kept, so put them back to destroy it, or use bitops forget")
			continue
		}
		o.lines = append(o.lines, line)
		name := string(orphan.Step)
		if !declared[orphan.Environment] {
			name = string(orphan.Environment)
		}
		if !slices.Contains(names, visible(name)) {
			names = append(names, visible(name))
		}
	}
	if len(names) > 0 {
		o.command = "bitops destroy " + strings.Join(names[:min(len(names), orphansNamed)], " ")
	}
	return o
}

// ownerOf returns the step that turned out in the run to own what an orphan owned, "" for none.
func ownerOf(r *schema.Report, orphan *schema.Orphan) schema.StepName {
	for i := range r.Steps {
		if r.Steps[i].Tool == orphan.Tool && r.Steps[i].Identity.Same(orphan.Identity) {
			return r.Steps[i].Name
		}
	}
	return ""
}

// orphansNamed is how many names a command has at most.
const orphansNamed = 20

// renames shows what has another name.
func (s *summary) renames(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	s.section(title, s.ink.amber)
	for _, line := range lines[:s.options.limit(groupsShown, len(lines))] {
		s.line("  " + line)
	}
}

// orphans shows them.
func (s *summary) orphans() {
	o := orphansOf(s.report)
	if s.report.Command.Previews() { // an apply says so of each that it moves
		s.renames(renamedTitle, o.renamed)
	}
	s.renames(contestedTitle, o.contested)
	if len(o.lines) == 0 {
		return
	}
	s.section(orphansTitle, s.ink.amber)
	shown := s.options.limit(groupsShown, len(o.lines))
	for _, line := range o.lines[:shown] {
		s.line("  " + line)
	}
	if rest := len(o.lines) - shown; rest > 0 {
		s.line("  and " + amount(rest, "more step"))
	}
	if o.command != "" {
		s.whole("  Take it down: " + s.ink.bold(o.command))
	}
}
