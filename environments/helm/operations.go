package helm

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// deploy makes the release what the chart says. It makes no revision where nothing differs.
func (s *session) deploy(ctx context.Context) (environments.Result, error) {
	var k kept
	if planned, err := s.Kept(keptName, &k); err != nil {
		return environments.Result{}, err
	} else if planned {
		return s.deployPlanned(ctx, k)
	}
	values, err := s.ready(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	live, err := s.find(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	repaired := live.halfDone()
	if repaired {
		if live, err = s.repair(ctx, live); err != nil {
			return environments.Result{}, err
		}
	}
	if live != nil && !repaired && !s.force {
		changes, err := s.compareWith(ctx, live, values)
		if err != nil || changes != nil && changes.Empty() {
			return environments.Result{Changes: changes}, err
		}
	}
	next, err := s.upgrade(ctx, values)
	if err != nil {
		return environments.Result{}, err
	}
	changes := s.changes(live, next)
	if repaired && changes.Empty() {
		changes = nil // the repair has changed something, and nobody knows what
	}
	return environments.Result{Changes: changes}, nil
}

// preview finds out what deploy would do.
func (s *session) preview(ctx context.Context) (environments.Result, error) {
	l, err := s.look(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	return environments.Result{Changes: l.changes}, s.keep(l)
}

// look is a release as it is, and as deploy would make it.
type look struct {
	values     []string // the arguments with the chart's values
	live, next *release // live is nil when there is none
	changes    *schema.Changes
	render     func(context.Context) (*release, error) // renders next once more
}

// look finds out what deploy would make of the release.
func (s *session) look(ctx context.Context) (*look, error) {
	values, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	l := &look{values: values}
	if l.live, err = s.find(ctx); err != nil {
		return nil, err
	}
	base, repaired := l.live, l.live.halfDone()
	l.render = func(ctx context.Context) (*release, error) { return s.render(ctx, values) }
	if repaired {
		l.render = func(ctx context.Context) (*release, error) {
			return s.template(ctx, values, "--validate", "--is-upgrade")
		}
		if base, err = s.repairedTo(ctx, l.live); err != nil {
			return nil, err
		}
	}
	if l.next, err = l.render(ctx); err != nil {
		return nil, err
	}
	l.changes = s.changes(base, l.next)
	if repaired && l.changes.Empty() {
		l.changes = nil // the repair changes something
	}
	return l, nil
}

// repairedTo returns the revision that the repair of a release would roll back to, nil when it would remove it.
func (s *session) repairedTo(ctx context.Context, broken *release) (*release, error) {
	revision, err := s.lastDeployed(ctx)
	if err != nil {
		return nil, err
	}
	if revision == 0 {
		s.Notice("%s, and it never was deployed: apply removes it first", broken.describe())
		return nil, nil //nolint:nilnil // no revision is an answer
	}
	s.Notice("%s: apply rolls it back to revision %d first", broken.describe(), revision)
	return s.revision(ctx, revision)
}

// ready makes the chart ready to be rendered, and returns the arguments with its values.
func (s *session) ready(ctx context.Context) ([]string, error) {
	values, err := s.values()
	if err != nil {
		return nil, err
	}
	return values, s.dependencies(ctx)
}

// compareWith renders the chart and tells how it differs from the release.
func (s *session) compareWith(ctx context.Context, live *release, values []string) (*schema.Changes, error) {
	next, err := s.render(ctx, values)
	if err != nil {
		return nil, err
	}
	return s.changes(live, next), nil
}

// render has helm make the release without deploying it. A first release can hold objects whose kinds only come with it:
// then they are rendered without the cluster.
func (s *session) render(ctx context.Context, values []string) (*release, error) {
	s.Phase(schema.PhaseTool, "helm upgrade --dry-run")
	dry := "--dry-run=server"
	if s.found.Core().LessThan(modern) {
		dry = "--dry-run"
	}
	next, err := s.release(ctx, s.upgradeCall(values, dry))
	if kindIsGone(err) {
		s.Notice("the chart holds objects of a kind that the cluster does not know yet")
		return s.template(ctx, values)
	}
	return next, err
}

// template renders the chart without regard to the release's state.
func (s *session) template(ctx context.Context, values []string, args ...string) (*release, error) {
	s.Phase(schema.PhaseTool, "helm template")
	args = slices.Concat([]string{"."}, args, values)
	text, err := s.read(ctx, s.inNamespace("template", args...))
	return &release{Name: s.name, Manifest: string(text)}, err
}

// upgrade deploys the chart.
func (s *session) upgrade(ctx context.Context, values []string) (*release, error) {
	s.Phase(schema.PhaseTool, "helm upgrade")
	s.touched = true
	next, err := s.release(ctx, s.upgradeCall(values))
	if err != nil {
		return nil, err
	}
	if next.halfDone() {
		return nil, environments.Failuref("helm upgrade exited with code 0, but %s", next.describe())
	}
	for line := range strings.Lines(strings.TrimSpace(next.Info.Notes)) {
		s.tell("%s", strings.TrimRight(line, "\r\n"))
	}
	return next, nil
}

func (s *session) upgradeCall(values []string, args ...string) environments.ProgramCall {
	fixed := []string{".", "--install", "--create-namespace", "--cleanup-on-fail"}
	for _, flag := range []struct {
		name string
		on   bool
	}{{"--atomic", s.atomic}, {"--force", s.force}, {"--debug", s.debug}} {
		if flag.on {
			fixed = append(fixed, flag.name)
		}
	}
	fixed = append(fixed, "--timeout="+s.timeout, "--output=json")
	return s.inNamespace("upgrade", slices.Concat(fixed, args, values)...)
}

// previewRemoval finds out what remove would remove.
func (s *session) previewRemoval(ctx context.Context) (environments.Result, error) {
	live, err := s.find(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	changes := s.removal(live)
	return environments.Result{Changes: changes}, s.Keep(keptName, looked(live, changes))
}

// remove takes the release down. No release is no failure, not even for a saved plan.
func (s *session) remove(ctx context.Context) (environments.Result, error) {
	var k kept
	planned, err := s.Kept(keptName, &k)
	if err != nil {
		return environments.Result{}, err
	}
	live, err := s.find(ctx)
	if err != nil || live == nil {
		return environments.Result{Changes: &schema.Changes{}}, err
	}
	changes := s.removal(live)
	if planned {
		if err := cmp.Or(k.fits(s, live), k.changesLike(changes)); err != nil {
			return environments.Result{}, err
		}
	}
	s.Phase(schema.PhaseTool, "helm uninstall")
	s.touched = true
	if err := s.must(ctx, s.uninstallation()); err != nil {
		return environments.Result{}, err
	}
	return environments.Result{Changes: changes}, nil
}

// onlyPlan is apply or destroy for a step whose configuration pins it to planning.
func (s *session) onlyPlan(
	ctx context.Context, plan func(context.Context) (environments.Result, error),
) (environments.Result, error) {
	planned, err := plan(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if c := planned.Changes; c != nil {
		s.Notice("dry-run is true: only planned (+%d ~%d -%d)", c.Add, c.Change, c.Remove)
	} else {
		s.Notice("dry-run is true: only planned")
	}
	return environments.Result{Changes: &schema.Changes{}}, nil
}

// tell writes a line to the step's log, without secrets.
func (s *session) tell(format string, args ...any) {
	s.Log("stdout", s.quiet.hide(format, args...))
}
