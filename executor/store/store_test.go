package store_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// The tests run themselves as other processes: one that saves without end, one that holds a lock, some that race.
func TestMain(m *testing.M) {
	switch os.Getenv("STORE_TEST_ROLE") {
	case "save":
		saveForever(os.Getenv("STORE_TEST_DIR"))
	case "lock":
		holdLock(os.Getenv("STORE_TEST_DIR"))
	case "race":
		race(os.Getenv("STORE_TEST_DIR"))
	}
	os.Exit(m.Run())
}

func saveForever(dir string) {
	s := store.View(dir)
	for n := 0; ; n++ {
		if err := s.Save(bigRecord(n), nil); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if n == 0 {
			fmt.Println("ready")
		}
	}
}

// startOther starts a role and waits until it is ready.
func startOther(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_ROLE="+role, "STORE_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%s says %q", role, line)
	}
	return cmd
}

func open(t *testing.T) (*store.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".bitops")
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// bigRecord takes several pages, all of which say the same number.
func bigRecord(n int) *schema.Record {
	r := &schema.Record{Version: 1, Step: "a/x", Environment: "a", Tool: "terraform", State: schema.StateDeployed, Outputs: schema.Values{}}
	for i := range 500 {
		r.Outputs[fmt.Sprintf("output_%d", i)] = schema.Text(fmt.Sprint(n))
	}
	return r
}

// However a process ends while it saves, the record is an old or a new one.
func TestSaveSurvivesKill(t *testing.T) {
	s, dir := open(t)
	for i := range 15 {
		cmd := startOther(t, "save", dir)
		time.Sleep(time.Duration(i) * 700 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		r, err := s.Record(t.Context(), "a/x")
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range r.Outputs {
			if v.String() != r.Outputs["output_0"].String() {
				t.Fatalf("%s is %s of another record than %s", name, v, r.Outputs["output_0"])
			}
		}
	}
	if err := s.Save(bigRecord(0), nil); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, "records")); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestRecordKeepsAllButSecrets(t *testing.T) {
	s, dir := open(t)
	password := schema.Text("hunter2hunter2")
	password.Sensitive = true
	saved := &schema.Record{
		Version: 1, Step: "prod/a/x", Environment: "prod/a", Tool: "terraform", State: schema.StatePartial, Run: "r",
		Time: time.Unix(1e9, 0).UTC(), Outputs: schema.Values{"password": password, "vpc": schema.Text("vpc-1")},
	}
	if err := s.Save(saved, nil); err != nil {
		t.Fatal(err)
	}
	r, err := s.Record(t.Context(), "prod/a/x")
	if err != nil {
		t.Fatal(err)
	}
	if !r.Outputs["password"].Sensitive || r.Outputs["password"].Known() || r.Outputs["vpc"].String() != `"vpc-1"` || r.Complete() {
		t.Errorf("read %v", r.Outputs)
	}
	saved.Outputs, r.Outputs = nil, nil
	if fmt.Sprint(saved) != fmt.Sprint(r) {
		t.Errorf("saved %v, read %v", saved, r)
	}
	_ = filepath.WalkDir(dir, func(file string, _ fs.DirEntry, _ error) error {
		if text, _ := os.ReadFile(file); strings.Contains(string(text), "hunter2") {
			t.Errorf("%s holds the secret", file)
		}
		return nil
	})
	if r, err := s.Record(t.Context(), "prod/b/x"); r != nil || err != nil {
		t.Errorf("of a step that never was: %v, %v", r, err)
	}
}

func TestDamagedRecords(t *testing.T) {
	s, dir := open(t)
	file := filepath.Join(dir, "records", "a~x.json")
	for text, want := range map[string]string{
		"":                                 "the record of a/x is damaged",
		"{\"version\":1,":                  "remove " + file + " and apply the step again",
		"\x00\x00\x00":                     "is damaged",
		`{"version":3,"step":"a/x"}`:       "newer bitops (version 3",
		`{"version":1,"step":"b/x"}`:       `it is one of "b/x"`,
		`{"version":3,"step":["a","x"]}`:   "newer bitops (version 3",
		`{"version":1,"step":["a","x"]}`:   "is damaged",
		`{"version":1,"outputs":{"a":[]}}`: "is damaged",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Record(t.Context(), "a/x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, r, err, want)
		}
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		// Root writes everywhere but where a file is in the way.
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "records"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "open the run store: ") {
			t.Errorf("Open returned %v", err)
		}
		return
	}
	s, dir := open(t)
	for _, d := range []string{filepath.Join(dir, "records"), dir} {
		if err := os.Chmod(d, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Chmod(d, 0o700); err != nil {
				t.Error(err)
			}
		})
	}
	if err := s.Save(bigRecord(0), nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "record a/x: ") {
		t.Errorf("Save returned %v", err)
	}
	if _, err := s.Lock(t.Context(), store.Holder{}, store.LockOptions{}); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "lock the run store: ") {
		t.Errorf("Lock returned %v", err)
	}
}

func nobody(schema.RunID) bool { return false }

func TestPruneKeepsTheNewest(t *testing.T) {
	s, dir := open(t)
	for n := range 60 {
		begun(t, dir, fmt.Sprintf("202611%02d-120000-0000%02x", n/3+1, n))
	}
	foreign := []string{"notes", "20261101-120000", "20261101-120000-000000-copy", "20261101-120000-00000G", ".20261101-120000-000000"}
	for _, name := range foreign {
		if err := os.MkdirAll(filepath.Join(dir, "runs", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "runs", "20250101-120000-000000")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(t.Context(), 50, nobody); err != nil {
		t.Fatal(err)
	}
	ids, err := s.Runs(t.Context())
	if err != nil || len(ids) != 50 || ids[0] != "20261104-120000-00000a" || ids[49] != "20261120-120000-00003b" {
		t.Errorf("%d left, from %s to %s, %v", len(ids), ids[0], ids[len(ids)-1], err)
	}
	for _, name := range append(foreign, filepath.Base(link)) {
		if _, err := os.Lstat(filepath.Join(dir, "runs", name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(outside, "file")); err != nil {
		t.Error(err)
	}
	if err := s.Prune(t.Context(), 100, nobody); err != nil {
		t.Error(err)
	}
}

func TestViewOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	s := store.View(dir)
	if r, err := s.Record(t.Context(), "a/x"); r != nil || err != nil {
		t.Errorf("Record: %v, %v", r, err)
	}
	if ids, err := s.Runs(t.Context()); len(ids) != 0 || err != nil {
		t.Errorf("Runs: %v, %v", ids, err)
	}
	if err := s.Prune(t.Context(), 50, nobody); err != nil {
		t.Errorf("Prune: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made the directory")
	}
}

func TestOpenLeavesAGitignoreAlone(t *testing.T) {
	_, dir := open(t)
	file := filepath.Join(dir, ".gitignore")
	if text, _ := os.ReadFile(file); string(text) != "*\n" {
		t.Errorf("%q", text)
	}
	if err := os.WriteFile(file, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(file); string(text) != "mine\n" {
		t.Errorf("%q", text)
	}
}

func FuzzRecord(f *testing.F) {
	small := bigRecord(1)
	small.Outputs = schema.Values{"a": schema.Text("1"), "b": {Sensitive: true}}
	text, err := json.Marshal(small)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	dir := f.TempDir()
	if _, err := store.Open(dir); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, "records", "a~x.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := store.View(dir).Record(t.Context(), "a/x"); (r == nil) == (err == nil) || r != nil && r.Step != "a/x" {
			t.Fatalf("%v, %v", r, err)
		}
	})
}
