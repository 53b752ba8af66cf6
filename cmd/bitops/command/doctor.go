package command

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"text/tabwriter"

	"github.com/hashicorp/go-version"
	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// ToolsMissingError says that the repository needs programs that are not here.
type ToolsMissingError struct{ Count int }

func (e *ToolsMissingError) Error() string {
	return count(e.Count, "program") + " that this repository needs: missing, or not the version that is needed"
}

func newDoctor(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say which programs this repository needs, and which are here",
		Long: `Look for the programs that the repository's environments need, and say which versions are here, what is missing and
how to get it. Without a repository, look for everything that bitops can drive.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.doctor(cmd.Context()) },
	}
}

// finding is what doctor says of one program.
type finding struct {
	Program string `json:"program"`
	Status  string `json:"status"` // ok, missing, too old, broken, other version
	Version string `json:"version,omitempty"`
	Path    string `json:"path,omitempty"`
	Minimum string `json:"minimum,omitempty"`
	Advice  string `json:"advice,omitempty"`
}

func (g *global) doctor(ctx context.Context) error {
	programs, unfit, err := g.programs(ctx)
	if err != nil {
		return err
	}
	var findings []finding
	bad := len(unfit)
	for _, p := range programs {
		f := g.lookIn(ctx, p, "")
		if f.Status != "ok" {
			bad++
		}
		findings = append(findings, f)
	}
	findings = append(findings, unfit...)
	if g.json {
		err = g.printJSON(findings)
	} else {
		err = g.printFindings(findings)
	}
	if err == nil && bad > 0 {
		return &ToolsMissingError{Count: bad}
	}
	return err
}

func (g *global) printFindings(findings []finding) error {
	w := tabwriter.NewWriter(g.Out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Status, f.Program, f.Version, f.Path+f.Advice)
	}
	return w.Flush()
}

// programs returns the programs that the repository needs, each once, in the order of its steps, and what is to be said of
// those that are here in another version than its configuration asks for.
func (g *global) programs(ctx context.Context) ([]environments.Program, []finding, error) {
	bash := environments.Program{Name: "bash", VersionArgs: []string{"--version"}, Install: "install the package bash"}
	all := []environments.Program{bash}
	seen := map[string]bool{bash.Name: true}
	add := func(programs []environments.Program) {
		for _, p := range programs {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, p)
			}
		}
	}
	r, plan, err := g.plan(planner.Options{Command: schema.CommandPlan})
	if r == nil {
		if err != nil && !schema.IsNoManifest(err) {
			return nil, nil, err
		}
		for _, tool := range g.Tools {
			add(tool.Programs(".", "."))
		}
		return all, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	byName := map[schema.ToolName]environments.Tool{}
	for _, tool := range g.Tools {
		byName[tool.Name()] = tool
	}
	for i := range plan.Steps {
		add(byName[plan.Steps[i].Tool].Programs(r.root, plan.Steps[i].Directory()))
	}
	return all, r.unfitFindings(ctx, plan), nil
}

var versionPattern = regexp.MustCompile(`\d+\.\d+(\.\d+)?[-+.\w]*`)

// lookIn finds one program and asks it in a directory for its version; "" is the current one.
func (g *global) lookIn(ctx context.Context, p environments.Program, dir string) finding {
	f := finding{Program: p.Name, Minimum: p.Minimum}
	var text string
	result, err := g.Runner.Run(ctx, process.Command{
		Name: p.Name, Args: p.VersionArgs, Env: g.Environ, Dir: dir,
		Stdout: func(l process.Line) {
			if text == "" {
				text = l.Text
			}
		},
	})
	if err != nil {
		f.Status, f.Advice = "missing", p.Install
		return f
	}
	f.Path, _ = exec.LookPath(p.Name)
	f.Version = versionPattern.FindString(text)
	f.Status = "ok"
	if found, err := version.NewVersion(f.Version); err == nil && p.Minimum != "" {
		if found.LessThan(version.Must(version.NewVersion(p.Minimum))) {
			f.Status, f.Advice = "too old", fmt.Sprintf(": needs %s or newer; %s", p.Minimum, p.Install)
		}
	}
	if result.ExitCode != 0 {
		f.Status, f.Advice = "broken", fmt.Sprintf(": exits with code %d when asked for its version", result.ExitCode)
	}
	return f
}
