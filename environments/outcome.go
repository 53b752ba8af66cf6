package environments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// errTimeout is why a step's context ended at its own timeout.
var errTimeout = errors.New("timeout")

func withTimeout(ctx context.Context, step *schema.Step) (context.Context, context.CancelFunc) {
	if step.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(step.Timeout), errTimeout)
}

// outcome judges how a step ended. ctx is the run's, stepCtx the step's own with its timeout.
func outcome(ctx, stepCtx context.Context, c *Call, result Result, err error) StepResult {
	_, refused := errors.AsType[*RefusedError](err)
	r := StepResult{Changes: result.Changes, Told: result.Told, Outputs: result.Outputs, Owed: c.Owed, Warnings: c.warned(), Refused: refused}
	stale, isStale := errors.AsType[*StaleError](err)
	held, isHeld := errors.AsType[*HeldError](err)
	switch {
	case isHeld:
		r.Outcome, r.Reason, r.Changes, r.Begun = schema.Held, held.Reason, held.Changes, true
	case isStale:
		r.Outcome, r.Reason = schema.Held, stale.Reason
	case err == nil && result.Deferred != "":
		r.Outcome, r.Reason = schema.Deferred, result.Deferred
		if result.Error != nil {
			r.Error = stepError(c.phase, result.Error)
		}
	case err == nil && result.Skipped != "":
		r.Outcome, r.Reason = schema.Skipped, result.Skipped
	case err == nil && result.Changes != nil && result.Changes.Empty():
		r.Outcome = schema.Unchanged
	case err == nil:
		r.Outcome = schema.Succeeded
	case ctx.Err() != nil:
		r.Outcome, r.Error = schema.Interrupted, stepError(c.phase, err)
	default:
		r.Outcome, r.Error = schema.Failed, stepError(c.phase, err)
		if errors.Is(context.Cause(stepCtx), errTimeout) {
			r.Error.Message = fmt.Sprintf("timeout: stopped because it took longer than %s; %s", c.Step.Timeout, r.Error.Message)
			r.Error.ExitCode = ownExitCode(r.Error.ExitCode)
		}
	}
	return r
}

// ownExitCode returns the exit code of a program that was stopped, and 1 where that only says which signal stopped it: no
// person interrupted it.
func ownExitCode(code int) int {
	if code > 128 {
		return 1
	}
	return code
}

func stepError(phase schema.Phase, err error) *schema.StepError {
	e := &schema.StepError{Message: err.Error(), Phase: phase}
	if f, ok := errors.AsType[*Failure](err); ok {
		e.ExitCode, e.Lines = f.ExitCode, f.Lines
	}
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		e.Resolve = refused.Hint
	}
	return e
}
