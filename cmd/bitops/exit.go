package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// The exit codes of bitops; docs/exit-codes.md describes them.
const (
	exitDone    = 0
	exitFailed  = 1
	exitChanges = 2
	exitHeld    = 3
	exitUsage   = 64
	exitConfig  = 65
	exitUnfit   = 66
	exitLocked  = 75
	exitSignal  = 128 // plus the signal's number
)

// exitCode returns the exit code that tells how a command ended.
func exitCode(ctx context.Context, err error) int {
	var (
		stopped  *stoppedError
		usage    *command.UsageError
		problems schema.Problems
		locked   *store.LockedError
		changes  *command.ChangesExistError
		unfit    *command.PlanUnfitError
		notShown *command.NotShownError
		run      *command.RunError
	)
	switch {
	case errors.As(err, &run):
		if run.Followed && run.Report.Outcome == schema.Interrupted {
			return exitSignal + int(syscall.SIGINT) // its journal does not say by which signal
		}
		return runExitCode(ctx, run.Report)
	case errors.As(context.Cause(ctx), &stopped):
		return exitSignal + int(stopped.signal)
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &problems), schema.IsNoManifest(err):
		return exitConfig
	case errors.As(err, &unfit), errors.As(err, &notShown):
		return exitUnfit
	case errors.As(err, &locked):
		return exitLocked
	case errors.As(err, &changes):
		return exitChanges
	}
	return exitFailed
}

func runExitCode(ctx context.Context, report *schema.Report) int {
	switch report.Outcome {
	case schema.Interrupted:
		if stopped, ok := errors.AsType[*stoppedError](context.Cause(ctx)); ok {
			return exitSignal + int(stopped.signal)
		}
		return exitFailed
	case schema.Held:
		return exitHeld
	default:
		if report.Command == schema.CommandDeploy {
			return firstExitCode(report)
		}
		return exitFailed
	}
}

// firstExitCode returns the exit code of the program that failed in the first step that did, as BitOps does.
func firstExitCode(report *schema.Report) int {
	for i := range report.Steps {
		if step := &report.Steps[i]; step.Outcome == schema.Failed {
			if e := step.Error; e != nil && e.ExitCode > 0 && e.ExitCode < 256 {
				return e.ExitCode
			}
			return exitFailed
		}
	}
	return exitFailed
}
