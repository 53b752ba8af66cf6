package environments

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// repository lays files out and returns what hashes them. Every environment's directory is named.
func repositoryOf(t *testing.T, files map[string]string, environments ...string) *sources {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return sourcesIn(root, environments...)
}

func sourcesIn(root string, environments ...string) *sources {
	return &sources{
		repository: root, files: os.DirFS(root),
		exclude: func(name string, isDir bool) bool {
			return isDir && filepath.Base(name) == ".terraform" || strings.HasSuffix(name, ".tfstate")
		},
		environment: func(path string) bool { return slices.Contains(environments, path) },
	}
}

// files is a repository in which much lies beside the environment a.
var manyFiles = map[string]string{
	"README.md":                        "about ../everything",
	"bitops.config.yaml":               "",
	".github/workflows/x.yml":          "",
	"_default/terraform/common.tf":     "# defaults",
	"_scripts/lib.sh":                  "echo",
	"a/terraform/main.tf":              "resource",
	"a/terraform/.terraform.lock.hcl":  "lock",
	"a/terraform/.terraform/x/main.tf": "cached",
	"a/terraform/terraform.tfstate":    "state",
	"a/ansible/playbook.yaml":          "hosts",
	"b/terraform/main.tf":              "other",
	"modules/vpc/main.tf":              "module",
	"modules/vpc/nested/n.tf":          "nested",
	"modules/db/main.tf":               "source = \"../lib\"",
	"modules/lib/lib.tf":               "library",
	"prod/c/terraform/main.tf":         "c",
	"prod/shared.yaml":                 "",
}

func TestSourcesOfAStep(t *testing.T) {
	own := []string{"_default/terraform/common.tf", "a/ansible/playbook.yaml", "a/terraform/main.tf"}
	shared := []string{"_default/terraform/", "_scripts/", "modules/db/", "modules/lib/", "modules/vpc/", "modules/vpc/nested/", "prod/"}
	for name, c := range map[string]struct {
		file, content string
		more          []string
	}{
		"a file that mentions nothing":            {"a/terraform/x.tf", "x", nil},
		"a directory":                             {"a/terraform/x.tf", `source = "../../modules/vpc"`, []string{"modules/vpc/", "modules/vpc/nested/"}},
		"a directory whose files mention another": {"a/terraform/x.tf", `source = "../../modules/db"`, []string{"modules/db/", "modules/lib/"}},
		"a single file":                           {"a/terraform/x.tf", `file("${path.module}/../../_scripts/lib.sh")`, []string{"_scripts/lib.sh"}},
		"another step of the environment":         {"a/ansible/x.yaml", "../terraform/inventory.yaml", nil},
		"another environment":                     {"a/terraform/x.tf", "../../b/terraform/main.tf", []string{"b/terraform/main.tf"}},
		"a hook, from the step's directory":       {"a/terraform/bitops.before-deploy.d/x.sh", ". ../../_scripts/lib.sh", []string{"_scripts/lib.sh"}},
		"a hook, another environment":             {"a/terraform/bitops.before-deploy.d/x.sh", "cat ../../b/terraform/main.tf", []string{"b/terraform/main.tf"}},
		"a hook, from where it lies":              {"a/terraform/bitops.before-deploy.d/x.sh", ". $(dirname $0)/../../../_scripts/lib.sh", []string{"_scripts/lib.sh"}},
		"a hook, its environment":                 {"a/terraform/bitops.before-deploy.d/x.sh", "cat ../ansible/playbook.yaml", nil},
		"a hook, what leads nowhere":              {"a/terraform/bitops.before-deploy.d/x.sh", "cat ../../not/yet", shared},
		"a hook that goes to the root":            {"a/terraform/bitops.before-deploy.d/x.sh", "cd ../.. && cat b/x", shared},
		"a path that is put together":             {"a/terraform/x.tf", `x = file(join("/", ["..", "..", "shared", "u.txt"]))`, shared},
		"a directory above that of the module":    {"a/terraform/x.tf", `x = file("${dirname(dirname(abspath(path.root)))}/shared/u.txt")`, shared},
		"the name of the module's directory":      {"a/terraform/x.tf", `x = basename(abspath(path.module))`, nil},
		"a script that goes up by names":          {"a/terraform/bitops.before-deploy.d/x.sh", `cat "$(dirname "$PWD")/b/x"`, shared},
		"a script that goes up twice":             {"a/terraform/bitops.before-deploy.d/x.sh", `. "$(dirname "$(dirname "$0")")/x"`, shared},
		"a script that finds itself":              {"a/terraform/bitops.before-deploy.d/x.sh", `. "$(dirname "$0")/y.sh"`, nil},
		"a hook that goes up and up":              {"a/terraform/bitops.before-deploy.d/x.sh", "cd ..\ncd ..\ncat b/x", shared},
		"the end of a sentence":                   {"a/terraform/x.tf", "# see ../../_scripts/lib.sh.", []string{"_scripts/lib.sh"}},
		"what leads nowhere":                      {"a/terraform/x.tf", "../../mod$name", shared},
		"a variable that finds the repository":    {"a/terraform/bitops.before-deploy.d/x.sh", ". $BITOPS_TEMPDIR/_scripts/lib.sh", shared},
		"what is outside of the repository":       {"a/terraform/x.tf", "../../../elsewhere", nil},
		"a link":                                  {"a/terraform/x.tf", "-> ../../modules/lib/lib.tf", []string{"modules/lib/lib.tf"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := maps.Clone(manyFiles)
			all[c.file] = c.content
			s := repositoryOf(t, all, "a", "b", "prod/c")
			files, locks, err := s.of("a", "terraform", "_default", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Concat(own, c.more, []string{c.file})
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, slices.Compact(want)) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			checkNames(t, s, slices.Sorted(maps.Keys(files)))
			checkReach(t, s, slices.Contains(c.more, "modules/db/") && slices.Contains(c.more, "prod/"), slices.Contains(c.more, "b/terraform/main.tf"))
			if len(locks) != 1 || locks["a/terraform/.terraform.lock.hcl"] == "" {
				t.Errorf("locks: %v", locks)
			}
		})
	}
}

