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
		Status    string                  `json:"status"`
		Notes     string                  `json:"notes"`
		Resources map[string][]liveObject `json:"resources"` // by version and kind
	} `json:"info"`
	Hooks []struct {
		Manifest string `json:"manifest"`
	} `json:"hooks"`

	seen bool // Resources are those of the cluster
}

// liveObject is what is read of an object in the cluster.
type liveObject struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
}

func (r *release) halfDone() bool { return r != nil && r.Info.Status != statusDeployed }

// find returns the release as it is, nil when there is none: also when helm only remembers it.
func (s *session) find(ctx context.Context) (*release, error) {
	s.Phase(schema.PhaseTool, "helm status")
	var found *release
	var err error
	if s.found.Core().LessThan(modern) {
		found, err = s.status(ctx)
	} else if found, err = s.status(ctx, "--show-resources"); kindIsGone(err) {
		found, err = s.status(ctx)
	} else if found != nil {
		found.seen = true
	}
	if err != nil || found == nil || found.Info.Status == statusUninstalled {
		return nil, err
	}
	return found, nil
}

// revision returns an older revision of the release.
func (s *session) revision(ctx context.Context, number int) (*release, error) {
	return s.release(ctx, s.inNamespace("status", "--revision="+strconv.Itoa(number), "--output=json"))
}

// status asks for the release of exactly this name.
func (s *session) status(ctx context.Context, args ...string) (*release, error) {
	found, err := s.release(ctx, s.inNamespace("status", append(args, "--output=json")...))
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

// release runs a program that prints a release.
func (s *session) release(ctx context.Context, p environments.ProgramCall) (*release, error) {
	text, err := s.read(ctx, p)
	if err != nil {
		return nil, err
	}
	var r release
	if err := decode(text, &r); err != nil || r.Name != s.name {
		return nil, environments.Failuref("helm %s prints no release %s", p.Args[0], s.name)
	}
	return &r, nil
}

// repair makes a release that is left half done one that can be upgraded, and returns what it is then: the revision that
// was deployed last, or nil when there never was one.
func (s *session) repair(ctx context.Context, broken *release) (*release, error) {
	revision, err := s.lastDeployed(ctx)
	if err != nil {
		return nil, err
	}
	if revision == 0 {
		s.Notice("%s, and it never was deployed: it is removed first", broken.describe())
		return nil, s.repairWith(ctx, broken, s.uninstallation())
	}
	s.Notice("%s: it is rolled back to revision %d first", broken.describe(), revision)
	rollback := s.inNamespace("rollback", strconv.Itoa(revision), "--cleanup-on-fail", "--timeout="+s.timeout)
	if err := s.repairWith(ctx, broken, rollback); err != nil {
		return nil, err
	}
	return s.find(ctx)
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
