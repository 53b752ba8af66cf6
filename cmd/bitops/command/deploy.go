package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// containerRepository is where BitOps' container expects the repository.
const containerRepository = "/opt/bitops_deployment"

// validateOnly is the run mode in which BitOps only looks at the configuration.
const validateOnly = "validate_config"

// deployOptions are the flags of deploy.
type deployOptions struct {
	runOptions
	approveOptions
	dependencies bool
}

func newDeploy(g *global) *cobra.Command {
	o := &deployOptions{}
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy one environment, as the container of BitOps does",
		Long: `Deploy the environment that BITOPS_ENVIRONMENT names, as the container of BitOps v1 and v2 does. It asks nothing, and
shows what tools print; --verbose=false leaves that out where nothing failed.

The repository is the one in ` + containerRepository + `, if there is one, else the one here. It needs no manifest. The
stack-action in a tool's configuration says what is done: for terraform plan, apply or destroy, and plan when it
says nothing; the other tools deploy unless told otherwise. All hooks run, also for a plan.

When a step fails, the exit code is that of the program that failed.

An environment with "approval: true" in the manifest is planned, shown and held, as in apply. --approve approves what the
last deploy showed.

ENVIRONMENT is read where BITOPS_ENVIRONMENT is not set; it is deprecated. Further variables of BitOps are heeded:
BITOPS_FAST_FAIL, BITOPS_DEFAULT_FOLDER, DEFAULT_FOLDER_NAME, BITOPS_LOGGING_LEVEL,
BITOPS_LOGGING_COLOR, BITOPS_LOGGING_FILENAME, BITOPS_LOGGING_PATH, BITOPS_BUILD_CONFIG_YAML for a file with settings
that count where nothing else is said, BITOPS_MODE, which with "validate_config" deploys nothing, and SKIP_IF_NO_ENVIRONMENT_CHANGES: with it nothing is done when the last commit
changed nothing of the environment. BITOPS_TIMEOUT and the setting timeout are not enforced, as in BitOps; --timeout is.`,
		Example: `  BITOPS_ENVIRONMENT=test bitops deploy     deploy one environment
  bitops deploy --with-dependencies         deploy what it depends on first`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.deploy(cmd, o) },
	}
	o.runOptions.addFlags(cmd)
	o.verbose = true // as the container, whose log is all that is left of a plan
	cmd.Flags().Lookup("verbose").DefValue = "true"
	cmd.Flags().BoolVar(&o.dependencies, "with-dependencies", false, "deploy what the environment depends on first")
	o.approveOptions.addFlags(cmd)
	return cmd
}

func (g *global) deploy(cmd *cobra.Command, o *deployOptions) error {
	settings, err := g.settingsOfBitOps(cmd, o)
	if err != nil {
		return err
	}
	name, err := g.environment(cmd)
	if err != nil {
		return err
	}
	options, err := g.planner(cmd, &o.runOptions, schema.CommandDeploy, []string{"env:" + string(name)})
	if err != nil {
		return err
	}
	if info, err := os.Stat(containerRepository); err == nil && info.IsDir() && !cmd.Flags().Changed("chdir") {
		g.chdir = containerRepository
	}
	g.adjust = func(m *schema.Manifest) (schema.Problems, error) {
		if err := g.only(m, name); err != nil {
			return nil, err
		}
		return g.adjustFor(settings, m, name)
	}
	r, plan, err := g.plan(options)
	if err != nil {
		return asUsage(cmd.CommandPath(), err)
	}
	if err := r.unplanned(schema.CommandDeploy); err != nil {
		return err
	}
	if o.dependencies {
		selectDependencies(plan)
	}
	if r.manifest.Settings.RunMode == validateOnly {
		r.sayValid(plan, "; run_mode says to deploy nothing")
		return nil
	}
	if unchanged, err := r.unchangedInGit(cmd.Context(), plan); unchanged || err != nil {
		return err
	}
	if err := o.checkApproved(plan); err != nil {
		return usageError(cmd, err)
	}
	return r.deploy(cmd, o, plan)
}

// only leaves nothing but the environment of a repository that declares none: nothing there depends on anything, and what
// is wrong in one environment is no reason not to deploy another.
func (g *global) only(m *schema.Manifest, name schema.EnvironmentName) error {
	if !m.Discover || m.Only(name) {
		return nil
	}
	var found []string
	names, _ := planner.Found(m, &environments.Inspector{Repository: m.Root, Registered: g.Tools})
	for _, other := range names {
		found = append(found, string(other))
	}
	return schema.Problems{schema.Errorf(schema.Position{}, "no environment matches %q", name).
		WithHint("%s", schema.DidYouMean(string(name), found))}
}

func (r *repository) deploy(cmd *cobra.Command, o *deployOptions, plan *schema.Plan) error {
	s, err := r.begin(cmd.Context(), &o.runOptions, plan)
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.approveHeld(cmd.Context(), o, plan); err != nil {
		return err
	}
	if err := s.ready(cmd.Context(), plan); err != nil {
		return err
	}
	defer s.clear(plan)
	_, err = s.run(cmd.Context(), plan, r.next(cmd, nil))
	return err
}

// clear removes the workspaces of a deploy, as they ended with the container of BitOps. Keys and passwords that hooks wrote are
// among what is in there.
func (s *session) clear(plan *schema.Plan) {
	lifecycle := s.lifecycle("", plan)
	done := map[schema.EnvironmentName]bool{}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if !step.Selected || done[step.Environment] {
			continue
		}
		done[step.Environment] = true
		if err := lifecycle.Clear(step); err != nil {
			s.say("bitops: warning: what hooks and tools wrote is not all removed: %v", err)
		}
	}
}

// approveHeld approves what the last deploy showed and held.
func (s *session) approveHeld(ctx context.Context, o *deployOptions, plan *schema.Plan) error {
	if len(o.approve) == 0 {
		return nil
	}
	held, err := s.lastHeld(ctx, plan.Command)
	if err == nil {
		s.approvals, err = o.approvals(nil, held)
	}
	return err
}

// environment returns which environment is to be deployed.
func (g *global) environment(cmd *cobra.Command) (schema.EnvironmentName, error) {
	name := g.variable("BITOPS_ENVIRONMENT")
	if older := g.variable("ENVIRONMENT"); name == "" && older != "" {
		g.say("bitops: warning: ENVIRONMENT is deprecated; set BITOPS_ENVIRONMENT")
		name = older
	}
	name = strings.TrimSuffix(name, "/")
	switch {
	case name == "":
		return "", usageError(cmd, errors.New("which environment? Set BITOPS_ENVIRONMENT to its name"))
	case !schema.EnvironmentName(name).Deployable():
		return "", usageError(cmd, fmt.Errorf("BITOPS_ENVIRONMENT: %q cannot be the name of an environment", name))
	}
	return schema.EnvironmentName(name), nil
}

// selectDependencies selects everything that a selected step depends on.
func selectDependencies(plan *schema.Plan) {
	steps := make(map[schema.StepName]*schema.Step, len(plan.Steps))
	var todo []*schema.Step
	for i := range plan.Steps {
		step := &plan.Steps[i]
		steps[step.Name] = step
		if step.Selected {
			todo = append(todo, step)
		}
	}
	for len(todo) > 0 {
		step := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, name := range step.DependsOn {
			if on := steps[name]; on != nil && !on.Selected {
				on.Selected = true
				todo = append(todo, on)
			}
		}
	}
}
