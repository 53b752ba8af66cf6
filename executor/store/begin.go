package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// begunName is the file of a run that says which command began it, and which run that goes on with, if any: "apply",
// "apply 20261123-143005-1c7f3a". It is there before anything else of the run.
const begunName = "begun"

// Begin gives a run that begins its place behind all runs in the store, makes its directory, and returns its id. The ids
// sort as the runs began, whatever the clocks of the machines say: where the clock is not ahead of the last run, the id
// counts on from that. In a shared store the place is taken there before Begin returns, so the next run on another machine
// comes behind it, even if nothing else of this run ever arrives.
func (s *Store) Begin(ctx context.Context, command schema.Command, resumes schema.RunID, now time.Time) (schema.RunID, error) {
	for {
		ids, err := s.Runs(ctx)
		if err != nil {
			return "", err
		}
		if len(ids) > 0 {
			if last, ok := ids[len(ids)-1].Began(); ok && !now.Truncate(time.Millisecond).After(last) {
				now = last.Add(time.Millisecond)
			}
		}
		id := schema.NewRunID(now)
		err = s.claim(ctx, id, command, resumes)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return id, err
		}
	}
}

// claim takes the place of a run: first where others see it, so that the run can be missed there should it end here.
func (s *Store) claim(ctx context.Context, id schema.RunID, command schema.Command, resumes schema.RunID) error {
	content := []byte(strings.TrimSpace(string(command)+" "+string(resumes)) + "\n")
	if s.shared != nil {
		if err := s.shared.objects.Create(ctx, s.runName(id, begunName), content); err != nil {
			return fmt.Errorf("begin the run: %w", s.shared.named(err))
		}
	}
	err := s.makeRun(id, content)
	if errors.Is(err, fs.ErrExist) && s.shared != nil {
		_ = s.shared.objects.Delete(ctx, s.runName(id, begunName))
	}
	if err != nil {
		return fmt.Errorf("begin the run: %w", err)
	}
	return nil
}

// makeRun makes the directory of a run together with what it has to say from the first moment: one that is killed here
// leaves all or nothing of it.
func (s *Store) makeRun(id schema.RunID, content []byte) error {
	runs := filepath.Dir(s.Run(id))
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(runs, beginning)
	if err != nil {
		return err
	}
	err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, begunName), content, 0o644))
	if err == nil {
		err = os.Rename(dir, s.Run(id)) // there is none of that name, or it has something in it and this fails
	}
	if err != nil {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// beginning is how the name of a directory begins that is about to be that of a run.
const beginning = ".beginning-"

// Begun returns the command that began a run, and the run that it goes on with: "" where that is not known, or there is
// none. The run may be of an older bitops, or the disk was full.
func (s *Store) Begun(ctx context.Context, id schema.RunID) (command schema.Command, resumes schema.RunID, err error) {
	f, err := s.File(ctx, id, begunName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return "", "", nil // it was not written to its end
	}
	began, after, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	return schema.Command(began), schema.RunID(after), nil
}
