package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// storage is an imitation of S3 with one bucket. It can go away, do what it is told and not say so, and forget what a
// conditional write is.
type storage struct {
	away, mute, unconditional atomic.Bool
	loses                     atomic.Bool // the answer to the next write
	url                       string
}

func newStorage(t testing.TB) *storage {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("shared"); err != nil {
		t.Fatal(err)
	}
	s := &storage{url: "s3://shared/team/app"}
	handler := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.away.Load() {
			http.Error(w, "away", http.StatusForbidden) // which nobody tries again, so that the tests are fast
			return
		}
		if s.mute.Load() {
			handler.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "mute", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPut && s.loses.CompareAndSwap(true, false) {
			handler.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "lost", http.StatusInternalServerError)
			return
		}
		if s.unconditional.Load() {
			r.Header.Del("If-None-Match")
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return s
}

func openShared(t testing.TB, url string) *store.Shared {
	t.Helper()
	shared, err := store.OpenShared(t.Context(), url, "/")
	if err != nil {
		t.Fatal(err)
	}
	return shared
}

// checkout is a store of its own that shares what is at url.
func checkout(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), ".bitops"))
	if err != nil {
		t.Fatal(err)
	}
	return s.Sharing(openShared(t, url))
}

// inEach runs a test in a bucket and in a directory.
func inEach(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("bucket", func(t *testing.T) { test(t, newStorage(t).url) })
	t.Run("directory", func(t *testing.T) { test(t, "file://"+filepath.Join(t.TempDir(), "shared")) })
}

func TestObjects(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		o, ctx := openShared(t, url).Objects(), t.Context()
		if _, err := o.Read(ctx, "a/b"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read of nothing: %v", err)
		}
		if names, err := o.List(ctx, "a/"); err != nil || len(names) > 0 {
			t.Errorf("list of nothing: %v, %v", names, err)
		}
		var created atomic.Int32
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				switch err := o.Create(ctx, "a/b", fmt.Append(nil, n)); {
				case err == nil:
					created.Add(1)
				case !errors.Is(err, fs.ErrExist):
					t.Error(err)
				}
			})
		}
		group.Wait()
		if created.Load() != 1 {
			t.Errorf("%d created one object", created.Load())
		}
		for _, name := range []string{"a/c~d.json", "a/d/e", "a/d/f", "b", "a/é"} {
			for _, text := range []string{"old", "new " + name} {
				if err := o.Write(ctx, name, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if text, err := o.Read(ctx, name); err != nil || string(text) != "new "+name {
				t.Errorf("%s is %q, %v", name, text, err)
			}
		}
		names, err := o.List(ctx, "a/")
		if err != nil || !slices.Equal(names, []string{"a/b", "a/c~d.json", "a/d/e", "a/d/f", "a/é"}) {
			t.Errorf("%q, %v", names, err)
		}
		if folders, err := o.Folders(ctx, "a/"); err != nil || !slices.Equal(folders, []string{"d"}) {
			t.Errorf("%q, %v", folders, err)
		}
		for range 2 {
			if err := o.Delete(ctx, "a/d/e"); err != nil {
				t.Error(err)
			}
		}
		if names, err := o.List(ctx, "a/d/"); err != nil || !slices.Equal(names, []string{"a/d/f"}) {
			t.Errorf("%q, %v", names, err)
		}
	})
}

// A store whose directory its group may write is for the group, all that is in it. Any other is for the user alone, and
// none is for everybody.
func TestDirectoryOfAGroup(t *testing.T) {
	for _, test := range []struct{ root, directories, files fs.FileMode }{
		{0o770 | fs.ModeSetgid, fs.ModeDir | 0o770 | fs.ModeSetgid, 0o660},
		{0o777, fs.ModeDir | 0o770, 0o660},
		{0o755, fs.ModeDir | 0o755, 0o600},
		{0o700, fs.ModeDir | 0o755, 0o600},
	} {
		root := t.TempDir()
		if err := os.Chmod(root, test.root); err != nil {
			t.Fatal(err)
		}
		o := openShared(t, "file://"+root).Objects()
		if err := errors.Join(o.Write(t.Context(), "a/b/c", nil), o.Create(t.Context(), "a/d", nil)); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]fs.FileMode{
			"a": test.directories, "a/b": test.directories, "a/b/c": test.files, "a/d": test.files,
		} {
			info, err := os.Stat(filepath.Join(root, name))
			if err != nil || info.Mode() != want {
				t.Errorf("in %v, %s is %v, not %v (%v)", test.root, name, info.Mode(), want, err)
			}
		}
	}
}

