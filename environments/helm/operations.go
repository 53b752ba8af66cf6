package helm

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// deploy makes the release what the chart says. It makes no revision where nothing differs. With a saved plan, it does what
// was planned and nothing else.
func (s *session) deploy(ctx context.Context) (environments.Result, error) {
	var k kept
	planned, err := s.Kept(keptName, &k)
	if err != nil {
		return environments.Result{}, err
	}
	l, err := s.begin(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if planned || l.live != nil && (!s.force || l.live.halfDone()) {
		if err := s.look(ctx, l); err != nil {
			return environments.Result{}, err
		}
	}
	if planned {
		if err := s.promised(ctx, k, l); err != nil {
			return environments.Result{}, err
		}
	}
	if l.next != nil && l.changes != nil && l.changes.Empty() {
		return environments.Result{Changes: l.changes}, nil
	}
	if l.live.halfDone() {
		if err := s.repair(ctx, l); err != nil {
			return environments.Result{}, err
		}
	}
	return s.upgrade(ctx, l)
}

// preview finds out what deploy would do.
func (s *session) preview(ctx context.Context) (environments.Result, error) {
	l, err := s.begin(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if err := s.look(ctx, l); err != nil {
		return environments.Result{}, err
	}
	switch {
	case l.live.halfDone() && l.base == nil:
		s.Notice("%s, and it never was deployed: apply removes it first", l.live.describe())
	case l.live.halfDone():
		s.Notice("%s: apply rolls it back to revision %d first", l.live.describe(), l.base.Revision)
	}
	s.mentionRefusals(ctx, l)
	return environments.Result{Changes: l.changes}, s.keep(l)
}

// look is a release as it is, and as deploy would make it.
type look struct {
	values  []string                                // the arguments with the chart's values
	live    *release                                // as it is, nil when there is none
	base    *release                                // what is upgraded: live, or what its repair makes of it
	next    *release                                // as it would be, nil before look has found out
	drifted drifts                                  // what the cluster does not have as it is declared
	changes *schema.Changes                         // from base to next
	render  func(context.Context) (*release, error) // renders next once more
}

// begin makes the chart ready and finds the release.
func (s *session) begin(ctx context.Context) (*look, error) {
	values, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	live, err := s.find(ctx)
	return &look{values: values, live: live, base: live}, err
}

// look finds out what deploy would make of the release.
func (s *session) look(ctx context.Context, l *look) error {
	l.render = func(ctx context.Context) (*release, error) { return s.render(ctx, l.values) }
	var err error
	if l.live.halfDone() {
		l.render = func(ctx context.Context) (*release, error) {
			return s.template(ctx, l.values, "--validate", "--is-upgrade")
		}
		if l.base, err = s.repaired(ctx); err != nil {
			return err
		}
	}
	if l.live != nil {
		if err := s.mentionDefinitions(ctx, l.values); err != nil {
			return err
		}
	}
	if l.next, err = l.render(ctx); err != nil {
		return err
	}
	if l.drifted, err = s.drifts(ctx, l.base, l.next); err != nil {
		return err
	}
	l.changes = s.changes(l.base, l.next, l.drifted)
	if l.live.halfDone() && l.changes.Empty() {
		l.changes = nil // the repair changes something
	}
	return nil
}

// ready makes the chart ready to be rendered, and returns the arguments with its values.
func (s *session) ready(ctx context.Context) ([]string, error) {
	values, err := s.values()
	if err != nil {
		return nil, err
	}
	return values, s.dependencies(ctx)
}

// render has helm make the release without deploying it. A first release can hold objects whose kinds only come with it:
// then they are rendered without the cluster.
func (s *session) render(ctx context.Context, values []string) (*release, error) {
	s.Phase(schema.PhaseTool, "helm upgrade --dry-run")
	dry := "--dry-run=server"
	if s.found.Core().LessThan(modern) {
		dry = "--dry-run"
	}
	next, err := s.release(ctx, s.name, s.upgradeCall(values, dry))
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

// upgrade deploys the chart, and tells what that changed.
func (s *session) upgrade(ctx context.Context, l *look) (environments.Result, error) {
	s.Phase(schema.PhaseTool, "helm upgrade")
	s.touched = true
	next, err := s.release(ctx, s.name, s.upgradeCall(l.values))
	if err != nil {
		return environments.Result{Changes: s.done(ctx, l)}, err
	}
	if next.halfDone() {
		return environments.Result{Changes: s.done(ctx, l)},
			environments.Failuref("helm upgrade exited with code 0, but %s", next.describe())
	}
	for line := range strings.Lines(strings.TrimSpace(next.Info.Notes)) {
		s.tell("%s", strings.TrimRight(line, "\r\n"))
	}
	changes := s.upgraded(l, next)
	return environments.Result{Changes: changes}, s.settle(ctx, next, l.drifted)
}

// upgraded returns what an upgrade has changed. A chart can render to other objects than in the preview.
func (s *session) upgraded(l *look, next *release) *schema.Changes {
	changes, err := s.compare(l.base, next, l.drifted)
	switch {
	case err != nil:
		return s.changes(l.base, next, l.drifted)
	case l.next == nil: // the log does not have them yet
		return s.told(changes)
	case l.live.halfDone() && len(changes) == 0:
		return nil // the repair has changed something, and it is not known what
	}
	return counted(changes)
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
