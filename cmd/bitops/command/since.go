package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/git"
	"github.com/bitops-engine/bitops/schema"
)

// span is what a selector compares: two states of the repository.
type span struct {
	text string // as it was written
	from string // the id of a commit
	to   string // likewise; "" for the checkout
}

// since returns the steps of a plan that differ from a commit, each with the reason. No tool runs for that, and nothing is
// checked out.
func (r *repository) since(cmd *cobra.Command, plan *schema.Plan, text string, committed bool) (map[schema.StepName]string, error) {
	ctx := cmd.Context()
	g, err := r.openGit(ctx, text)
	if err != nil {
		return nil, err
	}
	find := r.span
	if text == pipelineBase {
		find = r.pipelineSpan
	}
	s, err := find(ctx, g, text, committed)
	if err != nil {
		return nil, err
	}
	r.compared = s.text
	return r.differing(ctx, g, plan, s)
}

// differing compares two states of the repository, each step with the files that it is made of, and each environment with
// its entry of the manifest.
func (r *repository) differing(ctx context.Context, g *git.Repository, plan *schema.Plan, s span) (map[schema.StepName]string, error) {
	if err := r.seenByGit(ctx, g); err != nil {
		return nil, err
	}
	changes, err := g.Changes(ctx, s.from, s.to)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	was, is, err := r.states(ctx, g, s, changes)
	if err != nil {
		return nil, err
	}
	entries := r.entries(was, is, changes)
	readings := r.reader(plan).Readings(is)
	readings.Former = entries.directories
	all, err := readings.Since(plan, touches(changes))
	if err != nil {
		return nil, err
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if why := entries.why(step, changes); why != "" {
			all[step.Name] = why
		}
	}
	r.sayGone(s, entries.gone)
	r.sayGoneSteps(s, plan, changes, is)
	return all, nil
}

// states returns the files of the repository before and after changes.
func (r *repository) states(ctx context.Context, g *git.Repository, s span, changes []git.Change) (was, is fs.FS, err error) {
	if s.to == "" {
		was, err := g.Before(ctx, changes)
		return was, os.DirFS(r.root), err
	}
	var both [2]fs.FS
	for i, commit := range []string{s.from, s.to} {
		local, err := g.Changes(ctx, commit, "")
		if err != nil {
			return nil, nil, err
		}
		if both[i], err = g.Before(ctx, local); err != nil {
			return nil, nil, err
		}
	}
	return both[0], both[1], nil
}

func touches(changes []git.Change) environments.Touches {
	all := make([]environments.Touched, len(changes))
	for i, c := range changes {
		all[i] = environments.Touched{Name: c.Path, How: c.How(), New: c.Was.Mode == "", Gone: c.Gone()}
	}
	return environments.NewTouches(all)
}

// entries are two states of the manifest.
type entries struct {
	was, is     map[schema.EnvironmentName]*schema.Environment
	everywhere  string                            // why all environments differ, or ""
	read        bool                              // they were compared
	directories map[string]bool                   // of the environments that there were
	declared    map[schema.EnvironmentName]string // their paths, as the checkout's manifest writes them
	gone        []schema.EnvironmentName
}

// entries reads the manifest as it was and as it is.
func (r *repository) entries(before, after fs.FS, changes []git.Change) *entries {
	e := &entries{directories: map[string]bool{}, declared: map[schema.EnvironmentName]string{}}
	for i := range r.manifest.Environments {
		e.declared[r.manifest.Environments[i].Name] = r.manifest.Environments[i].Path.Text
	}
	touched := func(c git.Change) bool {
		return c.Gone() || slices.Contains(r.manifest.Files, c.Path) || slices.Contains([]string{".yaml", ".yml"}, path.Ext(c.Path))
	}
	if !slices.ContainsFunc(changes, touched) && !r.manifest.Discover {
		return e
	}
	e.read = true
	was, is := r.manifestIn(before), r.manifestIn(after)
	key := is.Settings.Differs(&was.Settings)
	switch {
	case was.File == "" && is.File != "":
		e.everywhere = is.File + " is new"
	case was.Incomplete:
		e.everywhere = fmt.Sprintf("%s could not be read before", was.File)
	case key != "":
		e.everywhere = fmt.Sprintf("%s: its key %s changed", is.File, key)
	}
	e.was, e.is = byName(was), byName(is)
	if was.Discover {
		e.discovered(r, is, changes)
	}
	for _, env := range was.Environments {
		e.directories[env.Path.Text] = true
		if !is.Discover && e.is[env.Name] == nil && !slices.ContainsFunc(is.Environments, func(now schema.Environment) bool {
			return now.RenamedFrom.Text == string(env.Name)
		}) {
			e.gone = append(e.gone, env.Name)
		}
	}
	return e
}

// manifestIn reads the manifest of a state of the repository. One that is not there says nothing, and has no name. What is
// wrong with it was said, or does not matter any more.
func (r *repository) manifestIn(files fs.FS) *schema.Manifest {
	for _, name := range []string{r.manifest.File, schema.ManifestName, schema.OtherManifestName} {
		if _, err := fs.Stat(files, name); err == nil {
			m, _ := schema.LoadManifestFrom(files, r.root, name)
			return m
		}
	}
	return &schema.Manifest{Discover: true}
}