func TestOpenSharedSaysWhatIsWrong(t *testing.T) {
	newStorage(t)
	for url, want := range map[string]string{
		"s3://missing/x":         "run store s3://missing/x: there is no such bucket",
		"gs://bucket":            `there is no store for "gs" here; known are directories and s3, file; a bitops that is built with -tags gcs has it`,
		"ftp://x/y":              `there is no store for "ftp" here`,
		"/dev/null/x":            "open the run store /dev/null/x",
		"s3://shared?surprise=1": "surprise",
	} {
		if _, err := store.OpenShared(t.Context(), url, "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

func TestRecordsAreShared(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		if r, err := two.Record(t.Context(), "a/x"); r != nil || err != nil {
			t.Errorf("before: %v, %v", r, err)
		}
		password := schema.Text("hunter2hunter2")
		password.Sensitive = true
		record := bigRecord(7)
		record.Outputs["password"] = password
		if err := one.Save(record, nil); err != nil {
			t.Fatal(err)
		}
		r, err := two.Record(t.Context(), "a/x")
		if err != nil || r == nil || r.Outputs["output_3"].String() != `"7"` || r.Outputs["password"].Known() {
			t.Fatalf("%v, %v", r, err)
		}
		text, err := openShared(t, url).Objects().Read(t.Context(), "records/a~x.json")
		if err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("%s, %v", text, err)
		}
		if err := two.Forget(&schema.Record{Step: "a/x"}); err != nil {
			t.Fatal(err)
		}
		if r, err := one.Record(t.Context(), "a/x"); r != nil || err != nil {
			t.Errorf("after: %v, %v", r, err)
		}
	})
}

func TestPlansAreAppliedOnceAmongAll(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		id := strings.Repeat("0f", 16)
		if err := checkout(t, url).MarkApplied(id, "20261126-120000-000000"); err != nil {
			t.Fatal(err)
		}
		run, applied, err := checkout(t, url).Applied(id)
		if run != "20261126-120000-000000" || !applied || err != nil {
			t.Errorf("%v, %v, %v", run, applied, err)
		}
		if _, applied, err := checkout(t, url).Applied(strings.Repeat("0e", 16)); applied || err != nil {
			t.Errorf("another: %v, %v", applied, err)
		}
	})
}

