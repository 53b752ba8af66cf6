package command

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// repository is an opened operations repository.
type repository struct {
	*global
	root     string // absolute
	shown    string // from the current directory, before file names in problems
	manifest *schema.Manifest
	shared   *store.Shared      // of the run store, once it was opened; nil when nothing is shared
	declared declarations       // what the steps of the manifest own, once a plan was built
	tellHere func(*schema.Plan) // says that the plan is about a part because of where the person stands; nil when it is not
	compared string             // what changed steps were last compared with, in words; "" for nothing
	orphaned *keptFiles         // of the orphans that the plan is about; nil when it is about the manifest
}

// open finds the manifest from the directory the user chose, and reads it. Its problems are not judged yet.
func (g *global) open() (*repository, schema.Problems, error) {
	manifest, problems, err := g.findManifest()
	if err != nil {
		if _, problems := errors.AsType[schema.Problems](err); problems || schema.IsNoManifest(err) {
			return nil, nil, err
		}
		return nil, nil, &UsageError{Command: "bitops", Err: err}
	}
	r := &repository{global: g, root: manifest.Root, shown: shownAs(manifest.Root), manifest: manifest}
	if g.Plugins != nil && !g.pluginsLoaded {
		g.pluginsLoaded = true
		g.Tools = append(g.Tools, g.Plugins.Tools(r.pluginPlace())...)
	}
	g.levelFromManifest(manifest.Settings.Logging.Level)
	g.log.Debug("manifest read", "file", filepath.Join(r.root, manifest.File), "environments", len(manifest.Environments))
	return r, problems, nil
}

// findManifest reads the manifest, or for deploy, in a repository without one, makes one that says nothing.
func (g *global) findManifest() (*schema.Manifest, schema.Problems, error) {
	root, file, err := schema.FindManifest(g.chdir)
	if schema.IsNoManifest(err) && g.adjust != nil {
		m, err := schema.DiscoverManifest(g.chdir)
		if err != nil {
			return nil, nil, err
		}
		warnings, err := g.adjust(m)
		return m, warnings, err
	}
	if err != nil {
		return nil, nil, err
	}
	m, problems := schema.LoadManifest(root, file)
	if g.adjust != nil && !problems.HasErrors() {
		var warnings schema.Problems
		warnings, err = g.adjust(m)
		problems = append(problems, warnings...)
	}
	return m, problems, err
}

// inspector reads what the repository's files declare.
func (r *repository) inspector() *environments.Inspector {
	return &environments.Inspector{Repository: r.root, Default: r.defaultFolder(), Registered: r.Tools}
}

func (r *repository) defaultFolder() string {
	return cmp.Or(r.manifest.Settings.DefaultFolder, schema.DefaultFolder)
}

// levelFromManifest sets the level of the debug log, which a flag or a variable beats.
func (g *global) levelFromManifest(level string) {
	level = strings.ToLower(level)
	switch level {
	case "warning":
		level = "warn"
	case "critical":
		level = "error"
	}
	if parsed := hclog.LevelFromString(level); parsed != hclog.NoLevel && !g.levelGiven {
		g.log.SetLevel(parsed)
	}
}

// shownAs returns how a person names the repository from where they are.
func shownAs(root string) string {
	here, err := os.Getwd()
	if err != nil {
		return root
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return root
	}
	rel, err := filepath.Rel(here, root)
	if err != nil || len(rel) > len(root) {
		return root
	}
	return rel
}

// plan opens the repository and builds a plan. Warnings are shown; anything wrong is the error.
func (g *global) plan(o planner.Options) (*repository, *schema.Plan, error) {
	r, problems, err := g.open()
	if err != nil {
		return nil, nil, err
	}
	plan, err := r.build(problems, o)
	return r, plan, err
}

// build builds a plan of a repository that was opened with these problems.
func (r *repository) build(problems schema.Problems, o planner.Options) (*schema.Plan, error) {
	if problems.HasErrors() && (r.manifest.Incomplete || len(r.manifest.Environments) == 0) {
		return nil, r.placed(problems)
	}
	plan, more := planner.Build(r.manifest, r.inspector(), o)
	problems = append(problems, more...).Sorted()
	if err := problems.Err(); err != nil {
		return nil, r.placed(problems)
	}
	if len(problems) > 0 && !r.json {
		_ = view.Problems(r.Err, r.placed(problems), r.colors(r.Err), "")
	}
	if r.tellHere != nil {
		r.tellHere(plan)
	}
	return plan, nil
}

// placed returns the problems with their files named from the current directory.
func (r *repository) placed(problems schema.Problems) schema.Problems {
	placed := make(schema.Problems, len(problems))
	for i, p := range problems {
		if p.File != "" && !filepath.IsAbs(p.File) {
			p.File = filepath.Join(r.shown, filepath.FromSlash(p.File))
		}
		placed[i] = p
	}
	return placed
}

// colors reports whether a stream may be coloured.
func (g *global) colors(w any) bool {
	f, ok := w.(*os.File)
	return ok && view.ColorAllowed(f, g.Environ, !g.noColor)
}

// store is the directory of the run store.
func (r *repository) store() string { return filepath.Join(r.root, ".bitops") }

// selectorProblem tells problems of the command line from those of files: only they have no file.
func selectorProblem(err error) bool {
	problems, ok := errors.AsType[schema.Problems](err)
	if !ok {
		return false
	}
	for _, p := range problems {
		if p.Severity == schema.SeverityError && p.File != "" {
			return false
		}
	}
	return true
}

// asUsage turns problems of selectors into an error of usage.
func asUsage(cmd string, err error) error {
	if err != nil && selectorProblem(err) && !schema.IsNoManifest(err) {
		return &UsageError{Command: cmd, Err: fmt.Errorf("%w", err)}
	}
	return err
}
