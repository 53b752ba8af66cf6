package helm

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Helm drives helm. All it keeps between calls is which programs are new enough, and which cluster a kubeconfig is for.
type Helm struct {
	versions versions
	clusters clusters
}

var (
	_ environments.Tool       = (*Helm)(nil)
	_ environments.Expander   = (*Helm)(nil)
	_ environments.Layered    = (*Helm)(nil)
	_ environments.Skipper    = (*Helm)(nil)
	_ environments.Director   = (*Helm)(nil)
	_ environments.Checker    = (*Helm)(nil)
	_ environments.Configured = (*Helm)(nil)
	_ environments.Previewer  = (*Helm)(nil)
)

// New returns the tool.
func New() *Helm { return &Helm{} }

// Name implements environments.Tool.
func (*Helm) Name() schema.ToolName { return "helm" }

// Deployments implements environments.Expander: every chart is a step.
func (*Helm) Deployments(repository, dir string) ([]string, schema.Problems) {
	return charts(repository, dir)
}

// Inspect implements environments.Tool. Any input can be a value of the chart; those that its values.yaml names and
// leaves empty can also be had from a dependency, by name.
func (*Helm) Inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	return inspect(d)
}

// Private implements environments.Tool: there is nothing of the kind.
func (*Helm) Private(string, bool) bool { return false }

// Layers implements environments.Layered: values are given to helm one file after the other, and templates are no YAML
// before they are rendered.
func (*Helm) Layers(name string) bool {
	dir, base := path.Split(name)
	return slices.Contains([]string{valuesFile, versionsFile, secretsFile}, base) ||
		slices.ContainsFunc(strings.Split(dir, "/"), func(element string) bool {
			return slices.Contains([]string{valuesDirectory, "templates", "crds", "charts"}, element)
		})
}

// Programs implements environments.Tool.
func (*Helm) Programs(repository, dir string) []environments.Program {
	programs := []environments.Program{{
		Name: program, VersionArgs: []string{"version", "--short"}, Minimum: minimum.String(), Install: howToGet,
	}}
	if s, _ := settingsOfFiles(schema.Directory{Root: repository, Name: dir}); s.cluster != "" {
		programs = append(programs, environments.Program{Name: awsProgram, VersionArgs: []string{"--version"}, Install: howToGetAWS})
	}
	return programs
}

// ConfigurationSchema implements environments.Configured.
func (*Helm) ConfigurationSchema() ([]byte, error) { return configurationSchema().JSONSchema() }

// LeftOut implements environments.Choosy: v2's scripts/before-deploy.sh and after-deploy.sh run what is executable.
func (*Helm) LeftOut(hook fs.FileMode) string {
	if hook.Perm()&0o111 == 0 {
		return "is not executable, and BitOps did not run such a hook of a chart"
	}
	return ""
}

// Skip implements environments.Skipper. What the configuration lacks may still be written by a hook.
func (*Helm) Skip(c *environments.Call) (string, error) {
	s, err := settingsOf(c, unfinishedSchema())
	return s.skipped, err
}

// NoPreview implements environments.Previewer.
func (*Helm) NoPreview(c *environments.Call) (string, error) {
	s, err := settingsOf(c, unfinishedSchema())
	return s.noPreview, err
}

// Action implements environments.Director: what uninstall and dry-run say.
func (*Helm) Action(c *environments.Call) (schema.Command, error) {
	s, err := settingsOf(c, unfinishedSchema())
	switch {
	case err != nil:
		return "", err
	case s.dryRun:
		return schema.CommandPlan, nil
	case s.uninstall != "":
		return schema.CommandDestroy, nil
	}
	return schema.CommandApply, nil
}

// Check implements environments.Checker: helm is there and not too old.
func (t *Helm) Check(ctx context.Context, c *environments.Call) error {
	s, err := settingsOf(c, unfinishedSchema())
	if err != nil || s.skipped != "" {
		return err
	}
	_, err = t.versions.check(ctx, newSession(c, s))
	return err
}

// Plan implements environments.Tool.
func (t *Helm) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.with(ctx, c, func(s *session) (environments.Result, error) {
		if s.uninstall != "" {
			s.Notice("%s: apply removes the release %s", s.uninstall, s.name)
			return s.previewRemoval(ctx)
		}
		if s.dryRun && !c.Deploys() {
			s.Notice("dry-run is true: apply only plans this step")
		}
		return s.preview(ctx)
	})
}

// Apply implements environments.Tool. A step whose configuration pins it to planning, or to removal, obeys that.
func (t *Helm) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.with(ctx, c, func(s *session) (environments.Result, error) {
		switch {
		case s.dryRun && s.uninstall != "":
			return s.onlyPlan(ctx, s.previewRemoval)
		case s.dryRun:
			return s.onlyPlan(ctx, s.preview)
		case s.uninstall != "":
			if err := c.Removes(); err != nil {
				return environments.Result{}, err
			}
			s.Notice("%s: the release %s is removed", s.uninstall, s.name)
			return s.remove(ctx)
		}
		return s.deploy(ctx)
	})
}

// PlanDestroy implements environments.Tool.
func (t *Helm) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.with(ctx, c, func(s *session) (environments.Result, error) { return s.previewRemoval(ctx) })
}

// Destroy implements environments.Tool.
func (t *Helm) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.with(ctx, c, func(s *session) (environments.Result, error) {
		if s.dryRun {
			return environments.Result{}, environments.Failuref("not destroyed: dry-run is set in the chart's configuration; change that first")
		}
		return s.remove(ctx)
	})
}

// Outputs implements environments.Tool: only hooks leave any.
func (*Helm) Outputs(context.Context, *environments.Call) (schema.Values, error) { return nil, nil }

// Deployed implements environments.Tool. A release that is left half done counts: it can hold objects.
func (t *Helm) Deployed(ctx context.Context, c *environments.Call) (bool, error) {
	deployed := false
	_, err := t.with(ctx, c, func(s *session) (environments.Result, error) {
		live, err := s.find(ctx)
		deployed = live != nil
		return environments.Result{}, err
	})
	return deployed, err
}