// What a bucket that is away was to hold is kept, and written there later unless others have written since.
func TestRecordsOutliveABucketThatIsAway(t *testing.T) {
	storage := newStorage(t)
	s := checkout(t, storage.url)
	old := bigRecord(1)
	for _, step := range []schema.StepName{"a/x", "b/x"} {
		old.Step = step
		if err := s.Save(old, nil); err != nil {
			t.Fatal(err)
		}
	}
	storage.away.Store(true)
	for n, step := range []schema.StepName{"b/x", "a/x", "a/x"} {
		r := bigRecord(10 + n)
		r.Step = step
		if err := s.Save(r, nil); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := s.Record(t.Context(), "a/x"); err != nil || r.Outputs["output_0"].String() != `"12"` {
		t.Fatalf("%v, %v", r, err)
	}
	if err := s.Unsent(); err == nil || !strings.Contains(err.Error(), "2 records are missing there") {
		t.Errorf("kept: %v", err)
	}
	if err := s.CatchUp(func(string) {}); err == nil {
		t.Error("caught up with a bucket that is away")
	}
	storage.away.Store(false)
	other := bigRecord(99) // another machine was faster
	other.Step = "b/x"
	if err := checkout(t, storage.url).Save(other, nil); err != nil {
		t.Fatal(err)
	}
	var told []string
	if err := s.CatchUp(func(text string) { told = append(told, text) }); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(told, "\n"); len(told) != 2 || !strings.Contains(all, "older than what others have written since, and left: records/b~x.json") {
		t.Errorf("told:\n%s", all)
	}
	for step, want := range map[schema.StepName]string{"a/x": `"12"`, "b/x": `"99"`} {
		for _, s := range []*store.Store{s, checkout(t, storage.url)} {
			if r, err := s.Record(t.Context(), step); err != nil || r.Outputs["output_0"].String() != want {
				t.Errorf("%s is %v, %v, want %s", step, r.Outputs["output_0"], err, want)
			}
		}
	}
	if err := s.Unsent(); err != nil {
		t.Error(err)
	}
}

// run writes the files of a run, and returns what uploads it.
// A machine stands still until its lock is somebody else's, and what it then records of its step is not what is there.
func TestRecordsOfOthersStay(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		if err := errors.Join(one.Save(bigRecord(1), nil), one.SaveKept(t.Context(), "a/x", "hash", []byte("files"))); err != nil {
			t.Fatal(err)
		}
		if _, err := two.Record(t.Context(), "a/x"); err != nil {
			t.Fatal(err)
		}
		if err := two.Save(bigRecord(2), nil); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"save": one.Save(bigRecord(3), nil), "forget": one.Forget(&schema.Record{Step: "a/x"})} {
			if _, ok := errors.AsType[*store.OvertakenError](err); !ok {
				t.Errorf("%s returned %v", what, err)
			}
		}
		if r, err := two.Record(t.Context(), "a/x"); err != nil || r == nil || r.Outputs["output_0"].String() != `"2"` {
			t.Errorf("%v, %v", r, err)
		}
		if files, err := two.Kept(t.Context(), "a/x", "hash"); string(files) != "files" || err != nil {
			t.Errorf("kept: %q, %v", files, err)
		}
		if _, err := one.Record(t.Context(), "a/x"); err != nil { // as whoever has the lock does first
			t.Fatal(err)
		}
		if err := one.Save(bigRecord(4), nil); err != nil {
			t.Error(err)
		}
	})
}

// A bucket goes away while it writes: nobody knows what is there. What comes next is not taken for older than that.
func TestRecordsOutliveAnswersThatAreLost(t *testing.T) {
	storage := newStorage(t)
	s := checkout(t, storage.url)
	save := func(n int) {
		t.Helper()
		if err := s.Save(bigRecord(n), nil); err != nil {
			t.Fatal(err)
		}
	}
	save(1)
	storage.mute.Store(true)
	save(2)
	storage.away.Store(true)
	save(3)
	storage.away.Store(false)
	storage.mute.Store(false)
	if r, err := s.Record(t.Context(), "a/x"); err != nil || r.Outputs["output_0"].String() != `"3"` {
		t.Errorf("here it is %v, %v", r.Outputs["output_0"], err)
	}
	if err := s.CatchUp(func(string) {}); err != nil {
		t.Fatal(err)
	}
	if r, err := checkout(t, storage.url).Record(t.Context(), "a/x"); err != nil || r.Outputs["output_0"].String() != `"3"` {
		t.Errorf("there it is %v, %v", r.Outputs["output_0"], err)
	}
}

func run(t *testing.T, s *store.Store, id schema.RunID) *store.Upload {
	t.Helper()
	write(t, s, id, "journal.jsonl", "begin\n")
	write(t, s, id, "plan.json", "plan")
	write(t, s, id, "artifacts/a~x/plan", "a secret")
	up, err := s.Upload(id)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

func write(t *testing.T, s *store.Store, id schema.RunID, name, text string) {
	t.Helper()
	file := filepath.Join(s.Run(id), name)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, s *store.Store, id schema.RunID, name string) string {
	t.Helper()
	f, err := s.File(t.Context(), id, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// eventually waits for what other goroutines are about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened that " + what)
		}
	}
}

const anyRun schema.RunID = "20261126-120000-000000"

