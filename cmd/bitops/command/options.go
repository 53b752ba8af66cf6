package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// runOptions are the flags of the commands that run things.
type runOptions struct {
	parallelism int
	failFast    bool
	keepGoing   bool
	timeout     string
	env         []string
	verbose     bool
	summary     bool

	warningsAreErrors bool
	lockOptions
}

func (o *runOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&o.parallelism, "parallelism", 0, "run at most `N` steps at once (default 10)")
	flags.BoolVar(&o.failFast, "fail-fast", false, "start nothing new after a failure; running steps finish (the default)")
	flags.BoolVar(&o.keepGoing, "keep-going", false, "after a failure, run everything that does not depend on it")
	flags.StringVar(&o.timeout, "timeout", "", "stop a step that takes longer than this `DURATION`, like 20m")
	flags.StringArrayVar(&o.env, "env", nil, "set a variable for every tool and hook: `KEY=VALUE`; can be repeated")
	o.lockOptions.addFlags(cmd)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show what tools print as they print it, and of a plan everything")
	flags.BoolVar(&o.summary, "summary", false, "of a plan, show which resources change, and not what of them")
}

// addWarnings adds the flag of the commands that judge warnings.
func (o *runOptions) addWarnings(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.warningsAreErrors, "warnings-as-errors", false, "exit with 1 when a run has ended in which a tool warned")
}

// WarningsError says that the tools of a run that succeeded warned, for --warnings-as-errors.
type WarningsError struct{ Count int }

func (e *WarningsError) Error() string {
	return fmt.Sprintf("%s, and --warnings-as-errors is set", count(e.Count, "warning"))
}

// planner returns the options for building a plan.
func (g *global) planner(cmd *cobra.Command, o *runOptions, command schema.Command, selectors []string) (planner.Options, error) {
	p := planner.Options{Command: command, Select: selection.Query{Selectors: selectors}, Parallelism: o.parallelism, Env: map[string]string{}}
	if cmd.Flags().Changed("parallelism") && o.parallelism < 1 {
		return p, usageError(cmd, fmt.Errorf("--parallelism must be at least 1, not %d", o.parallelism))
	}
	for _, entry := range o.env {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" {
			return p, usageError(cmd, fmt.Errorf("--env wants KEY=VALUE, not %q", name))
		}
		p.Env[name] = value
	}
	var err error
	if p.FailFast, err = g.failFast(cmd, o); err != nil {
		return p, err
	}
	if o.timeout != "" {
		timeout, err := schema.ParseDuration(o.timeout)
		if err != nil {
			return p, usageError(cmd, fmt.Errorf("--timeout: %w", err))
		}
		p.Timeout = timeout
	}
	return p, nil
}

// failFast returns what the two flags say together, nil for nothing. Of a flag and a variable the flag counts: hooks are
// given BITOPS_FAIL_FAST.
func (g *global) failFast(cmd *cobra.Command, o *runOptions) (*bool, error) {
	failFast, keepGoing := cmd.Flags().Changed("fail-fast"), cmd.Flags().Changed("keep-going")
	if failFast && keepGoing && g.byVariable["fail-fast"] != g.byVariable["keep-going"] {
		failFast, keepGoing = !g.byVariable["fail-fast"], !g.byVariable["keep-going"]
	}
	switch {
	case failFast && keepGoing && o.failFast == o.keepGoing:
		return nil, usageError(cmd, errors.New("--fail-fast and --keep-going contradict each other"))
	case failFast:
		return &o.failFast, nil
	case keepGoing:
		value := !o.keepGoing
		return &value, nil
	}
	return nil, nil
}
