package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// defaultHistory is how many runs are kept.
const defaultHistory = 50

// openStore opens the run store to write in it.
func (r *repository) openStore(ctx context.Context) (*store.Store, error) {
	s, err := store.Open(r.store())
	if err != nil {
		return nil, err
	}
	return r.sharing(ctx, s.Finding(r.Left))
}

// viewStore opens the run store to look at it. Nothing is made where there is none.
func (r *repository) viewStore(ctx context.Context) (*store.Store, error) {
	return r.sharing(ctx, store.View(r.store()).Finding(r.Left))
}

// sharing returns the store together with what it shares with other machines, if the command line or the manifest says
// so.
func (r *repository) sharing(ctx context.Context, s *store.Store) (*store.Store, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	name := r.storeName
	if name == "" {
		name, here = r.manifest.Settings.Store, r.root
	}
	if name == "" || filepath.Join(here, name) == r.store() || name == r.store() {
		return s, nil
	}
	if r.shared == nil {
		if r.shared, err = store.OpenShared(ctx, name, here); err != nil {
			return nil, r.misnamed(err)
		}
	}
	return s.Sharing(r.shared), nil
}

// misnamed says where a store is named that there is none of.
func (r *repository) misnamed(err error) error {
	_, unknown := errors.AsType[*store.UnknownStoreError](err)
	switch {
	case unknown && r.storeName != "":
		return &UsageError{Command: "bitops", Err: err}
	case unknown:
		return r.placed(schema.Problems{schema.Errorf(schema.Position{File: r.manifest.File}, "%v", err)})
	}
	return err
}

// catchUp writes to the shared store what earlier commands here could not.
func (s *session) catchUp() error {
	return s.store.CatchUp(func(text string) { s.say("bitops: %s", text) })
}

// prune makes room for the runs to come.
func (s *session) prune(ctx context.Context) error {
	return history{s.store}.prune(ctx, cmp.Or(int(s.manifest.Settings.History), defaultHistory))
}

// NotUploadedError says that a run has ended, and that others cannot see all of it yet.
type NotUploadedError struct {
	Run schema.RunID
	Err error
}

func (e *NotUploadedError) Error() string {
	return fmt.Sprintf("run %s has ended, but not all of it is in the run store: %v. What is missing is kept in .bitops, and written there "+
		"by the next bitops that changes or plans something here", e.Run, e.Err)
}

func (e *NotUploadedError) Unwrap() error { return e.Err }

// settle uploads what is left of a run. That it failed is said, and is the run's error when it has no other.
func (s *session) settle(id schema.RunID, up *store.Upload, err error) error {
	failed := up.Close()
	if failed == nil {
		failed = s.store.Unsent()
	}
	if failed == nil {
		return err
	}
	missing := &NotUploadedError{Run: id, Err: failed}
	if err == nil {
		return missing
	}
	s.say("bitops: %v", missing)
	return err
}
