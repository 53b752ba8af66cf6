package docs_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// The Dockerfile is read by Docker's own parser, with its checks, and its scripts by bash. Nothing is built.
func TestDockerfile(t *testing.T) {
	f, err := os.Open("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range file.Warnings {
		t.Errorf("line %v: %s", w.Location, w.Short)
	}
	checks := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		t.Errorf("%s: %s, line %v", rule, message, at)
	}})
	stages, _, err := instructions.Parse(file.AST, checks)
	if err != nil {
		t.Fatal(err)
	}
	if err := checks.Error(); err != nil {
		t.Error(err)
	}
	var names []string
	for _, stage := range stages {
		for _, command := range stage.Commands {
			checkInstruction(t, command, names)
		}
		names = append(names, stage.Name)
	}
	last := stages[len(stages)-1].Commands
	entry, ok := last[len(last)-1].(*instructions.EntrypointCommand)
	if !ok || !slices.Equal(entry.CmdLine, []string{"bitops-entry", "deploy"}) {
		t.Errorf("it ends with %v, not with the entry point of bitops deploy", last[len(last)-1])
	}
}

// checkInstruction looks at what the parser does not: scripts, and stages that are copied from.
func checkInstruction(t *testing.T, command instructions.Command, stages []string) {
	t.Helper()
	switch c := command.(type) {
	case *instructions.RunCommand:
		bash := exec.Command("bash", "-n")
		bash.Stdin = strings.NewReader(strings.Join(c.CmdLine, " "))
		if out, err := bash.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", c.Location(), err, out)
		}
	case *instructions.CopyCommand:
		if c.From != "" && !slices.Contains(stages, c.From) {
			t.Errorf("%v: there is no stage %q before it", c.Location(), c.From)
		}
	}
}
