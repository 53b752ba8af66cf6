// Package planner turns a manifest into a plan.
//
// Planning is a list of passes over one draft; each pass is one rule in a file of its own, and the order of the list is
// the algorithm. A pass that finds something wrong says so and goes on, so that a person sees every problem at once; a
// pass that could only repeat an earlier problem in other words is left out once there are errors.
//
// The planner reads the repository's files. It starts no process and knows no run.
package planner

import (
	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// Inspector tells what the files of a step declare. It must not start processes.
type Inspector interface {
	// Tools lists the tools that steps can use, in the default order of deployments.
	Tools() []schema.ToolName
	// Deployments returns the directories of the steps that a tool makes of a directory, relative to it and sorted: "."
	// for the directory itself. dir is relative to the repository.
	Deployments(tool schema.ToolName, dir string) ([]string, schema.Problems)
	// Inspect reads what a deployment declares for a tool: a directory below an environment's.
	Inspect(tool schema.ToolName, environment, deployment string) (schema.Interface, schema.Problems)
}

// Options are what the command line says about a plan. Zero values leave it to the manifest.
type Options struct {
	Command     schema.Command
	Select      selection.Query   // the zero value selects everything
	Here        string            // the directory that "." selects, relative to the repository; "" for its root
	From        []string          // environments or steps: they and what depends on them
	Only        []schema.StepName // nil for all: of what is selected otherwise, nothing else
	Parallelism int
	FailFast    *bool
	Timeout     schema.Duration
	Env         map[string]string // for every step; wins over the manifest

	// Remembered returns the steps of a plan that are remembered to be in a state, each with the reason. The planner
	// knows no run: nil means that no selector can name a state.
	Remembered func(plan *schema.Plan, state string) (map[schema.StepName]string, error)

	// Reading returns the steps of a plan that are made of a file, or of something in a directory, likewise.
	Reading func(plan *schema.Plan, path string) (map[schema.StepName]string, error)

	// Since returns the steps of a plan that differ from a commit, likewise, and IsCommit whether a text names one.
	Since    func(plan *schema.Plan, commit string) (map[schema.StepName]string, error)
	IsCommit func(text string) bool
}

// Pass is one rule of planning.
type Pass struct {
	Name string
	Run  func(*draft)
	// Whole says that the pass runs only when nothing was wrong so far.
	Whole bool
}

// passes are the rules in their order.
var passes = []Pass{
	{Name: "find environments where none are declared", Run: discover},
	{Name: "check the environments' directories", Run: checkDirectories},
	{Name: "list each environment's steps", Run: listSteps},
	{Name: "read what the steps declare", Run: inspect},
	{Name: "check what was renamed", Run: checkRenames},
	{Name: "connect what depends on what", Run: connect},
	{Name: "refuse cycles", Run: refuseCycles},
	{Name: "check inputs and their references", Run: checkInputs},
	{Name: "offer outputs by name", Run: offer, Whole: true},
	{Name: "settle limits and timeouts", Run: settle},
	{Name: "select", Run: selectSteps, Whole: true},
}

// Build returns the plan for a manifest, and everything that is wrong with it. The plan is nil when something is.
func Build(m *schema.Manifest, inspector Inspector, o Options) (*schema.Plan, schema.Problems) {
	d := &draft{manifest: m, inspector: inspector, options: o, graph: dag.New[schema.StepName]()}
	for _, pass := range passes {
		if pass.Whole && d.problems.HasErrors() {
			continue
		}
		pass.Run(d)
	}
	if d.problems.HasErrors() {
		return nil, d.problems.Sorted()
	}
	return d.plan(), d.problems.Sorted()
}
