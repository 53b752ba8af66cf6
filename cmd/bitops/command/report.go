package command

import (
	"errors"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// Report shows on standard error why a command did not do what it was asked for. What a run came to has been shown by
// its view already.
func Report(w *World, err error) {
	g := &global{World: w}
	if problems, ok := errors.AsType[schema.Problems](err); ok && !isUsage(err) {
		_ = view.Problems(w.Err, problems, g.colors(w.Err), "")
		return
	}
	if _, ok := errors.AsType[*RunError](err); ok {
		return
	}
	if _, ok := errors.AsType[*ChangesExistError](err); ok {
		return
	}
	w.say("bitops: %v", err)
}

func isUsage(err error) bool {
	_, ok := errors.AsType[*UsageError](err)
	return ok
}
