package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Upload brings the files of a run to the shared store while it goes on, so that another machine can resume it when this
// one is lost. The files in the checkout are the ones that count: nothing waits for an upload, and what fails is tried
// again with the next, at the end, and by the next command. Of a store that is not shared there is nothing to do.
type Upload struct {
	store *Store
	run   schema.RunID
	more  chan struct{} // has something when there is
	stop  context.CancelFunc
	done  chan struct{}

	mu      sync.Mutex
	waiting []string // names below the run's directory, oldest first

	sent map[string]int64 // the sizes of the logs that are there; of the goroutine while it runs
}

// journalName and its like are the files of a run that are shared, beside its logs.
const journalName = "journal.jsonl"

var documents = []string{"plan.json", "outputs.json", "report.html", journalName}

// Upload begins to upload a run, whose directory is there.
func (s *Store) Upload(run schema.RunID) (*Upload, error) {
	if s.shared == nil {
		return nil, nil
	}
	marker := s.pendingFile(runsIn + string(run))
	err := os.MkdirAll(filepath.Dir(marker), 0o755)
	if err == nil {
		err = writeFile(marker, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("begin to upload the run: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	u := &Upload{store: s, run: run, more: make(chan struct{}, 1), stop: stop, done: make(chan struct{}), sent: map[string]int64{}}
	u.want("plan.json")
	go u.work(ctx)
	return u, nil
}

// Event takes note of what has happened. Logs are uploaded when their step has ended.
func (u *Upload) Event(e schema.Event) {
	if u == nil {
		return
	}
	if e.Type == schema.EventStepFinished {
		u.want("logs/" + e.Step.FileName() + ".log")
	}
	if e.Type == schema.EventStepFinished || e.Type == schema.EventStepStarted || e.Type == schema.EventRunStarted {
		u.want(journalName)
	}
}

// want has files uploaded soon.
func (u *Upload) want(names ...string) {
	u.mu.Lock()
	for _, name := range names {
		if !slices.Contains(u.waiting, name) {
			u.waiting = append(u.waiting, name)
		}
	}
	u.mu.Unlock()
	select {
	case u.more <- struct{}{}:
	default:
	}
}

// work uploads what is wanted until it is told to stop.
func (u *Upload) work(ctx context.Context) {
	defer close(u.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.more:
		}
		u.mu.Lock()
		names := u.waiting
		u.waiting = nil
		u.mu.Unlock()
		size := int64(0)
		for _, name := range names {
			sent, err := u.store.upload(ctx, u.run, name)
			size += sent
			if err != nil {
				u.want(name) // with the next event, or at the end
				size += failedSize
				continue
			}
			u.sent[name] = sent
		}
		if pause(ctx, pace(size)) != nil {
			return
		}
	}
}

// failedSize makes the next attempt wait after a failure.
const failedSize = 1 << 20

// pace is how long to rest after an upload: a journal is written anew each time, and one of many megabytes need not be
// there within the second.
func pace(size int64) time.Duration {
	return time.Duration(size>>10) * time.Millisecond
}

// Close uploads what is left. When it fails, the run is uploaded by the next command here.
func (u *Upload) Close() error {
	if u == nil {
		return nil
	}
	u.stop()
	<-u.done
	return u.store.uploadRun(u.run, u.sent)
}

// upload uploads one file of a run, and returns its size. One that is not there needs nothing.
func (s *Store) upload(ctx context.Context, run schema.RunID, name string) (int64, error) {
	content, err := os.ReadFile(filepath.Join(s.Run(run), filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return int64(len(content)), s.shared.named(s.shared.objects.Write(ctx, s.runName(run, name), content))
}

func (s *Store) runName(run schema.RunID, name string) string {
	return runsIn + string(run) + "/" + name
}

// uploadRun uploads the files of a run; sent are the sizes of those that are there already. The journal is last: when it
// has its end, everything else is there.
func (s *Store) uploadRun(run schema.RunID, sent map[string]int64) error {
	logs, err := os.ReadDir(filepath.Join(s.Run(run), "logs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var names []string
	for _, entry := range logs {
		name := "logs/" + entry.Name()
		info, err := entry.Info()
		if strings.HasSuffix(name, ".log") && (err != nil || sent[name] != info.Size()) {
			names = append(names, name)
		}
	}
	for _, name := range append(names, documents...) {
		if _, err := s.upload(context.Background(), run, name); err != nil {
			return err
		}
	}
	return remove(s.pendingFile(runsIn + string(run)))
}

// catchUpRun uploads a run that was not uploaded to its end, because its bitops was killed or the store was away.
func (s *Store) catchUpRun(name string, busy []Holder, tell func(string)) error {
	run := schema.RunID(name)
	if slices.ContainsFunc(busy, func(h Holder) bool { return h.Run == run }) {
		return nil
	}
	if _, err := os.Stat(s.Run(run)); !errors.Is(err, fs.ErrNotExist) {
		if err := s.uploadRun(run, nil); err != nil {
			return err
		}
		tell("run " + name + ", which was kept here, is in the run store now")
	}
	return remove(s.pendingFile(runsIn + name))
}