func byName(m *schema.Manifest) map[schema.EnvironmentName]*schema.Environment {
	if m.Discover {
		return nil
	}
	all := make(map[schema.EnvironmentName]*schema.Environment, len(m.Environments))
	for i := range m.Environments {
		all[m.Environments[i].Name] = &m.Environments[i]
	}
	return all
}

// discovered finds the environments of a repository that declares none: of those that are gone every file is.
func (e *entries) discovered(r *repository, is *schema.Manifest, changes []git.Change) {
	for _, c := range changes {
		name, rest, _ := strings.Cut(c.Path, "/")
		tool, _, below := strings.Cut(rest, "/")
		if !c.Gone() || !below || e.directories[name] || !r.hasTool(tool) {
			continue
		}
		e.directories[name] = true
		if _, err := os.Stat(path.Join(r.root, name)); err != nil && is.Discover && !strings.HasPrefix(name, "_") {
			e.gone = append(e.gone, schema.EnvironmentName(name))
		}
	}
}

// why says what of the manifest's entry for a step's environment is not as it was, "" for nothing.
func (e *entries) why(step *schema.Step, changes []git.Change) string {
	if e.everywhere != "" {
		return e.everywhere
	}
	for _, c := range changes {
		if c.Was.Mode == git.Link && strings.HasPrefix(e.declared[step.Environment]+"/", c.Path+"/") {
			return fmt.Sprintf("file %s %s", c.Path, c.How())
		}
	}
	if !e.read {
		return ""
	}
	is := entryIn(e.is, step.Environment)
	if is == nil {
		return "" // it is not in the commit that is compared
	}
	was := entryIn(e.was, step.Environment)
	if was == nil {
		was = e.was[schema.EnvironmentName(is.RenamedFrom.Text)]
	}
	if was == nil {
		return fmt.Sprintf("%s: it is new", is.Position)
	}
	if key := is.Differs(was); key != "" {
		return fmt.Sprintf("%s: its %s changed", cmp.Or(is.Position, was.Position), key)
	}
	return ""
}

// entryIn returns the entry of an environment. A manifest that declares none has one for each directory, which says nothing.
func entryIn(all map[schema.EnvironmentName]*schema.Environment, name schema.EnvironmentName) *schema.Environment {
	if all == nil {
		return &schema.Environment{Name: name, Path: schema.Located{Text: string(name)}}
	}
	return all[name]
}

// sayGone names the environments that are no longer in the manifest: nothing can be selected of them.
func (r *repository) sayGone(s span, gone []schema.EnvironmentName) {
	for _, name := range gone {
		r.say("bitops: %s is no longer in the manifest, which had it in %s. What is still deployed of it: bitops list orphaned", name, s.text)
	}
}

// sayGoneSteps names the steps that an environment has no longer: every file in the directory of their tool is gone.
func (r *repository) sayGoneSteps(s span, plan *schema.Plan, changes []git.Change, is fs.FS) {
	environment := map[string]schema.EnvironmentName{}
	for i := range plan.Steps {
		environment[plan.Steps[i].EnvironmentPath] = plan.Steps[i].Environment
	}
	said := map[string]bool{}
	for _, c := range changes {
		for dir := path.Dir(c.Path); c.Gone() && dir != "."; dir = path.Dir(dir) {
			name, there := environment[path.Dir(dir)]
			if !there || said[dir] || !r.hasTool(path.Base(dir)) {
				continue
			}
			said[dir] = true
			if _, err := fs.Stat(is, dir); err != nil && plan.Step(name.Step(path.Base(dir))) == nil {
				r.say("bitops: %s has no step %s any more, which it had in %s. What is still deployed of it: bitops list orphaned", name, path.Base(dir), s.text)
			}
		}
	}
}

func (r *repository) hasTool(name string) bool {
	return slices.ContainsFunc(r.Tools, func(t environments.Tool) bool { return string(t.Name()) == name })
}

// isCommit reports whether a text names a commit.
func (r *repository) isCommit(ctx context.Context, text string) bool {
	g, err := git.Open(ctx, r.Runner, r.Environ, r.root)
	if err != nil {
		return false
	}
	_, err = g.Commit(ctx, text)
	return err == nil
}

// seenByGit refuses a repository whose manifest git ignores: whatever changes of it, nothing would.
func (r *repository) seenByGit(ctx context.Context, g *git.Repository) error {
	ignored, err := g.Ignored(ctx, r.manifest.Files)
	if err != nil || len(ignored) == 0 {
		return err
	}
	return schema.Problems{schema.Errorf(schema.Position{File: ignored[0]}, "git ignores it, so what changed since a commit cannot be found out").
		WithHint("git check-ignore -v %s says why; `changed` alone needs no git", ignored[0])}
}

// openGit opens the git repository for what a person asked to be compared.
func (r *repository) openGit(ctx context.Context, text string) (*git.Repository, error) {
	g, err := git.Open(ctx, r.Runner, r.Environ, r.root)
	if none, ok := errors.AsType[*git.NotOneError](err); ok {
		if text == pipelineBase {
			text = "the base of this change"
		}
		return nil, schema.Problems{schema.Errorf(schema.Position{}, "what changed since %s cannot be found out without git: %v", text, none).
			WithHint("`changed` alone compares with what was applied last, and needs no git")}
	}
	return g, err
}
