package view

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// githubMarkup is the workflow commands of GitHub Actions.
type githubMarkup struct {
	out   *screen
	token func() string // a word that no tool can guess
}

func newToken() string { return "bitops-" + rand.Text() }

func (g *githubMarkup) open(_ time.Time, _ schema.StepName, title string) {
	g.out.raw("::group::" + commandData.Replace(title) + "\n")
}

// body shows what a tool printed. Should a line of it look like a workflow command, commands are turned off around it:
// a tool must not be able to set the job's variables or masks by printing.
func (g *githubMarkup) body(lines []string) {
	if !slices.ContainsFunc(lines, isCommand) {
		for _, line := range lines {
			g.out.whole(line)
		}
		return
	}
	token := g.token()
	g.out.raw("::stop-commands::" + token + "\n")
	for _, line := range lines {
		g.out.raw(line + "\n")
	}
	g.out.raw("::" + token + "::\n")
}

func (g *githubMarkup) close(time.Time) { g.out.raw("::endgroup::\n") }

// failed makes an annotation, which GitHub also shows on the page of the pull request.
func (g *githubMarkup) failed(name schema.StepName, e *schema.StepError) {
	text := lines(e.Message, false)
	for _, line := range lastOf(e.Lines, failureLines) {
		text = append(text, lines(line, false)...)
	}
	message := commandData.Replace(strings.Join(text, "\n"))
	title := commandProperty.Replace(visible(name) + " failed")
	g.out.raw("::error title=" + title + "::" + message + "\n")
}

// What stands for itself nowhere in a workflow command, and what does not in a property of one.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// lastOf returns at most the last n lines.
func lastOf(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }
