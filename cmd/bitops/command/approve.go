package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

// approveOptions are the plans that the command line approves.
type approveOptions struct{ approve []string }

func (o *approveOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.approve, "approve", nil,
		"approve what was shown of `ENV[@DIGEST]`, which wants approval; can be repeated")
}

// approvalFlag is one --approve.
type approvalFlag struct {
	environment schema.EnvironmentName
	digest      string // "" for whatever was shown
}

func (o *approveOptions) flags() []approvalFlag {
	var all []approvalFlag
	for _, text := range o.approve {
		name, digest, _ := strings.Cut(text, "@")
		all = append(all, approvalFlag{schema.EnvironmentName(name), digest})
	}
	return all
}

// checkApproved reports environments that there are not.
func (o *approveOptions) checkApproved(plan *schema.Plan) error {
	var names []string
	for i := range plan.Steps {
		names = append(names, string(plan.Steps[i].Environment))
	}
	names = slices.Compact(names)
	for _, flag := range o.flags() {
		if !slices.Contains(names, string(flag.environment)) {
			return fmt.Errorf("--approve: there is no environment %q%s", flag.environment, meant(string(flag.environment), names))
		}
	}
	return nil
}

// approvals returns the plans that a person approved: those that were approved in the run before, and those of the environments
// that are named now, as far as one of the reports shows any. The first one that does counts, or with a digest the first one
// that has it. Reports can be nil.
func (o *approveOptions) approvals(previous *schema.Report, shown ...*schema.Report) ([]schema.Approval, error) {
	var all []schema.Approval
	if previous != nil {
		all = previous.OpenApprovals()
	}
	for _, flag := range o.flags() {
		plans, err := flag.find(shown)
		if err != nil {
			return nil, err
		}
		for _, plan := range plans {
			all = slices.DeleteFunc(all, func(a schema.Approval) bool { return a.Step == plan.Step })
			all = append(all, plan)
		}
	}
	return all, nil
}

func (f approvalFlag) find(shown []*schema.Report) ([]schema.Approval, error) {
	var others []string
	for _, report := range shown {
		if report == nil {
			continue
		}
		plans, digest := report.Approvable(f.environment)
		switch {
		case digest == "":
		case f.digest == "" || f.digest == digest:
			return plans, nil
		default:
			others = append(others, digest)
		}
	}
	if f.digest == "" {
		return nil, nil // it will be planned, shown and held
	}
	return nil, &NotShownError{Environment: f.environment, Digest: f.digest, Shown: others}
}

// NotShownError says that a person approved a plan that is not the one at hand. Nothing was changed.
type NotShownError struct {
	Environment schema.EnvironmentName
	Digest      string
	Shown       []string // the digests of the plans at hand
}

func (e *NotShownError) Error() string {
	text := fmt.Sprintf("--approve %s@%s does not approve the plan at hand, and nothing was changed: ", e.Environment, e.Digest)
	if len(e.Shown) == 0 {
		return text + fmt.Sprintf("no plan of %s waits for approval\nApply without it: %s is planned, shown and held", e.Environment, e.Environment)
	}
	return text + fmt.Sprintf("the digest of what waits for approval is %s\nLook at that plan with bitops show, and approve it: --approve %s@%s",
		strings.Join(e.Shown, " or "), e.Environment, e.Shown[0])
}

// lastHeld returns the last run of a command, if it held something; else nil. It is for commands that are not resumed.
func (s *session) lastHeld(ctx context.Context, command schema.Command) (*schema.Report, error) {
	report, err := history{s.store}.find(ctx, "", func(r *schema.Report) bool { return r.Command == command })
	if err != nil || report == nil || report.Count(schema.Held) == 0 {
		return nil, err
	}
	return report, nil
}
