package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

func TestRunsTakeTheirPlaces(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 30, 5, 123_400_000, time.UTC)
	for what, last := range map[string]string{
		"20261126-143005-07b": "", // there was none
		"20261126-143005-07c": "20261126-143005-07b000",
		"20270101-000000-000": "20261231-235959-3e7fff", // a clock that was ahead
		"20261126-143009-060": "20261126-143005-ffffff", // of an id that is not ours
	} {
		s, dir := open(t)
		if last != "" {
			begun(t, dir, last)
		}
		begun(t, dir, "99999999-999999-ffffff") // is no time
		id, err := s.Begin(t.Context(), schema.CommandApply, "", now)
		if err != nil || string(id)[:len(what)] != what {
			t.Errorf("after %q comes %s, %v; want %s", last, id, err, what)
		}
		if command, _, err := s.Begun(t.Context(), id); command != schema.CommandApply || err != nil {
			t.Errorf("%s was begun by %q, %v", id, command, err)
		}
	}
}

// begun makes a run as an earlier version left it.
func begun(t *testing.T, dir, id string) {
	t.Helper()
	err := os.MkdirAll(filepath.Join(dir, "runs", id), 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "runs", id, "journal.jsonl"), nil, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A run of which nothing else arrives has its place all the same, and one that is removed leaves nothing.
func TestAPlaceIsSeenElsewhere(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		ahead, behind := checkout(t, url), checkout(t, url)
		first, err := ahead.Begin(t.Context(), schema.CommandPlan, "", time.Now().AddDate(1, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		second, err := behind.Begin(t.Context(), schema.CommandDestroy, "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*store.Store{ahead, behind} {
			if ids, err := s.Runs(t.Context()); err != nil || !slices.Equal(ids, []schema.RunID{first, second}) {
				t.Errorf("%v, %v; want %s, %s", ids, err, first, second)
			}
			if command, _, err := s.Begun(t.Context(), second); command != schema.CommandDestroy || err != nil {
				t.Errorf("%s was begun by %q, %v", second, command, err)
			}
		}
		if err := behind.Prune(t.Context(), 1, nobody); err != nil {
			t.Fatal(err)
		}
		if ids, err := behind.Runs(t.Context()); err != nil || !slices.Equal(ids, []schema.RunID{second}) {
			t.Errorf("%v, %v; want %s", ids, err, second)
		}
	})
}

func TestARunNeedsTheStoreToBegin(t *testing.T) {
	storage := newStorage(t)
	s := checkout(t, storage.url)
	storage.away.Store(true)
	if id, err := s.Begin(t.Context(), schema.CommandApply, "", time.Now()); err == nil {
		t.Errorf("run %s began in a store that is away", id)
	}
}

// A run that is killed while it begins leaves all that its place says, or no place.
func TestThePlaceOfARunIsThereWithItsCommandOrNotAtAll(t *testing.T) {
	s := store.View(t.TempDir())
	id, err := s.Begin(t.Context(), schema.CommandApply, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(s.Run(id)))
	if err != nil || len(entries) != 1 || entries[0].Name() != string(id) {
		t.Fatal(entries, err)
	}
	if command, _, err := s.Begun(t.Context(), id); command != schema.CommandApply || err != nil {
		t.Errorf("it says %q, %v", command, err)
	}
	half := filepath.Join(filepath.Dir(s.Run(id)), ".beginning-1")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if ids, err := s.Runs(t.Context()); len(ids) != 1 || err != nil {
		t.Errorf("%v, %v: what was killed before counts as a run", ids, err)
	}
}
