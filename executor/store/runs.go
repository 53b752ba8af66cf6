package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bitops-engine/bitops/schema"
)

const runsIn = "runs/"

// Run returns the directory of a run that this machine executes.
func (s *Store) Run(id schema.RunID) string { return filepath.Join(s.dir, "runs", string(id)) }

// File opens a file of a run, whichever machine executed it. Its name is relative to the run's directory, with slashes.
// The error is fs.ErrNotExist when there is no such file.
func (s *Store) File(ctx context.Context, id schema.RunID, name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(s.Run(id), filepath.FromSlash(name)))
	if s.shared == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	content, err := s.shared.objects.Read(ctx, s.runName(id, name))
	if err != nil {
		return nil, s.shared.named(err)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// Logs returns the names of the logs that a run has.
func (s *Store) Logs(ctx context.Context, id schema.RunID) (map[string]bool, error) {
	names, err := directory{root: s.Run(id)}.List(ctx, "logs/")
	if s.shared != nil && err == nil && len(names) == 0 {
		names, err = s.shared.objects.List(ctx, s.runName(id, "logs/"))
		err = s.shared.named(err)
	}
	logs := make(map[string]bool, len(names))
	for _, name := range names {
		logs[strings.TrimPrefix(name, s.runName(id, ""))] = true
	}
	return logs, err
}

var runPattern = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

// Runs returns the ids of the runs in the store and in the checkout, in the order in which they began.
func (s *Store) Runs(ctx context.Context) ([]schema.RunID, error) {
	ids, err := s.runsIn(ctx, directory{root: s.dir})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	if s.shared != nil {
		shared, err := s.runsIn(ctx, s.shared.objects)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", s.shared.named(err))
		}
		ids = append(ids, shared...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func (s *Store) runsIn(ctx context.Context, o objects) ([]schema.RunID, error) {
	names, err := o.Folders(ctx, runsIn)
	var ids []schema.RunID
	for _, name := range names {
		if _, ok := schema.RunID(name).Began(); ok && runPattern.MatchString(name) {
			ids = append(ids, schema.RunID(name))
		}
	}
	return ids, err
}

// Prune removes the oldest runs until no more than keep are left. Those that must stay are never removed, and do not
// count. One that cannot be removed keeps no other.
func (s *Store) Prune(ctx context.Context, keep int, stays func(schema.RunID) bool) error {
	ids, err := s.Runs(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids[:max(0, len(ids)-keep)] {
		if stays(id) {
			continue
		}
		if err := s.removeRun(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("remove run %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// removals is how many objects are removed at once.
const removals = 16

func (s *Store) removeRun(ctx context.Context, id schema.RunID) error {
	err := errors.Join(os.RemoveAll(s.Run(id)), remove(s.pendingFile(runsIn+string(id))))
	if s.shared == nil {
		return err
	}
	names, listErr := s.shared.objects.List(ctx, s.runName(id, ""))
	if listErr != nil {
		return errors.Join(err, s.shared.named(listErr))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(removals)
	for _, name := range names {
		group.Go(func() error { return s.shared.objects.Delete(ctx, name) })
	}
	return errors.Join(err, s.shared.named(group.Wait()))
}