// checkReach checks which other environments the workspace must link: those that are referred to, and all where nobody
// can tell.
func checkReach(t *testing.T, s *sources, all, b bool) {
	t.Helper()
	r, err := s.reach("a", []string{"terraform", "ansible"}, "_default")
	if err != nil {
		t.Fatal(err)
	}
	root, prod := r.in(".", map[string]bool{"b": true, "d": true}), r.in("prod", map[string]bool{"c": true})
	wanted := map[bool]int{true: 1}[b]
	if all {
		wanted = 2
	}
	if len(root) != wanted || (len(prod) == 1) != all {
		t.Errorf("linked: %v, %v; all should be: %t, b: %t", root, prod, all, b)
	}
}

// checkNames checks that the files which are kept of a step are those its fingerprint is made of, and its lock file.
func checkNames(t *testing.T, s *sources, hashed []string) {
	t.Helper()
	names, err := s.names("a", "terraform", "_default")
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{"a/terraform/.terraform.lock.hcl": true}
	for _, name := range names {
		if _, err := os.Lstat(s.file(name)); err != nil {
			t.Error(err)
		}
		hash, directory := slices.Contains(hashed, name), slices.Contains(hashed, path.Dir(name)+"/")
		if !hash && !directory && !covered[name] {
			t.Errorf("%s is kept, and no hash covers it", name)
		}
		covered[name], covered[path.Dir(name)+"/"] = true, true
	}
	for _, name := range hashed {
		if !covered[name] {
			t.Errorf("%s is not kept", name)
		}
	}
}

// Whatever changes of a file shows in its hash, and a new look is needed to see it.
func TestSourcesShowEveryChange(t *testing.T) {
	s := repositoryOf(t, manyFiles, "a", "b", "prod/c")
	hash := func() string {
		files, _, err := sourcesIn(s.repository, "a", "b", "prod/c").of("a", "terraform", "_default", false, nil)
		if err != nil {
			t.Fatal(err)
		}
		return files["a/terraform/main.tf"]
	}
	file := filepath.Join(s.repository, "a", "terraform", "main.tf")
	seen := map[string]string{hash(): "as it was"}
	for _, change := range []struct {
		name string
		make func() error
	}{
		{"content", func() error { return os.WriteFile(file, []byte("other"), 0o644) }},
		{"mode", func() error { return os.Chmod(file, 0o755) }},
		{"kind", func() error { return os.Remove(file) }},
		{"link", func() error { return os.Symlink("x", file) }},
		{"target", func() error { return os.Remove(file) }},
		{"large", func() error { return os.WriteFile(file, []byte(strings.Repeat("x", longestScan+1)), 0o644) }},
	} {
		if err := change.make(); err != nil {
			t.Fatal(err)
		}
		if sum := hash(); sum != "" && seen[sum] != "" {
			t.Errorf("after a change of %s it is %s", change.name, seen[sum])
		} else {
			seen[sum] = change.name
		}
	}
}

