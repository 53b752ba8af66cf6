package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

// pinOptions are the flags that say which plan file may be applied.
type pinOptions struct{ digest, signers string }

func (o *pinOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.digest, "digest", "", "apply the plan file only if it has this `DIGEST`, which bitops plan and show print")
	cmd.Flags().StringVar(&o.signers, "signers", "", "apply the plan file only if one of the allowed signers in a `file` signed it; see ssh-keygen(1)")
}

// pinned returns an error if a plan file is not the one with that digest. Without a digest any is.
func (f *planFile) pinned(digest string) error {
	reason := ""
	switch {
	case digest == "":
		return nil
	case !f.Complete():
		reason = "an older bitops made it, without digests of what it applies, so --digest cannot pin it"
	case strings.TrimPrefix(digest, "sha256:") != strings.TrimPrefix(f.Digest, "sha256:"):
		reason = fmt.Sprintf("its digest is %s, and --digest says %s", f.Digest, digest)
	default:
		return nil
	}
	return &PlanUnfitError{File: f.name, Reasons: []string{reason}}
}

// pin decides whether only what the plan file shows may be applied: because --digest says which one, or because it has to be
// signed, or because that was so in the run before. Then nothing goes on that could not be planned before.
func (s *session) pin(cmd *cobra.Command, o *changeOptions) error {
	s.signed = s.demandsSignature(&o.pinOptions)
	if s.previous != nil && s.previous.Signed && !s.signed {
		return usageError(cmd, fmt.Errorf("run %s applies only what a signed plan file shows; say again who may sign: --signers FILE", s.previous.Run))
	}
	s.pinned = s.signed || o.digest != "" || s.previous != nil && s.previous.Pinned
	s.deferral = schema.Deferral(o.deferral)
	if !s.pinned {
		return nil
	}
	if cmd.Flags().Changed("deferred") && s.deferral != schema.DeferNone {
		return usageError(cmd, fmt.Errorf("only what the plan file shows may be applied here, so --deferred cannot be %q; leave it out", o.deferral))
	}
	s.deferral = schema.DeferNone
	return nil
}

// checkPin refuses flags about a plan file where none is applied.
func (o *changeOptions) checkPin(cmd *cobra.Command) error {
	switch {
	case o.saved != "" || o.resume != "":
	case o.digest != "":
		return usageError(cmd, errors.New("--digest is of a plan file; name that file: bitops apply plan.bitops --digest "+o.digest))
	case o.signers != "":
		return usageError(cmd, errors.New("--signers is about a plan file; name that file: bitops apply plan.bitops --signers "+o.signers))
	}
	return nil
}
