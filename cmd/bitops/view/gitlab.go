package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// gitlabMarkup is the collapsible sections of GitLab CI. Its escape sequences are part of the markup: GitLab knows a
// section by them.
type gitlabMarkup struct {
	out      *screen
	sections int
	current  string
}

func (g *gitlabMarkup) open(at time.Time, name schema.StepName, title string) {
	g.sections++
	g.current = fmt.Sprintf("%s_%d", sectionName(name), g.sections)
	g.out.raw(fmt.Sprintf("\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s\n", unix(at), g.current, title))
}

func (g *gitlabMarkup) body(lines []string) {
	for _, line := range lines {
		g.out.whole(line)
	}
}

func (g *gitlabMarkup) close(at time.Time) {
	g.out.raw(fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", unix(at), g.current))
}

// failed does nothing: GitLab has no annotations, and the last screen shows every failure.
func (g *gitlabMarkup) failed(schema.StepName, *schema.StepError) {}

// sectionName returns a step's name in the characters that GitLab takes.
func sectionName(name schema.StepName) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
			return r
		}
		return '_'
	}, string(name))
}

// unix is the time in seconds; GitLab takes no negative one.
func unix(at time.Time) int64 { return max(0, at.Unix()) }
