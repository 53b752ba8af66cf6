package environments

import (
	"errors"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// BitOps ran each time in a fresh copy of the repository. A workspace stays, for what tools left in it; what before hooks left is
// taken back before they run again, so that a file that they wrote under a condition does not count once the condition is
// gone.
//
// A later step of the environment may have written into the directories of an earlier one, which would see that in the next
// run. So each step takes back the traces of those after it too, which run after it. What is taken down goes the other way: the
// last step comes first and needs what the earlier ones left, so it takes back only its own.

// settleTraces sees to hooks that were ended with bitops. It must be called before the workspace changes.
func (l *Lifecycle) settleTraces(step *schema.Step) error {
	ws := workspace.In(l.workspaceOptions(step))
	names, err := workspace.TracesIn(ws)
	for _, name := range names {
		err = errors.Join(err, l.traces(ws, name).End())
	}
	return err
}

func (l *Lifecycle) traces(ws *workspace.Workspace, name string) *workspace.Traces {
	return &workspace.Traces{Workspace: ws, Name: name, Exclude: l.private}
}

// takeBack takes back what the step's before hooks left in earlier runs, and what those of the steps after it left: the last
// first, because they may have changed what the others made.
func (l *Lifecycle) takeBack(c *Call) error {
	names, err := workspace.TracesIn(c.Workspace)
	if err != nil {
		return err
	}
	all := l.Deployments[c.Step.Environment]
	slices.SortStableFunc(names, func(a, b string) int { return placeOf(b, all) - placeOf(a, all) })
	for _, name := range names {
		if l.takesBack(c, name) {
			err = errors.Join(err, l.traces(c.Workspace, name).Reset())
		}
	}
	return err
}

// placeOf returns the place of a step or a group among the steps of an environment, behind all of them for one that is no more.
func placeOf(name string, all []string) int {
	at := slices.IndexFunc(all, func(d string) bool { return d == name || strings.HasPrefix(d, name+"/") })
	if at < 0 {
		return len(all)
	}
	return at
}

// takesBack reports whether a step takes back what some hooks left. Those of its group have run already, or will first.
func (l *Lifecycle) takesBack(c *Call, name string) bool {
	all := l.Deployments[c.Step.Environment]
	switch {
	case name == c.Step.Deployment:
		return true
	case name == c.Step.Within, c.backwards, l.Checkout != "":
		return false
	}
	return placeOf(name, all) > placeOf(c.Step.Deployment, all)
}

// configuredByHooks reports whether hooks left what a step's configuration is read from, which then says nothing of the step before
// they run again.
func (l *Lifecycle) configuredByHooks(c *Call) bool {
	names, err := l.traces(c.Workspace, c.Step.Deployment).Names()
	return err == nil && slices.ContainsFunc(names, func(name string) bool {
		file, inside := strings.CutPrefix(name, c.Step.Directory()+"/")
		return inside && slices.Contains(configurationFiles, file)
	})
}

// configurationFiles are the files of a step's directory that can say to leave it out.
var configurationFiles = []string{"bitops.config.yaml", "bitops.config.yml", "ENV_FILE", "extra_env"}

// traced runs before hooks and remembers what they leave in the workspace.
func (l *Lifecycle) traced(c *Call, name string, hooks func() error) (err error) {
	traces := l.traces(c.Workspace, name)
	if err := traces.Reset(); err != nil {
		return err
	}
	if err := traces.Begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, traces.End()) }()
	return hooks()
}
