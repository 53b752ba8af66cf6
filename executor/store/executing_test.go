package store_test

import (
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// A run is executed by who says so in a lock. On another machine its process is given up once nothing was heard of it for
// the length of its lease, and no clock decides that for who keeps looking.
func TestExecuting(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		look := func(s *store.Store, run schema.RunID) (store.Holder, bool) {
			all, err := s.Executing(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			h, held := all[run]
			return h, held
		}
		l, err := one.Lock(t.Context(), of("a"), store.LockOptions{Lease: shortLease})
		if err != nil {
			t.Fatal(err)
		}
		if _, held := look(two, ""); held {
			t.Error("a holder without a run executes one")
		}
		if err := l.Working(anyRun); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(2 * shortLease); time.Now().Before(end); time.Sleep(shortLease / 10) {
			for _, s := range []*store.Store{one, two} {
				if h, held := look(s, anyRun); !held || h.Gone() {
					t.Fatalf("held: %t, by %+v", held, h)
				}
			}
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		if _, held := look(two, anyRun); held {
			t.Error("it is over, and executed")
		}

		const lost = "20261126-120000-000000"
		dead := startMachine(t, url)
		dead.Process.Kill()
		dead.Wait()
		if h, held := look(two, lost); !held || h.Gone() {
			t.Errorf("given up at the first look: held %t, by %+v", held, h)
		}
		deadline := time.Now().Add(time.Minute)
		for h, _ := look(two, lost); !h.Gone(); h, _ = look(two, lost) {
			if time.Now().After(deadline) {
				t.Fatal("it is never given up")
			}
			time.Sleep(shortLease / 10)
		}
	})
}
