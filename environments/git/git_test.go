package git

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments/process"
)

// must runs git for a test, and returns what it prints.
func must(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return out.String()
}

func open(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), process.Local{}, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null"), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// odd are names that a line, a shell or an option could be mistaken for.
var odd = []string{"a b", "a\nb", `a"b'c`, "ü", "-x", "--output=x", "a\tb", `a\b`, ":(top)x", "a\r\nb", "x/ y /z", "*"}

func TestChangesOfOddNames(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, "init", "-q")
	must(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
	for _, name := range odd {
		write(t, dir, name, name)
	}
	for key, value := range map[string]string{ // settings of a person change nothing
		"color.ui": "always", "core.quotePath": "false", "diff.external": "/bin/false", "diff.renames": "copies",
		"diff.noprefix": "true", "diff.ignoreSubmodules": "all", "status.showUntrackedFiles": "no",
	} {
		must(t, dir, "config", key, value)
	}
	r := open(t, dir)
	check := func(from, to, how string) {
		t.Helper()
		changes, err := r.Changes(t.Context(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range changes {
			names = append(names, c.Path)
			if c.How() != how {
				t.Errorf("%q %s, not %s", c.Path, c.How(), how)
			}
		}
		slices.Sort(names)
		if want := slices.Sorted(slices.Values(odd)); !slices.Equal(names, want) {
			t.Errorf("got  %q\nwant %q", names, want)
		}
	}
	must(t, dir, "config", "diff.orderFile", "/nowhere")
	check("HEAD", "", "is new")
	must(t, dir, "config", "--unset", "diff.orderFile")
	must(t, dir, "add", "-A")
	must(t, dir, "commit", "-q", "-m", "two")
	check("HEAD~", "HEAD", "is new")
	for _, name := range odd {
		write(t, dir, name, "other")
	}
	check("HEAD", "", "changed")
	must(t, dir, "rm", "-q", "-r", "--cached", ".")
	for _, name := range odd {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	check("HEAD", "", "is gone")
}

// A file that was written again as it was, or touched, is no change, whatever a person has configured.
func TestTouchedFilesDoNotDiffer(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, "init", "-q")
	must(t, dir, "config", "diff.autoRefreshIndex", "false")
	write(t, dir, "a", "a")
	must(t, dir, "add", "-A")
	must(t, dir, "commit", "-q", "-m", "one")
	if err := os.Chtimes(filepath.Join(dir, "a"), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if changes, err := open(t, dir).Changes(t.Context(), "HEAD", ""); err != nil || len(changes) > 0 {
		t.Errorf("got %v, %v", changes, err)
	}
}

// A fetch never waits for a person: ssh opens no window, but asks a program of the caller's own.
func TestFetchAsksNoPerson(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, "init", "-q")
	for own, want := range map[string]string{"": "never", "SSH_ASKPASS=/bin/own": "", "SSH_ASKPASS_REQUIRE=force": "force"} {
		said := filepath.Join(t.TempDir(), "said")
		environ := append(os.Environ(), "SSH_ASKPASS=", "SSH_ASKPASS_REQUIRE=", "GIT_SSH_COMMAND=printf %s \"$SSH_ASKPASS_REQUIRE\" >"+said+"; false", own)
		r, err := Open(t.Context(), process.Local{}, environ, dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Fetch(t.Context(), "ssh://nowhere.invalid/x", "main"); err == nil {
			t.Error("it was fetched")
		}
		if got, err := os.ReadFile(said); err != nil || string(got) != want {
			t.Errorf("%q: SSH_ASKPASS_REQUIRE is %q, want %q (%v)", own, got, want, err)
		}
	}
}

func TestCommitIsNoOption(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, "init", "-q", "-b", "main")
	must(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
	must(t, dir, "branch", "a/b+c")
	r := open(t, dir)
	for name, known := range map[string]bool{
		"main": true, "HEAD": true, "a/b+c": true, "main~0": true, "--all": false, "-x": false, "": false, "main~1": false, "main:x": false, "a\nb": false, "main ": false,
	} {
		id, err := r.Commit(t.Context(), name)
		if (err == nil) != known || known && len(id) != 40 {
			t.Errorf("%q: %q, %v", name, id, err)
		}
	}
}

// Files as they were in a commit are just those that git has of it, whatever became of them in the checkout.
func TestTreeIsTheCommit(t *testing.T) {
	contents := []string{"", "a", "a\n", "a\r\n", "a\r", "\n\n", "a\r\n\r\nb", "x\x00\xff\n", strings.Repeat("long ", 300_000)}
	names := []string{"a", "b/c", "b/d/e", "b/d/f", "g", "g/h", "ü \n\"x"}
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		must(t, dir, "init", "-q")
		edit := func() {
			for range rapid.IntRange(1, 6).Draw(rt, "edits") {
				file := filepath.Join(dir, rapid.SampledFrom(names).Draw(rt, "name"))
				_ = os.RemoveAll(file)
				if info, err := os.Lstat(filepath.Dir(file)); err == nil && !info.IsDir() {
					_ = os.Remove(filepath.Dir(file))
				}
				_ = os.MkdirAll(filepath.Dir(file), 0o755)
				switch rapid.IntRange(0, 5).Draw(rt, "kind") {
				case 0: // it stays away
				case 1:
					_ = os.Symlink(rapid.SampledFrom([]string{"a", "../x", "b/d"}).Draw(rt, "target"), file)
				case 2:
					_ = os.WriteFile(file, []byte(rapid.SampledFrom(contents).Draw(rt, "content")), 0o755)
				default:
					_ = os.WriteFile(file, []byte(rapid.SampledFrom(contents).Draw(rt, "content")), 0o644)
				}
			}
		}
		edit()
		must(t, dir, "add", "-A")
		must(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
		edit()
		if rapid.Bool().Draw(rt, "staged") {
			must(t, dir, "add", "-A")
		}
		r := open(t, dir)
		changes, err := r.Changes(t.Context(), "HEAD", "")
		if err != nil {
			rt.Fatal(err)
		}
		tree, err := r.Before(t.Context(), changes)
		if err != nil {
			rt.Fatal(err)
		}
		got, want := map[string]string{}, committed(t, dir)
		err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil || name == ".git":
				return fs.SkipDir
			case entry.Type()&fs.ModeSymlink != 0:
				target, err := tree.ReadLink(name)
				got[name] = "link " + target
				return err
			case entry.IsDir():
				return nil
			}
			text, err := fs.ReadFile(tree, name)
			info, failed := tree.Lstat(name)
			if failed != nil {
				return failed
			}
			got[name] = fmt.Sprintf("%t %s", info.Mode()&0o111 != 0, text)
			return err
		})
		if err != nil || !maps.Equal(got, want) {
			rt.Errorf("%v\ngot  %.300q\nwant %.300q", err, got, want)
		}
	})
}

