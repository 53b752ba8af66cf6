package command

import (
	"context"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/bitops-engine/bitops/environments/process"
)

// logged is a Runner that tells the debug log of every program: where it ran, how long, and how it ended. Arguments hold
// no secrets; variables can, and are not told.
type logged struct {
	process.Runner
	log hclog.Logger
}

var _ process.Runner = logged{}

// Run implements process.Runner.
func (l logged) Run(ctx context.Context, c process.Command) (process.Result, error) {
	if !l.log.IsDebug() {
		return l.Runner.Run(ctx, c)
	}
	words := strings.Join(append([]string{c.Name}, c.Args...), " ")
	l.log.Trace("program starts", "command", words, "dir", c.Dir)
	result, err := l.Runner.Run(ctx, c)
	if err != nil {
		l.log.Debug("program not started", "command", words, "dir", c.Dir, "error", err)
		return result, err
	}
	l.log.Debug("program ended", "command", words, "dir", c.Dir, "exit", result.ExitCode,
		"took", result.Duration, "cpu", result.CPU, "interrupted", result.Interrupted, "killed", result.Killed)
	return result, nil
}
