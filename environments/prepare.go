package environments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// privateEnding ends the names of the directories for private files.
const privateEnding = "~~private"

// RemoveLeftovers removes the private files that killed runs left behind in a store, whichever step's they are. Nobody
// may be at work there.
func RemoveLeftovers(store string) {
	work := filepath.Join(store, "work")
	entries, _ := os.ReadDir(work) // there may be none yet
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), privateEnding) {
			_ = os.RemoveAll(filepath.Join(work, entry.Name())) // its own step tells when that fails
		}
	}
}

// prepareRun reads the caller's variables.
func (l *Lifecycle) prepareRun() {
	l.inherited = VariablesOf(l.Environ).Unattended()
	l.Secrets(l.inherited.secrets()...)
}

// call makes everything ready that a step needs.
func (l *Lifecycle) call(ctx context.Context, r Request, observe func(schema.Event)) (*Call, Tool, error) {
	tool := l.tool(r.Step.Tool)
	if tool == nil {
		return nil, nil, fmt.Errorf("there is no tool %q", r.Step.Tool)
	}
	ws, err := l.prepare(ctx, r.Step, observe)
	if err != nil {
		return nil, nil, err
	}
	c, err := l.callIn(ws, r, observe)
	return c, tool, err
}

// callIn makes the call of a step in a workspace that is up to date.
func (l *Lifecycle) callIn(ws *workspace.Workspace, r Request, observe func(schema.Event)) (*Call, error) {
	private := filepath.Join(l.workspaceStore(), workspace.DirectoryName(string(r.Step.Name))+privateEnding)
	if err := makePrivate(private); err != nil {
		return nil, err
	}
	c := NewCall(CallOptions{
		Step: r.Step, Command: r.Command, Inputs: r.Inputs, Offered: r.Offered, Artifact: r.Artifact, Planned: r.Planned, Review: r.Review, Claims: r.Claim, Owed: r.Owed,
		Directory: filepath.Join(ws.Directory, filepath.FromSlash(r.Step.Deployment)),
		Source:    l.inCheckout(r.Step), Orphan: l.Checkout != "", Caller: l.inherited,
		Workspace: ws, Private: private, Cache: filepath.Join(l.Store, "cache"), Runner: l.Runner, Observe: observe, Secrets: l.Secrets,
	})
	c.phase = schema.PhaseWorkspace
	if err := l.variables(c); err != nil {
		_ = os.RemoveAll(private)
		return nil, err
	}
	return c, nil
}

func (l *Lifecycle) inRepository(step *schema.Step) string {
	return filepath.Join(l.Repository, filepath.FromSlash(step.Directory()))
}

// inCheckout returns the step's directory in the checkout. That of an orphan may not exist any more.
func (l *Lifecycle) inCheckout(step *schema.Step) string {
	return filepath.Join(cmp.Or(l.Checkout, l.Repository), filepath.FromSlash(step.Directory()))
}

// makePrivate makes an empty directory that only the user can enter. What a killed run left there is removed.
func makePrivate(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o700)
}

func (l *Lifecycle) workspaceStore() string { return filepath.Join(l.Store, "work") }

func (l *Lifecycle) tool(name schema.ToolName) Tool {
	for _, t := range l.Tools {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// prepare brings the workspace of a step's environment up to date, once a run.
func (l *Lifecycle) prepare(ctx context.Context, step *schema.Step, observe func(schema.Event)) (*workspace.Workspace, error) {
	l.mu.Lock()
	done := l.workspaces[step.Environment]
	l.mu.Unlock()
	if done != nil {
		return done.workspace, done.err
	}
	if err := l.settleTraces(step); err != nil {
		return nil, err
	}
	l.files().tree(step.EnvironmentPath, true) // before they are copied: what changes in between shows as changed
	ws, notices, err := l.sync(ctx, step, l.files())
	for _, n := range notices {
		observe(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: n.String()})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.workspaces == nil {
		l.workspaces = map[schema.EnvironmentName]*prepared{}
	}
	if err == nil || ctx.Err() == nil { // a sync that was cut short says nothing about the next
		l.workspaces[step.Environment] = &prepared{ws, err}
	}
	return ws, err
}

func (l *Lifecycle) sync(ctx context.Context, step *schema.Step, files *sources) (*workspace.Workspace, []workspace.Notice, error) {
	o := l.workspaceOptions(step)
	o.Siblings, o.Overlays = l.siblings(step, files), l.overlays(step.Environment)
	return workspace.Sync(ctx, o)
}

// workspaceOptions say where the workspace of a step is, and what of it is left alone.
func (l *Lifecycle) workspaceOptions(step *schema.Step) workspace.Options {
	return workspace.Options{
		Repository: l.Repository, Store: l.workspaceStore(), Name: workspace.DirectoryName(string(step.Environment)),
		Path: step.EnvironmentPath, Exclude: l.private,
	}
}

// Clear removes the workspace of a step's environment, but for what a tool keeps there that is nowhere else. It is for the end of
// a run.
func (l *Lifecycle) Clear(step *schema.Step) error {
	o := l.workspaceOptions(step)
	var keep []func(string) bool
	for _, t := range l.Tools {
		if keeper, ok := t.(Keeper); ok {
			keep = append(keep, keeper.Keeps(filepath.Join(o.Store, o.Name)))
		}
	}
	return workspace.Clear(o, func(name string) bool {
		return slices.ContainsFunc(keep, func(keeps func(string) bool) bool { return keeps(name) })
	})
}

// overlays lays the defaults of each deployment of an environment under it. Helm is given the values files of both.
func (l *Lifecycle) overlays(name schema.EnvironmentName) []workspace.Overlay {
	var all []workspace.Overlay
	for _, deployment := range l.Deployments[name] {
		all = append(all, workspace.Overlay{
			From: path.Join(l.Default, deployment), To: deployment, Suffix: workspace.DirectoryName(string(name)),
			Merge: schema.MergeYAML, Apart: l.apart(deployment),
		})
	}
	return all
}

func (l *Lifecycle) apart(deployment string) func(string) bool {
	return func(name string) bool {
		for _, t := range l.Tools {
			if layered, ok := t.(Layered); ok && layered.Layers(path.Join(deployment, name)) {
				return true
			}
		}
		return false
	}
}

func (l *Lifecycle) private(name string, isDir bool) bool {
	for _, t := range l.Tools {
		if t.Private(name, isDir) {
			return true
		}
	}
	return false
}