// Of a file that is too large for a configuration, only the size is kept in memory.
func TestTreeHasNoLargeFiles(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, "init", "-q")
	large := strings.Repeat("a line\r\n", mostContent/8) + strings.Repeat("b", mostContent)
	write(t, dir, "large.bin", large)
	write(t, dir, "small.tf", "small")
	must(t, dir, "add", "-A")
	must(t, dir, "commit", "-q", "-m", "one")
	write(t, dir, "large.bin", "")
	write(t, dir, "small.tf", "changed")
	r := open(t, dir)
	changes, err := r.Changes(t.Context(), "HEAD", "")
	if err != nil || len(changes) != 2 {
		t.Fatal(changes, err)
	}
	tree, err := r.Before(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := tree.Stat("large.bin"); err != nil || info.Size() != int64(len(large)) || len(tree.entries["large.bin"].content) > 0 {
		t.Errorf("the large file: %v, %v", info, err)
	}
	if _, err := fs.ReadFile(tree, "large.bin"); err == nil || !strings.Contains(err.Error(), "it has more than 4 MiB") {
		t.Errorf("reading the large file: %v", err)
	}
	if text, err := fs.ReadFile(tree, "small.tf"); err != nil || string(text) != "small" {
		t.Errorf("the file behind it: %q, %v", text, err)
	}
}

// committed returns what git has of HEAD.
func committed(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.SplitSeq(must(t, dir, "ls-tree", "-r", "-z", "HEAD"), "\x00") {
		head, name, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		words := strings.Fields(head)
		text := must(t, dir, "cat-file", "blob", words[2])
		if words[0] == Link {
			all[name] = "link " + text
		} else {
			all[name] = fmt.Sprintf("%t %s", words[0] == Executable, text)
		}
	}
	return all
}
