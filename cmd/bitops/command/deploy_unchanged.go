package command

import (
	"context"
	"errors"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// skipVariable asks for nothing to be done where the last commit changed nothing of what would be deployed.
const skipVariable = "SKIP_IF_NO_ENVIRONMENT_CHANGES"

// unchangedInGit reports whether nothing is to be done because of skipVariable, and says so. When git cannot tell, that is
// said, and the deployment goes on.
func (r *repository) unchangedInGit(ctx context.Context, plan *schema.Plan) (bool, error) {
	switch strings.ToLower(r.variable(skipVariable)) {
	case "", "false", "no", "off", "0":
		return false, nil
	}
	paths := append([]string{r.defaultFolder()}, r.manifest.Files...)
	for i := range plan.Steps {
		if step := &plan.Steps[i]; step.Selected {
			paths = append(paths, step.EnvironmentPath)
		}
	}
	changed, err := r.changedSince(ctx, "HEAD^", paths)
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil:
		r.say("bitops: warning: %s: whether anything has changed cannot be told, so it is deployed: %v", skipVariable, err)
		return false, nil
	case changed:
		return false, nil
	}
	var names []string
	for _, name := range selectedEnvironments(plan) {
		names = append(names, string(name))
	}
	r.say("bitops: the last commit changed nothing of %s; nothing is done (%s)", strings.Join(names, ", "), skipVariable)
	return true, nil
}

// changedSince asks git whether any of the paths, relative to the repository, differs between a commit and HEAD.
func (r *repository) changedSince(ctx context.Context, commit string, paths []string) (bool, error) {
	args := []string{"diff", "--quiet", commit, "HEAD", "--"}
	for _, p := range paths {
		args = append(args, ":(literal)"+p)
	}
	code, said, err := r.git(ctx, args...)
	switch {
	case err != nil:
		return false, err
	case code > 1:
		return false, errors.New(said)
	}
	return code == 1, nil
}

// git runs git in the repository and returns its exit code and the first line that it printed.
func (r *repository) git(ctx context.Context, args ...string) (code int, said string, err error) {
	line := func(l process.Line) {
		if said == "" {
			said = l.Text
		}
	}
	result, err := r.Runner.Run(ctx, process.Command{
		Name: "git", Args: args, Dir: r.root, Env: r.Environ, Stdout: line, Stderr: line,
	})
	return result.ExitCode, said, err
}
