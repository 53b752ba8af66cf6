package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/schema"
)

// files returns the files of a zip archive, name and content by turns.
func files(t testing.TB, content []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Name, string(text))
	}
	return all
}

// The digest is the one that sha256sum prints of plan.json, and no artifact can be another one under it.
func TestDigestStandsForAllThatIsApplied(t *testing.T) {
	whole := files(t, content(t))
	a, err := archive.Read("p", content(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(whole[1]))
	if whole[0] != "plan.json" || a.Digest != "sha256:"+hex.EncodeToString(sum[:]) || !a.Complete() {
		t.Errorf("digest %s of %s", a.Digest, whole[0])
	}
	const artifact = "artifacts/a~x/terraform.plan"
	at := func(name string) int {
		for i := 0; i < len(whole); i += 2 {
			if whole[i] == name {
				return i
			}
		}
		t.Fatalf("there is no %s", name)
		return 0
	}(artifact)
	for name, c := range map[string]struct {
		change func([]string) []string
		want   string
	}{
		"an artifact was swapped": {func(all []string) []string {
			all[at+1] = "evil"
			return all
		}, artifact + " is not the one that the plan was made with"},
		"an artifact was renamed": {func(all []string) []string {
			all[at] = "artifacts/b~x/terraform.plan"
			return all
		}, "artifacts/b~x/terraform.plan was added after the plan was made"},
		"an artifact was added": {func(all []string) []string {
			return append(all, "artifacts/a~x/more", "evil")
		}, "artifacts/a~x/more was added after the plan was made"},
		"an artifact was removed": {func(all []string) []string {
			return append(all[:at:at], all[at+2:]...)
		}, artifact + " is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := archive.Read("p", zipped(t, c.change(files(t, content(t)))...))
			if damaged, ok := errors.AsType[*archive.DamagedError](err); !ok || damaged.Reason != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestPlansOfTheFirstVersionAreRead(t *testing.T) {
	a, err := archive.Read("p", zipped(t, "plan.json", small, "artifacts/a~x/terraform.plan", "plan"))
	if err != nil || a.Complete() {
		t.Fatalf("%v", err)
	}
	if err := a.Extract(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// A byte that is wrong anywhere is found when the file is read: nothing is left to fail later.
func TestEveryDamagedByteIsFound(t *testing.T) {
	whole := content(t)
	for i := range whole {
		text := bytes.Clone(whole)
		text[i] ^= 0x55
		a, err := archive.Read("p", text)
		if _, ok := errors.AsType[*archive.DamagedError](err); err != nil && !ok {
			t.Errorf("byte %d: %v", i, err)
		}
		if err == nil && a.Extract(t.TempDir()) != nil {
			t.Errorf("byte %d is only found when the plan is unpacked", i)
		}
	}
}

// What takes a lot of memory for few bytes is refused before it takes any.
func TestBombs(t *testing.T) {
	plan := func(rest string) []byte { return zipped(t, "plan.json", `{"version":2,"id":"x",`+rest+`}`) }
	many := func(n int, element string) string { return "[" + strings.Repeat(element+",", n-1) + element + "]" }
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"five million steps": {plan(`"report":{"steps":` + many(5_000_000, "{}") + `}`), "too large: it has more than 5000000 values"},
		"steps":              {plan(`"report":{"steps":` + many(150_000, "{}") + `}`), "150000 steps, and no plan has more than 100000"},
		"steps under two keys": {
			plan(`"report":{"steps":` + many(90_000, "{}") + `,"Steps":` + many(90_000, "{}") + `}`), "180000 steps",
		},
		"steps in two reports": {
			plan(`"report":{"steps":` + many(90_000, "{}") + `},"report":{"steps":` + many(90_000, "{}") + `}`), "180000 steps",
		},
		"resources":         {plan(`"report":{"steps":[{"changes":{"resources":` + many(3_000_000, "{}") + `}}]}`), "values"},
		"a long text":       {plan(`"report":{"steps":[]},"bitops":"` + strings.Repeat("x", 257<<20) + `"`), "damaged or too large"},
		"nested too deeply": {plan(`"report":{"steps":[{"outputs":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}]}`), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := archive.Read("p", c.content)
			runtime.ReadMemStats(&after)
			if damaged, ok := errors.AsType[*archive.DamagedError](err); !ok || !strings.Contains(damaged.Reason, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 128<<20 {
				t.Errorf("a file of %d bytes took %d MB", len(c.content), took>>20)
			}
		})
	}
}

// A file that says it is larger than an artifact may be is refused before it is unpacked.
func TestLargeArtifact(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("plan.json")
	if err == nil {
		_, err = io.WriteString(w, small)
	}
	if err == nil {
		w, err = z.CreateRaw(&zip.FileHeader{Name: "artifacts/a/b", UncompressedSize64: 3 << 30, CompressedSize64: 1})
	}
	if err == nil {
		_, err = w.Write([]byte("x"))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = archive.Read("p", out.Bytes())
	if err == nil || !strings.Contains(err.Error(), "artifacts/a/b is too large") {
		t.Error(err)
	}
}

func TestSignature(t *testing.T) {
	sign := func(digest string) (*archive.Signature, error) {
		return &archive.Signature{Statement: []byte(digest), Armor: []byte("signed")}, nil
	}
	text, digest, err := archive.Bytes(aPlan(), t.TempDir(), sign)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Read("p", text)
	if err != nil || a.Signature == nil || string(a.Signature.Statement) != digest || string(a.Signature.Armor) != "signed" || digest != a.Digest {
		t.Errorf("%v: %+v", err, a)
	}
	if _, err := archive.Read("p", zipped(t, "plan.json", small, "signed.json", "x")); err == nil || !strings.Contains(err.Error(), "half of its signature") {
		t.Error(err)
	}
	failing := func(string) (*archive.Signature, error) { return nil, errors.New("no key") }
	if _, _, err := archive.Bytes(aPlan(), t.TempDir(), failing); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Error(err)
	}
}

// Whatever the bytes are, reading them ends in a plan or in a *DamagedError, and what is read has just the artifacts that its
// digests name, inside of the directory.
func FuzzRead(f *testing.F) {
	f.Add(content(f))
	f.Add(zipped(f, "plan.json", small, "artifacts/a/b", "c"))
	f.Add(zipped(f, "plan.json", small, "artifacts/../b", "c"))
	f.Add(zipped(f, "plan.json", strings.Replace(small, `"version":1`, `"version":2,"artifacts":{"a":"sha256:1"}`, 1), "artifacts/a", "c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := archive.Read("p", text)
		if err != nil {
			if _, ok := errors.AsType[*archive.DamagedError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := a.Extract(dir); err != nil {
			t.Fatalf("what was read cannot be unpacked: %v", err)
		}
		if entries, _ := os.ReadDir(outer); len(entries) != 1 {
			t.Fatalf("outside of the directory: %v", entries)
		}
		for name, digest := range a.Plan.Artifacts {
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if sum := sha256.Sum256(text); err != nil || digest != "sha256:"+hex.EncodeToString(sum[:]) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}

// FuzzPlan reads a plan.json as it may have been changed by hand.
func FuzzPlan(f *testing.F) {
	f.Add(files(f, content(f))[1])
	f.Add(small)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := archive.Read("p", zipped(t, "plan.json", text))
		if err != nil {
			return
		}
		if _, err := json.Marshal(a.Plan); err != nil || a.Plan.Version > schema.SavedPlanVersion {
			t.Fatal(err)
		}
	})
}