func TestRunsAreUploadedWhileTheyGoOn(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		here, there := checkout(t, url), checkout(t, url)
		up := run(t, here, anyRun)
		up.Event(schema.Event{Type: schema.EventStepStarted, Step: "a/x"})
		eventually(t, "the journal is there", func() bool { return content(t, there, anyRun, "journal.jsonl") == "begin\n" })
		if ids, err := there.Runs(t.Context()); err != nil || !slices.Equal(ids, []schema.RunID{anyRun}) {
			t.Errorf("%v, %v", ids, err)
		}
		write(t, here, anyRun, "logs/a~x.log", "log")
		write(t, here, anyRun, "journal.jsonl", "begin\nstep\n")
		up.Event(schema.Event{Type: schema.EventStepFinished, Step: "a/x"})
		eventually(t, "the log is there", func() bool { return content(t, there, anyRun, "logs/a~x.log") == "log" })
		eventually(t, "the journal grows", func() bool { return content(t, there, anyRun, "journal.jsonl") == "begin\nstep\n" })
		write(t, here, anyRun, "logs/a~x.log", "log and more")
		write(t, here, anyRun, "logs/b~x.log", "another")
		write(t, here, anyRun, "journal.jsonl", "begin\nstep\nend\n")
		if err := up.Close(); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"journal.jsonl": "begin\nstep\nend\n", "plan.json": "plan", "outputs.json": "absent", "logs/a~x.log": "log and more",
			"logs/b~x.log": "another", "artifacts/a~x/plan": "absent",
		} {
			if got := content(t, there, anyRun, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, s := range []*store.Store{here, there} {
			logs, err := s.Logs(t.Context(), anyRun)
			if err != nil || len(logs) != 2 || !logs["logs/b~x.log"] {
				t.Errorf("%v, %v", logs, err)
			}
		}
		if err := there.Prune(t.Context(), 0, nobody); err != nil {
			t.Fatal(err)
		}
		if names, err := openShared(t, url).Objects().List(t.Context(), "runs/"); err != nil || len(names) > 0 {
			t.Errorf("left: %v, %v", names, err)
		}
	})
}

// A run that could not be uploaded is uploaded later: because the bucket was away, or because nothing was left to do it.
func TestRunsThatAreKept(t *testing.T) {
	storage := newStorage(t)
	s := checkout(t, storage.url)
	storage.away.Store(true)
	up := run(t, s, anyRun)
	up.Event(schema.Event{Type: schema.EventStepFinished, Step: "a/x"})
	if err := up.Close(); err == nil || !strings.Contains(err.Error(), "run store "+storage.url) {
		t.Errorf("uploaded to a bucket that is away: %v", err)
	}
	storage.away.Store(false)
	lock, err := s.Lock(t.Context(), of("a"), store.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Working(anyRun); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"absent", "begin\n"} {
		if err := s.CatchUp(func(string) {}); err != nil {
			t.Fatal(err)
		}
		if got := content(t, checkout(t, storage.url), anyRun, "journal.jsonl"); got != want {
			t.Errorf("the journal is %q, want %q", got, want)
		}
		if err := lock.Release(); err != nil { // until now the run was at work
			t.Fatal(err)
		}
	}
}

func TestLocksKeepOtherMachinesOut(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		first, locked := try(t, one, of("a", "b"))
		if locked != nil {
			t.Fatal(locked)
		}
		if err := first.Working(anyRun); err != nil {
			t.Fatal(err)
		}
		_, locked = try(t, two, of("b", "c"))
		if locked == nil || !strings.Contains(locked.Error(), "another bitops is at work in b: apply, run "+string(anyRun)+", process ") {
			t.Errorf("%v", locked)
		}
		second, locked := try(t, two, of("c"))
		if locked != nil {
			t.Fatal(locked)
		}
		holders, err := two.Holders(t.Context())
		if err != nil || len(holders) != 2 || holders[0].Run != anyRun {
			t.Errorf("%v, %v", holders, err)
		}
		for _, l := range []store.Lock{first, second, first} {
			if err := l.Release(); err != nil {
				t.Fatal(err)
			}
		}
		if _, locked := try(t, two, of("a", "b", "c")); locked != nil {
			t.Error(locked)
		}
		for n := range 12 { // tables and heartbeats that nobody needs are removed
			l, err := one.Lock(t.Context(), of("x"), store.LockOptions{})
			if err == nil {
				err = l.Release()
			}
			if err != nil {
				t.Fatal(n, err)
			}
		}
		o := openShared(t, url).Objects()
		tables, _ := o.List(t.Context(), "locks/")
		hearts, _ := o.List(t.Context(), "heartbeats/")
		if len(tables) > 5 || len(hearts) != 1 {
			t.Errorf("%d tables and %d heartbeats are left", len(tables), len(hearts))
		}
	})
}

