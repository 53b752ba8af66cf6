package store_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// inEachStore runs a test with stores in one checkout, in checkouts that share a directory, and in ones that share a bucket.
func inEachStore(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	t.Run("checkout", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), ".bitops")
		test(t, func() *store.Store {
			s, err := store.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		test(t, func() *store.Store { return checkout(t, url) })
	})
}

func claimant(name schema.EnvironmentName) schema.Claimant {
	return schema.Claimant{Step: name.Step("x"), Environment: name}
}

// Of several that claim a key at once, over whatever was claimed before, one succeeds. The others find it.
func TestOneOfSeveralClaims(t *testing.T) {
	const key = "terraform state in s3, bucket=b key=k"
	first := []schema.Claimant{claimant("old")}
	later := []schema.Claimant{claimant("newer"), claimant("old")}
	for name, claims := range map[string][][]schema.Claimant{
		"that nothing has": {}, "that one has": {first}, "that had several owners": {first, later},
	} {
		t.Run(name, func(t *testing.T) {
			inEachStore(t, func(t *testing.T, open func() *store.Store) {
				t.Helper()
				var was []schema.Claimant
				for _, next := range claims {
					if err := open().Claim(t.Context(), key, next, was); err != nil {
						t.Fatal(err)
					}
					was = next
				}
				var won atomic.Pointer[schema.Claimant]
				var group sync.WaitGroup
				for _, name := range []schema.EnvironmentName{"a", "b", "c", "d", "e", "f"} {
					s, me := open(), claimant(name)
					group.Go(func() {
						err := s.Claim(t.Context(), key, append([]schema.Claimant{me}, was...), was)
						switch {
						case err == nil && !won.CompareAndSwap(nil, &me):
							t.Errorf("%v and %v have it", won.Load(), me)
						case err != nil && !errors.Is(err, fs.ErrExist):
							t.Error(err)
						}
					})
				}
				group.Wait()
				now, err := open().Owners(t.Context(), key)
				if won.Load() == nil || err != nil || !slices.Equal(now, append([]schema.Claimant{*won.Load()}, was...)) {
					t.Errorf("%v won, and the owners are %v, %v", won.Load(), now, err)
				}
			})
		})
	}
}

// A claim of the first format says which steps, and another one can follow it.
func TestAClaimOfTheFirstFormat(t *testing.T) {
	url := "file://" + t.TempDir()
	s := checkout(t, url)
	const old = `{"version":1,"key":"K","step":"team/app/terraform","before":["b/terraform"]}`
	if err := openShared(t, url).Objects().Write(t.Context(), "owners/"+schema.HashBytes([]byte("K"))+".json", []byte(old)); err != nil {
		t.Fatal(err)
	}
	was := []schema.Claimant{{Step: "team/app/terraform", Environment: "team/app"}, {Step: "b/terraform", Environment: "b"}}
	if now, err := s.Owners(t.Context(), "K"); err != nil || !slices.Equal(now, was) {
		t.Errorf("%v, %v", now, err)
	}
	next := []schema.Claimant{claimant("a")}
	if err := s.Claim(t.Context(), "K", next, was); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Owners(t.Context(), "K"); err != nil || !slices.Equal(now, next) {
		t.Errorf("%v, %v", now, err)
	}
}

// A claim that was made and whose answer was lost is not somebody else's, when the client tries it again.
func TestAClaimWhoseAnswerWasLost(t *testing.T) {
	bucket := newStorage(t)
	s, me := checkout(t, bucket.url), []schema.Claimant{claimant("a")}
	bucket.loses.Store(true)
	if err := s.Claim(t.Context(), "K", me, nil); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Owners(t.Context(), "K"); err != nil || !slices.Equal(now, me) || bucket.loses.Load() {
		t.Errorf("%v, %v", now, err)
	}
}
