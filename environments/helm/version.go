package helm

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

const (
	program    = "helm"
	awsProgram = "aws"

	howToGet    = "get helm from https://helm.sh/docs/intro/install"
	howToGetAWS = "get the AWS CLI from https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
)

var (
	minimum = version.Must(version.NewVersion("3.8.0"))
	// modern versions ask the cluster in a dry run, for `lookup`, and tell which objects of a release are there.
	modern = version.Must(version.NewVersion("3.13.0"))
)

// versions remembers the version of each program, so that a run asks once and not for every step. It is safe for
// concurrent use.
type versions struct {
	known parallel.Once[string, *version.Version] // by the PATH that it is found in
}

// check returns helm's version, and refuses one that is too old.
func (v *versions) check(ctx context.Context, s *session) (*version.Version, error) {
	found, err := v.of(ctx, s)
	if err != nil {
		return nil, err
	}
	if found.Core().LessThan(minimum) {
		return nil, environments.Failuref("helm %s is too old: bitops needs 3.8 or newer; %s", found, howToGet)
	}
	return found, nil
}

var _ environments.Versioned = (*Helm)(nil)

// Version implements environments.Versioned.
func (t *Helm) Version(ctx context.Context, c *environments.Call) (string, error) {
	found, err := t.versions.of(ctx, newSession(c, settings{}))
	if err != nil {
		return "", err
	}
	return program + " " + found.String(), nil
}

var versionText = regexp.MustCompile(`\bv(\d+\.\d+(\.\d+)?[^"\s]*)`)

// of returns the version of the helm that the step would run.
func (v *versions) of(ctx context.Context, s *session) (*version.Version, error) {
	return v.known.Get(ctx, s.Variables["PATH"], func() (*version.Version, error) { return s.ask(ctx) })
}

// ask finds out the version of the program.
func (s *session) ask(ctx context.Context) (*version.Version, error) {
	s.Phase(schema.PhaseInit, "helm version")
	text, err := s.read(ctx, s.helm("version", "--short"))
	if err != nil {
		return nil, err
	}
	m := versionText.FindSubmatch(text)
	if m == nil {
		return nil, environments.Failuref("helm version does not tell a version")
	}
	found, err := version.NewVersion(string(m[1]))
	if err != nil {
		return nil, fmt.Errorf("helm version: %w", err)
	}
	return found, nil
}