func TestLockWithoutConditionalWrites(t *testing.T) {
	storage := newStorage(t)
	storage.unconditional.Store(true)
	_, err := checkout(t, storage.url).Lock(t.Context(), of("a"), store.LockOptions{})
	if err == nil || !strings.Contains(err.Error(), "does not know conditional writes") {
		t.Errorf("%v", err)
	}
}

const shortLease = 600 * time.Millisecond

// A holder that lives keeps its lock for longer than its lease; one that is dead loses it, but not earlier than that, and
// not because of any clock on a wall.
func TestLeases(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		h := of("a")
		h.Since = time.Now().Add(-240 * time.Hour) // its clock is wrong
		l, err := one.Lock(t.Context(), h, store.LockOptions{Lease: shortLease})
		if err != nil {
			t.Fatal(err)
		}
		_, err = two.Lock(t.Context(), of("a"), store.LockOptions{Timeout: 3 * shortLease})
		if _, ok := errors.AsType[*store.LockedError](err); !ok {
			t.Fatalf("taken from the living: %v", err)
		}
		if err := l.Assured(); err != nil {
			t.Error(err)
		}
		dead := startMachine(t, url)
		begun := time.Now()
		dead.Process.Kill()
		dead.Wait()
		taken, err := two.Lock(t.Context(), of("network"), store.LockOptions{Timeout: time.Minute})
		if took := time.Since(begun); err != nil || took < shortLease {
			t.Fatalf("after %s: %v", took, err)
		}
		if err := taken.Release(); err != nil {
			t.Error(err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
}

func TestALockThatIsTakenAway(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		one, two := checkout(t, url), checkout(t, url)
		l, err := one.Lock(t.Context(), of("a"), store.LockOptions{Lease: shortLease})
		if err != nil {
			t.Fatal(err)
		}
		holders, err := two.HoldersOf(t.Context(), "a")
		if err != nil || len(holders) != 1 {
			t.Fatal(holders, err)
		}
		if err := two.Take(t.Context(), holders[0]); err != nil {
			t.Fatal(err)
		}
		if _, locked := try(t, two, of("a")); locked != nil {
			t.Error(locked)
		}
		<-l.Gone().Done()
		if _, ok := errors.AsType[*store.LostLockError](context.Cause(l.Gone())); !ok {
			t.Error(context.Cause(l.Gone()))
		}
		if err := l.Assured(); err == nil {
			t.Error("it may go on")
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
		if _, locked := try(t, one, of("a")); locked == nil {
			t.Error("giving back what was taken gave it to everybody")
		}
	})
}

// While the bucket is away nothing new starts, early enough before others could take the lock.
func TestLockOfABucketThatIsAway(t *testing.T) {
	storage := newStorage(t)
	l, err := checkout(t, storage.url).Lock(t.Context(), of("a"), store.LockOptions{Lease: shortLease})
	if err != nil {
		t.Fatal(err)
	}
	storage.away.Store(true)
	eventually(t, "nothing new is started", func() bool { return l.Assured() != nil })
	if err := l.Assured(); !strings.Contains(err.Error(), "nothing new is started: "+storage.url+" could not be reached for") {
		t.Error(err)
	}
	if err := l.Release(); err == nil || !strings.Contains(err.Error(), "it ends by itself after 600ms") {
		t.Errorf("given back: %v", err)
	}
	if l.Gone().Err() == nil {
		t.Error("it still watches")
	}
}
