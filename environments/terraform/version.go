package terraform

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// tofu is the name of OpenTofu's program.
const tofu = "tofu"

// The oldest versions that have apply -json; OpenTofu's first one does.
var (
	minimum     = version.Must(version.NewVersion("1.0.0"))
	minimumTofu = version.Must(version.NewVersion("1.6.0"))
)

// versions remembers the version of each program, so that a run asks once and not for every step. It is safe for
// concurrent use.
type versions struct {
	known parallel.Once[string, *version.Version]
}

// check returns the program's version, and refuses one that is too old or not what the configuration asks for.
func (v *versions) check(ctx context.Context, s *session) (*version.Version, error) {
	found, err := v.of(ctx, s)
	if err != nil {
		return nil, err
	}
	if s.binary != tofu && found.Core().LessThan(minimum) {
		return nil, environments.Failuref("%s %s is too old: bitops needs 1.0 or newer; %s", s.binary, found, howToGet(s.binary))
	}
	if reason := s.wanted.unfit(found); reason != "" {
		return nil, environments.Failuref("%s is version %s, and %s", s.binary, found, reason)
	}
	return found, nil
}

var versionText = regexp.MustCompile(`(?:"terraform_version":\s*"|\bv)(\d+\.\d+\.\d+[^"\s]*)`)

// of returns the version of the program that the step would run.
func (v *versions) of(ctx context.Context, s *session) (*version.Version, error) {
	key := s.binary + "\x00" + s.Variables["PATH"]
	if s.wanted.constraints != nil {
		key += "\x00" + s.Source // a version manager can answer differently in each directory
	}
	return v.known.Get(ctx, key, func() (*version.Version, error) { return s.ask(ctx) })
}

// ask finds out the version of the program.
func (s *session) ask(ctx context.Context) (*version.Version, error) {
	if known, err := version.NewVersion(s.rememberedVersion()); err == nil {
		return known, nil
	}
	text, err := s.read(ctx, s.program("version", "-json"))
	if err != nil {
		return nil, err
	}
	m := versionText.FindSubmatch(text)
	if m == nil {
		return nil, environments.Failuref("%s version does not tell a version", s.binary)
	}
	found, err := version.NewVersion(string(m[1]))
	if err != nil {
		return nil, fmt.Errorf("%s version: %w", s.binary, err)
	}
	s.remember(string(m[1]))
	return found, nil
}

func howToGet(binary string) string {
	if binary == tofu {
		return "get OpenTofu from https://opentofu.org/docs/intro/install"
	}
	return "get terraform from https://developer.hashicorp.com/terraform/install"
}
