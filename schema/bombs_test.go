package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBombs reads files that are small and mean a lot.
func TestBombs(t *testing.T) {
	defer func(usual int) { maxAliasVisits = usual }(maxAliasVisits)
	maxAliasVisits = 100_000
	laughs := "bitops:\n  environments:\n    a:\n      inputs:\n        l0: &l0 [ha, ha]\n"
	merges := "bitops:\n  environments:\n    a:\n      inputs:\n        m0: &m0 {k0: 0}\n"
	for i := 1; i < 40; i++ {
		laughs += fmt.Sprintf("        l%d: &l%d [*l%d, *l%d, *l%d]\n", i, i, i-1, i-1, i-1)
		merges += fmt.Sprintf("        m%d: &m%d {<<: [*m%d, *m%d, *m%d], k%d: 0}\n", i, i, i-1, i-1, i-1, i)
	}
	wide := "bitops: {environments: {a: {inputs: {\ncommon: &c {" + numbered("k%d: v, ", 2000) + "},\n" + numbered("i%d: {<<: *c},\n", 2000) + "}}}}\n"
	repeated := "bitops: {environments: {a: {inputs: {\ncommon: &c {" + numbered("k%d: v, ", 2000) + "},\nmany: {<<: [" + strings.Repeat("*c, ", 5000) + "]}}}}}\n"
	for _, c := range []struct{ name, text, want string }{
		{"a billion laughs", laughs, "aliases and merge keys repeat more than 100000 values"},
		{"merge keys that double at each step", merges, "aliases and merge keys repeat more than 100000 values"},
		{"many mappings that merge a big one", wide, "aliases and merge keys repeat more than 100000 values"},
		{"one mapping that merges a big one many times", repeated, "aliases and merge keys repeat more than 100000 values"},
		{"a list that contains itself", "bitops: {environments: {a: {inputs: {x: &x [1, *x]}}}}", `m:1:48: anchor "x" contains itself`},
		{"a mapping that contains itself", "bitops: {environments: {a: {inputs: {x: &x {y: *x}}}}}", `m:1:48: anchor "x" contains itself`},
		{"a mapping that merges itself", "bitops: &x {<<: *x}", `m:1:17: anchor "x" contains itself`},
		{"two anchors that contain each other", "bitops: {environments: {a: {inputs: {x: &x [&y [*x, *y]]}}}}", `m:1:49: anchor "x" contains itself`},
		{"a hundred thousand brackets", "bitops: " + strings.Repeat("[", 100_000), "m:1:1: is not valid YAML: exceeded max depth of 10000"},
		{"five thousand unknown keys", "bitops: {\n" + numbered("unknown_key_%d: 1,\n", 5_000) + "}", `unknown key "unknown_key_0"`},
		{"a key of many letters", "bitops:\n  ? " + strings.Repeat("é", 1<<17) + "\n  : 1\n", `unknown key "éééééééééééééééééééééééééééééééééééééééé…"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			_, problems := load(t, c.text)
			if len(problems) == 0 || !strings.Contains(problems[0].String(), c.want) {
				t.Errorf("got %.300v, want %s", problems, c.want)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// numbered returns the pattern n times, with the numbers from 0.
func numbered(pattern string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.String()
}

func TestACommonMappingMayBeMergedOften(t *testing.T) {
	m, problems := load(t, "bitops:\n  environments:\n    base: &base {env: {A: 1, B: 2, C: 3}, tags: [x, y], inherit: false}\n"+
		numbered("    e%d: {<<: *base, tags: [own]}\n", 5000))
	if problems != nil || len(m.Environments) != 5001 {
		t.Fatalf("%d environments, %v", len(m.Environments), problems)
	}
	last := m.Environments[5000]
	if len(last.Env) != 3 || len(last.Tags) != 1 || last.Inherit == nil {
		t.Errorf("%+v", last)
	}
}

func TestMergeKeys(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"an own key beats a merged one, also when it is written later", "{<<: {a: 1, b: 2}, a: 3}", `{"a":3,"b":2}`},
		{"an earlier mapping of a list beats a later one", "{<<: [{a: 1}, {a: 2, b: 2}]}", `{"a":1,"b":2}`},
		{"an earlier merge key beats a later one", "{<<: {a: 1}, <<: {a: 2}}", `{"a":1}`},
		{"a merged mapping may merge", "{<<: {<<: {a: 1, b: 1}, b: 2}}", `{"a":1,"b":2}`},
		{"in quotes it is a key", `{"<<": {a: 1}}`, `{"\u003c\u003c":{"a":1}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := input(t, c.yaml)
			got, err := e.MarshalJSON()
			if problems != nil || err != nil || string(got) != c.want {
				t.Errorf("got %s, %v, %v; want %s", got, problems, err, c.want)
			}
		})
	}
	if _, problems := input(t, "{<<: 7}"); problems.Error() != `m:2:9: << must be a mapping, not "7"` {
		t.Error(problems)
	}
}

func TestFilesThatAreNoManifest(t *testing.T) {
	root := t.TempDir()
	large := filepath.Join(root, "large")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 50<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"large":     "large: is larger than 32 MiB, the most a configuration may be",
		"directory": "directory: is not a file",
		"loop":      "loop: cannot be read: too many levels of symbolic links",
		"absent":    "absent: cannot be read: no such file or directory",
	} {
		if _, problems := LoadManifest(root, file); problems.Error() != want {
			t.Errorf("got %v, want %s", problems, want)
		}
	}
}