func TestSourcesOfManyFiles(t *testing.T) {
	files := map[string]string{"a/terraform/main.tf": "", "a/terraform/deep/one": ""}
	for i := range mostFiles {
		files["a/terraform/f"+strings.Repeat("x", i%200)+string(rune('a'+i/200))] = "x"
	}
	files["modules/m/main.tf"], files["a/terraform/x.tf"] = "", `source = "../../modules/m"`
	look := func(like map[string]string) map[string]string {
		t.Helper()
		got, _, err := repositoryOf(t, files, "a").of("a", "terraform", "_default", false, like)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	was := look(nil)
	if got := slices.Sorted(maps.Keys(was)); !slices.Equal(got, []string{"a/terraform/", "a/terraform/deep/", "modules/m/"}) {
		t.Errorf("hashes of %q", got)
	}
	older := look(map[string]string{"a/": "one hash for all"})
	if len(older) != 1 || older["a/"] == "" {
		t.Errorf("compared with an older fingerprint: %v", older)
	}
	files["a/terraform/deep/one"] = "changed"
	want := []string{"file a/terraform/deep/ changed"}
	if got := (&schema.Fingerprint{Files: was}).Differences(&schema.Fingerprint{Files: look(was)}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if now := look(older); len(now) != 1 || now["a/"] == older["a/"] {
		t.Errorf("a change does not show in the one hash for all: %v", now)
	}
}

func TestSourcesOfNothing(t *testing.T) {
	s := repositoryOf(t, nil)
	files, locks, err := s.of("a", "terraform", "_default", false, nil)
	if len(files) != 0 || len(locks) != 0 || err != nil {
		t.Errorf("%v, %v, %v", files, locks, err)
	}
}

// What must not be read is not as if it did not exist: that changes when it can be read. A lock file must be read.
func TestSourcesThatCannotBeRead(t *testing.T) {
	s := repositoryOf(t, manyFiles, "a", "b", "prod/c")
	hashes := func() (map[string]string, error) {
		files, _, err := sourcesIn(s.repository, "a", "b", "prod/c").of("a", "terraform", "_default", false, nil)
		return files, err
	}
	chmod := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(s.file(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, above := range []string{s.repository, filepath.Dir(s.repository)} { // testing makes the latter for its user alone
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	readable, err := hashes()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/terraform/main.tf", "a/ansible/"} {
		chmod(name, 0)
		var closed map[string]string
		asAnybody(t, func() { closed, err = hashes() })
		chmod(name, 0o755)
		if err != nil || closed[name] == "" || closed[name] == readable[name] {
			t.Errorf("%s: %q, and %q when it can be read; %v", name, closed[name], readable[name], err)
		}
	}
	chmod("a/terraform/.terraform.lock.hcl", 0)
	asAnybody(t, func() { _, err = hashes() })
	if err == nil || err.Error() != "a/terraform/.terraform.lock.hcl cannot be read: permission denied" {
		t.Errorf("a lock file that must not be read: %v", err)
	}
}

// What a step refers to counts as it is when it is compared, even where another step had it read before; its own files count
// as they were when the run came to its environment.
func TestSourcesOfLaterSteps(t *testing.T) {
	all := maps.Clone(manyFiles)
	all["a/terraform/x.tf"] = "../../modules/vpc"
	all["b/terraform/x.sh"] = "cd ../.."
	s := repositoryOf(t, all, "a", "b", "prod/c")
	look := func(environment string, fresh bool) map[string]string {
		t.Helper()
		files, _, err := s.of(environment, "terraform", "_default", fresh, nil)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	a, b := look("a", false), look("b", false)
	for _, name := range []string{"modules/vpc/main.tf", "_default/terraform/common.tf", "a/terraform/main.tf", "prod/shared.yaml"} {
		if err := os.WriteFile(s.file(name), []byte("changed"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if now := look("a", false); !maps.Equal(now, a) {
		t.Error("what is recorded is not what the run read first")
	}
	var changed []string
	for environment, was := range map[string]map[string]string{"a": a, "b": b} {
		for name, hash := range look(environment, true) {
			if was[name] != hash {
				changed = append(changed, environment+": "+name)
			}
		}
	}
	slices.Sort(changed)
	want := []string{"a: _default/terraform/common.tf", "a: modules/vpc/", "b: _default/terraform/", "b: _default/terraform/common.tf", "b: modules/vpc/", "b: prod/"}
	if !slices.Equal(changed, want) {
		t.Errorf("got  %q\nwant %q", changed, want)
	}
}

// A file whose mode or line endings alone differ is named so.
func TestSourcesNameModeAndLineEndings(t *testing.T) {
	s := repositoryOf(t, map[string]string{"a/terraform/run.sh": "a\nb\n"}, "a")
	look := func() *schema.Fingerprint {
		t.Helper()
		files, _, err := sourcesIn(s.repository, "a").of("a", "terraform", "_default", false, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &schema.Fingerprint{Files: files}
	}
	was := look()
	file := s.file("a/terraform/run.sh")
	for _, c := range []struct {
		change func() error
		want   string
	}{
		{func() error { return os.Chmod(file, 0o755) }, "file a/terraform/run.sh can be executed now"},
		{func() error { return os.WriteFile(file, []byte("a\r\nb\r\n"), 0) }, "file a/terraform/run.sh can be executed now"},
		{func() error { return os.Chmod(file, 0o644) }, "file a/terraform/run.sh has other line endings"},
		{func() error { return os.WriteFile(file, []byte("a\r\nc\r\n"), 0) }, "file a/terraform/run.sh changed"},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if got := was.Differences(look()); !slices.Equal(got, []string{c.want}) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What a link leads to counts, also one that leads to its neighbor; and so does an environment that lies in the step's own.
func TestSourcesBehindLinksAndInNestedEnvironments(t *testing.T) {
	s := repositoryOf(t, map[string]string{
		"a/terraform/main.tf":            `source = "../../modules/current"`,
		"a/terraform/other.tf":           `file("../inner/terraform/main.tf")`,
		"a/inner/terraform/main.tf":      "inner",
		"modules/current":                "-> v2",
		"modules/v2/main.tf":             "module",
		"modules/v2/alias.tf":            "-> main.tf",
		"modules/v1/main.tf":             "older",
		"b/terraform/main.tf":            `source = "../../modules/linked/deep"`,
		"modules/linked":                 "-> v3",
		"modules/v3/deep/main.tf":        "deep",
		"modules/v3/not/mentioned/at.tf": "all",
	}, "a", "a/inner", "b")
	for environment, want := range map[string][]string{
		"a": {"a/inner/terraform/main.tf", "a/terraform/main.tf", "a/terraform/other.tf", "modules/current", "modules/v2/"},
		"b": {"b/terraform/main.tf", "modules/linked/deep/"},
	} {
		files, _, err := s.of(environment, "terraform", "_default", false, nil)
		if got := slices.Sorted(maps.Keys(files)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q, %v", environment, got, want, err)
		}
	}
}

// The defaults of another step of the environment count where a file refers to what they lie under.
func TestSourcesInTheDefaultsOfAnotherStep(t *testing.T) {
	s := repositoryOf(t, map[string]string{
		"a/terraform/main.tf":             `file("../ansible/inventory.yaml")`,
		"a/ansible/playbook.yaml":         "",
		"_default/ansible/inventory.yaml": "default",
		"_default/ansible/other.yaml":     "not mentioned",
		"_default/terraform/x.tf":         "own",
		"b/terraform/main.tf":             "mentions nothing",
	}, "a", "b")
	for environment, want := range map[string][]string{
		"a": {"_default/ansible/inventory.yaml", "_default/terraform/x.tf", "a/ansible/playbook.yaml", "a/terraform/main.tf"},
		"b": {"_default/terraform/x.tf", "b/terraform/main.tf"},
	} {
		files, _, err := s.of(environment, "terraform", "_default", false, nil)
		if got := slices.Sorted(maps.Keys(files)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q, %v", environment, got, want, err)
		}
	}
}
