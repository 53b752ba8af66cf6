package view

import (
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// place returns where a step is deployed as far as its tool told, "" where it did not:
// "in aws_account 111111111111, aws_region eu-west-1".
func place(step *schema.StepReport) string {
	if where := step.Identity.Where(); where != "" {
		return "in " + visible(where)
	}
	return ""
}

// place returns where the steps of an environment are deployed, each place once.
func (e environment) place() string {
	var all []string
	for _, step := range e.steps {
		if p := place(step); p != "" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return strings.Join(all, "; ")
}

// behind returns the place of an environment as the end of its line.
func (s *summary) behind(e environment) string {
	if p := e.place(); p != "" {
		return "  " + s.ink.faint(p)
	}
	return ""
}
