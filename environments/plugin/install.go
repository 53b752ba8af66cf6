package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// InstallOptions say what to install, and how.
type InstallOptions struct {
	Options
	Names  []string // of the plugins; none means all that are declared
	Runner process.Runner
	// Log is told what git and install scripts print. stream is stdout or stderr. May be nil.
	Log func(name schema.ToolName, stream, line string)
}

// Status is how one plugin stands.
type Status struct {
	Name      schema.ToolName `json:"name"`
	State     State           `json:"state"`
	Source    string          `json:"source,omitempty"` // never with a password
	Reference string          `json:"reference,omitempty"`
	Commit    string          `json:"commit,omitempty"`
	Directory string          `json:"directory,omitempty"` // where it is used from; absolute
	Changed   bool            `json:"changed"`             // Install has just installed it
	Note      string          `json:"note,omitempty"`      // what else there is to say
}

// List says how every plugin stands. It starts no process and reaches no network.
func List(o Options) []Status {
	declared := o.declarations()
	all := make([]Status, len(declared))
	for i, d := range declared {
		all[i] = o.status(d)
	}
	return all
}

func (o Options) status(d declaration) Status {
	f := o.read(d)
	s := statusOf(d.name, f.place)
	switch err := f.ready(); {
	case f.problems.HasErrors():
		s.Note = f.problems.Error()
	case s.State == StateUnprepared:
		s.Note = f.config.install.name + " has not run since the plugin's files changed"
	case err != nil:
		s.Note = err.Error()
	}
	return s
}

func statusOf(name schema.ToolName, p place) Status {
	return Status{
		Name: name, State: p.state, Directory: p.dir, Commit: p.record.Commit,
		Source: p.source.directory + p.source.repository, Reference: p.source.shownReference(),
	}
}

// Install makes plugins ready for use, and returns how each of them stands. One that is up to date is left alone; when
// its repository cannot be reached, what is installed stays in use. A failure of one does not keep the others from being
// installed; the error is all of them. Whoever calls Install sees to it that nothing else is at work in the store.
func Install(ctx context.Context, o InstallOptions) ([]Status, error) {
	declared, err := o.chosen()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = func(schema.ToolName, string, string) {}
	}
	all := make([]Status, len(declared))
	var failed []error
	for i, d := range declared {
		installed := &installation{InstallOptions: o, declaration: d}
		if all[i], err = installed.install(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return all, errors.Join(failed...)
}

// chosen returns the plugins with the names of the options.
func (o InstallOptions) chosen() ([]declaration, error) {
	declared := o.declarations()
	if len(o.Names) == 0 {
		return declared, nil
	}
	var names []string
	for _, d := range declared {
		names = append(names, string(d.name))
	}
	var chosen []declaration
	for _, name := range o.Names {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, schema.Problems{schema.Errorf(schema.Position{}, "the manifest declares no plugin %q", name).
				WithHint("%s", schema.DidYouMean(name, names))}
		}
		chosen = append(chosen, declared[i])
	}
	return chosen, nil
}

// installation is one plugin on its way into the store.
type installation struct {
	InstallOptions
	declaration
}

// install brings one plugin up to date.
func (i *installation) install(ctx context.Context) (Status, error) {
	found, err := i.find(i.declaration)
	if err != nil {
		return statusOf(i.name, found), schema.Problems{i.problemAt("%v", err)}
	}
	s := i.status(i.declaration)
	var again bool
	switch {
	case found.state == StateImage, s.State == StateInPlace:
		return s, nil
	case found.source.directory != "":
		again = found.state == StateInstalled
	default:
		again, s.Note, err = i.upToDate(ctx, found)
	}
	if again || err != nil {
		return s, i.explain(err)
	}
	if err := i.replace(ctx, found.source); err != nil {
		return s, i.explain(err)
	}
	s = i.status(i.declaration)
	s.Changed = true
	return s, nil
}

// explain says which plugin failed.
func (i *installation) explain(err error) error {
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		failure.Message = fmt.Sprintf("plugin %s: %s", i.name, failure.Message)
		return failure
	}
	if err != nil {
		return fmt.Errorf("plugin %s: %w", i.name, err)
	}
	return nil
}

// upToDate asks the repository whether the reference still stands for what is installed.
func (i *installation) upToDate(ctx context.Context, found place) (again bool, note string, err error) {
	object, err := newGit(found.source, i.InstallOptions, i.logged).object(ctx)
	if found.state != StateInstalled {
		return false, "", err
	}
	if _, gone := errors.AsType[*noReferenceError](err); err != nil && !gone && ctx.Err() == nil {
		return true, "it could not be seen whether there is something newer: " + err.Error(), nil
	}
	return err == nil && object == found.record.Object, "", err
}

