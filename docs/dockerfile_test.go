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

// What hooks and plugins call, the image has: where its package is, testdata/hook-programs says.
func TestDockerfileHasTheProgramsOfHooks(t *testing.T) {
	text := strings.ReplaceAll(read(t, "../Dockerfile"), "\\\n", " ")
	var installed []string
	for line := range strings.SplitSeq(text, "\n") {
		for _, command := range []string{"apk add --no-cache", "pip install --no-cache-dir"} {
			if _, packages, ok := strings.Cut(line, command); ok {
				packages, _, _ = strings.Cut(packages, "&&")
				installed = append(installed, strings.Fields(packages)...)
			}
		}
	}
	_, programs, _ := strings.Cut(text, "AS programs")
	programs, _, _ = strings.Cut(programs, "\nFROM ")
	listed := 0
	for line := range strings.SplitSeq(read(t, "testdata/hook-programs"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		listed++
		program, source, _ := strings.Cut(line, " ")
		there := false
		switch source = strings.TrimSpace(source); source {
		case "base":
			there = strings.Contains(text, "FROM alpine:")
		case "programs":
			there = strings.Contains(programs, "/usr/local/bin") && strings.Contains(programs, program)
		case "pip":
			there = slices.Contains(installed, program)
		default:
			there = slices.Contains(installed, source)
		}
		if !there {
			t.Errorf("%s: the image has no %s", program, source)
		}
	}
	if listed < 30 {
		t.Errorf("only %d programs are listed", listed)
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
