package command

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// A shared store that cannot be read for a moment does not end the following of a log.
func TestFollowedLogWaitsForTheStore(t *testing.T) {
	const run, step = schema.RunID("20261123-143005-abcdef"), schema.StepName("app/terraform")
	dir := t.TempDir()
	shared, err := store.OpenShared(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "runs", string(run), filepath.FromSlash(journal.LogName(step)))
	logs := filepath.Dir(log)
	if err := os.MkdirAll(filepath.Dir(logs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(logs, nil, 0o644); err != nil { // in the way of the directory
		t.Fatal(err)
	}
	mended := make(chan error, 1)
	time.AfterFunc(500*time.Millisecond, func() {
		err := os.Remove(logs)
		if err == nil {
			err = os.Mkdir(logs, 0o755)
		}
		if err == nil {
			err = os.WriteFile(log, []byte("a line\n"), 0o644)
		}
		mended <- err
	})
	var out bytes.Buffer
	h := history{store.View(t.TempDir()).Sharing(shared)}
	all := newGrowingLogs(&follower{h: h, run: run}, &out, []schema.StepName{step})
	report := &schema.Report{Run: run, Steps: []schema.StepReport{{StepSummary: schema.StepSummary{Name: step}, Outcome: schema.Succeeded}}}
	for out.Len() == 0 && t.Context().Err() == nil {
		if err := all.read(t.Context(), report); err != nil {
			t.Fatal(err)
		}
	}
	all.close()
	if err := <-mended; err != nil || out.String() != "a line\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