func (i *installation) logged(stream, line string) { i.Log(i.name, stream, line) }

// replace installs the plugin anew, beside what is there, and then puts it in its place.
func (i *installation) replace(ctx context.Context, src source) error {
	versions := filepath.Join(i.installs(), ".versions")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return fmt.Errorf("install it: %w", err)
	}
	place, err := os.MkdirTemp(versions, string(i.name)+"~*")
	if err == nil {
		err = os.Chmod(place, 0o755)
	}
	if err != nil {
		return fmt.Errorf("install it: %w", err)
	}
	if err := i.fill(ctx, src, place); err != nil {
		return errors.Join(err, os.RemoveAll(place))
	}
	if err := i.link(place); err != nil {
		return errors.Join(fmt.Errorf("install it: %w", err), os.RemoveAll(place))
	}
	return i.removeOthers(place)
}

// fill gets the plugin's files, prepares them, and writes the record.
func (i *installation) fill(ctx context.Context, src source, place string) error {
	dir := filepath.Join(place, string(i.name))
	r := recordOf(src)
	var err error
	if src.directory != "" {
		r.Fingerprint, err = copyDirectory(dir, src.directory)
	} else {
		r.Object, r.Commit, err = newGit(src, i.InstallOptions, i.logged).fetch(ctx, dir)
	}
	if err == nil {
		err = i.prepare(ctx, dir)
	}
	if err != nil {
		return err
	}
	return r.write(place)
}

// copyDirectory copies a plugin and returns the fingerprint of what it was made of.
func copyDirectory(to, from string) (string, error) {
	if rel, err := filepath.Rel(from, to); err == nil && filepath.IsLocal(rel) {
		return "", environments.Failuref("%s holds bitops' own files: put the plugin into a directory of its own", from)
	}
	before := fingerprint(from)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return "", fmt.Errorf("copy %s: %w", from, err)
	}
	if before == "" || before != fingerprint(from) {
		return "", environments.Failuref("%s changed while it was copied, or cannot be read", from)
	}
	return before, os.RemoveAll(filepath.Join(to, ".git"))
}

// prepare runs the plugin's install script in the plugin's directory.
func (i *installation) prepare(ctx context.Context, dir string) error {
	c, problems := readConfig(dir, string(i.name)+"/"+configFile)
	if err := problems.Err(); err != nil {
		return err
	}
	if !isFile(dir, c.install.name) {
		if c.install.named {
			return environments.Failuref("its %s names the install script %s, and there is no such file", configFile, c.install.name)
		}
		return nil
	}
	variables := environments.VariablesOf(i.Environ).Unattended().With(placeVariables(dir))
	variables["BITOPS_PLUGIN_NAME"] = string(i.name)
	var complaints []string
	result, err := i.Runner.Run(ctx, process.Command{
		Name: c.install.language, Args: []string{filepath.Join(dir, c.install.name)}, Dir: dir, Env: variables.Environ(),
		Stdout: func(l process.Line) { i.logged("stdout", l.Text) },
		Stderr: func(l process.Line) {
			complaints = lastLines(append(complaints, l.Text))
			i.logged("stderr", l.Text)
		},
	})
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return &environments.Failure{Message: c.install.name + " cannot run: " + missing.Error(), ExitCode: 127}
	}
	if err == nil && (result.ExitCode != 0 || result.Interrupted) {
		return &environments.Failure{
			Message:  fmt.Sprintf("%s exited with code %d", c.install.name, result.ExitCode),
			ExitCode: result.ExitCode, Lines: complaints,
		}
	}
	return err
}

// lastLines keeps what a failure shows.
func lastLines(lines []string) []string { return lines[max(0, len(lines)-20):] }

// link makes the new version the one that is used, in one step.
func (i *installation) link(place string) error {
	link := filepath.Join(i.installs(), string(i.name))
	temporary := filepath.Join(i.installs(), "."+string(i.name)+".link")
	target, err := filepath.Rel(i.installs(), filepath.Join(place, string(i.name)))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, link)
}

// removeOthers removes the versions that are used no more, and what killed installations left behind.
func (i *installation) removeOthers(place string) error {
	entries, err := os.ReadDir(filepath.Dir(place))
	if err != nil {
		return fmt.Errorf("remove older versions: %w", err)
	}
	for _, entry := range entries {
		name, _, _ := strings.Cut(entry.Name(), "~")
		if name == string(i.name) && entry.Name() != filepath.Base(place) {
			if err := os.RemoveAll(filepath.Join(filepath.Dir(place), entry.Name())); err != nil {
				return fmt.Errorf("remove an older version: %w", err)
			}
		}
	}
	return nil
}
