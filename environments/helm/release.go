package helm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The statuses of a release that are told apart. In any other it is left half done.
const (
	statusDeployed    = "deployed"
	statusSuperseded  = "superseded"
	statusUninstalled = "uninstalled"
)

// release is a revision of a release, as helm prints it.
type release struct {
	Name     string `json:"name"`
	Revision int    `json:"version"`
	Manifest string `json:"manifest"`
	Info     struct {
		Status    string                      `json:"status"`
		Notes     string                      `json:"notes"`
		Resources map[string][]map[string]any `json:"resources"` // by version and kind, as the cluster has them
	} `json:"info"`
	Hooks []struct {
		Manifest string `json:"manifest"`
	} `json:"hooks"`

	seen  bool // Resources are those of the cluster
	index map[identity]map[string]any
}

func (r *release) halfDone() bool { return r != nil && r.Info.Status != statusDeployed }

// live returns an object of the release as the cluster has it.
func (r *release) live(o object) (map[string]any, bool) {
	if r == nil || !r.seen {
		return nil, false
	}
	if r.index == nil {
		r.index = map[identity]map[string]any{}
		for _, objects := range r.Info.Resources {
			for _, content := range objects {
				r.index[identityOf(content)] = content
			}
		}
	}
	found, ok := r.index[o.identity]
	if !ok { // of a kind whose objects are in no namespace
		elsewhere := o.identity
		elsewhere.namespace = ""
		found, ok = r.index[elsewhere]
	}
	return found, ok
}

// lost reports whether an object of the release is missing from the cluster.
func (r *release) lost(o object) bool {
	_, there := r.live(o)
	return r.seen && !o.hook && !there
}

// find returns the release as it is, nil when there is none: also when helm only remembers it.
func (s *session) find(ctx context.Context) (*release, error) {
	s.Phase(schema.PhaseTool, "helm status")
	found, err := s.withObjects(ctx)
	if err != nil || found != nil && found.Info.Status != statusUninstalled {
		return found, err
	}
	return nil, s.besideAnother(ctx)
}

// revision returns an older revision of the release, with the objects as they are now.
func (s *session) revision(ctx context.Context, number int) (*release, error) {
	return s.withObjects(ctx, "--revision="+strconv.Itoa(number))
}

// withObjects asks for a release and, where helm can tell, for its objects as the cluster has them.
func (s *session) withObjects(ctx context.Context, args ...string) (*release, error) {
	if s.found.Core().LessThan(modern) {
		return s.status(ctx, args...)
	}
	found, err := s.status(ctx, append(args, "--show-resources")...)
	if kindIsGone(err) {
		return s.status(ctx, args...)
	}
	if found != nil {
		found.seen = true
	}
	return found, err
}

// status asks for the release of exactly this name, nil when there is none.
func (s *session) status(ctx context.Context, args ...string) (*release, error) {
	return s.statusOf(ctx, s.name, args...)
}

func (s *session) statusOf(ctx context.Context, name string, args ...string) (*release, error) {
	args = slices.Concat([]string{"status", name}, args, []string{"--output=json", "--namespace=" + s.namespace})
	found, err := s.release(ctx, name, s.helm(args...))
	if err != nil && s.quiet.missing {
		return nil, nil
	}
	return found, err
}

// kindIsGone reports a failure because a release holds objects of a kind that the cluster does not know, such as one
// whose definition was removed, or is only about to be made.
func kindIsGone(err error) bool {
	failure, ok := errors.AsType[*environments.Failure](err)
	return ok && strings.Contains(strings.Join(failure.Lines, "\n"), "no matches for kind")
}

// release runs a program that prints the release of a name.
func (s *session) release(ctx context.Context, name string, p environments.ProgramCall) (*release, error) {
	text, err := s.read(ctx, p)
	if err != nil {
		return nil, err
	}
	var r release
	if err := decode(text, &r); err != nil || r.Name != name {
		return nil, environments.Failuref("helm %s prints no release %s", p.Args[0], name)
	}
	return &r, nil
}

// repaired returns what the repair of a release that is left half done makes of it: the revision that was deployed last,
// or nil when there never was one and it is removed.
func (s *session) repaired(ctx context.Context) (*release, error) {
	revision, err := s.lastDeployed(ctx)
	if err != nil || revision == 0 {
		return nil, err
	}
	return s.revision(ctx, revision)
}

// repair makes a release that is left half done one that can be upgraded, as look has found.
func (s *session) repair(ctx context.Context, l *look) error {
	if l.base == nil {
		s.Notice("%s, and it never was deployed: it is removed first", l.live.describe())
		return s.repairWith(ctx, l.live, s.uninstallation())
	}
	s.Notice("%s: it is rolled back to revision %d first", l.live.describe(), l.base.Revision)
	rollback := s.inNamespace("rollback", strconv.Itoa(l.base.Revision), "--cleanup-on-fail", "--timeout="+s.timeout)
	return s.repairWith(ctx, l.live, rollback)
}

func (r *release) describe() string {
	return fmt.Sprintf("revision %d of release %s is %s", r.Revision, r.Name, r.Info.Status)
}

func (s *session) repairWith(ctx context.Context, broken *release, p environments.ProgramCall) error {
	s.Phase(schema.PhaseInit, "helm "+p.Args[0])
	s.touched = true
	err := s.must(ctx, p)
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		failure.Message = fmt.Sprintf("%s, and cannot be repaired: %s", broken.describe(), failure.Message)
	}
	return err
}

// lastDeployed returns the newest revision that was deployed, 0 when none was.
func (s *session) lastDeployed(ctx context.Context) (int, error) {
	s.Phase(schema.PhaseInit, "helm history")
	text, err := s.read(ctx, s.inNamespace("history", "--output=json"))
	if err != nil {
		return 0, err
	}
	var history []struct {
		Revision int    `json:"revision"`
		Status   string `json:"status"`
	}
	if err := decode(text, &history); err != nil {
		return 0, environments.Failuref("helm history prints no history of %s", s.name)
	}
	for _, status := range []string{statusDeployed, statusSuperseded} {
		for _, r := range slices.Backward(history) {
			if r.Status == status {
				return r.Revision, nil
			}
		}
	}
	return 0, nil
}

func (s *session) uninstallation() environments.ProgramCall {
	return s.inNamespace("uninstall", "--timeout="+s.timeout)
}
