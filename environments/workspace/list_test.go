package workspace

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestListKeepsAnyName(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOf(rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 20), func(b []byte) string { return string(b) })).Draw(rt, "names")
		names = slices.DeleteFunc(names, func(name string) bool { return !isName(name) })
		names = union(names, nil)
		path, got, err := parseList(formatList("apps/e", names))
		if err != nil || path != "apps/e" || !slices.Equal(got, names) {
			rt.Fatalf("%q came back as %q, %v", names, got, err)
		}
	})
}

func TestListRefusesDamage(t *testing.T) {
	const good = listHeader + "\npath \"e\"\n\"a\"\n\"b\"\nend 2\n"
	if _, names, err := parseList([]byte(good)); err != nil || len(names) != 2 {
		t.Fatalf("%q, %v", names, err)
	}
	for name, list := range map[string]string{
		"empty":            "",
		"other version":    strings.Replace(good, "files 1", "files 2", 1),
		"no path":          strings.Replace(good, "path ", "", 1),
		"path outside":     strings.Replace(good, `"e"`, `"../e"`, 1),
		"name outside":     strings.Replace(good, `"a"`, `"../a"`, 1),
		"absolute name":    strings.Replace(good, `"a"`, `"/a"`, 1),
		"unclean name":     strings.Replace(good, `"a"`, `"a/./b"`, 1),
		"the directory":    strings.Replace(good, `"a"`, `"."`, 1),
		"empty name":       strings.Replace(good, `"a"`, `""`, 1),
		"unquoted name":    strings.Replace(good, `"a"`, `a`, 1),
		"other quotes":     strings.Replace(good, `"a"`, "`a`", 1),
		"out of order":     strings.Replace(good, `"a"`, `"c"`, 1),
		"twice the same":   strings.Replace(good, `"a"`, `"b"`, 1),
		"a line less":      strings.Replace(good, "\"a\"\n", "", 1),
		"no end":           strings.Replace(good, "end 2\n", "", 1),
		"cut in the end":   strings.TrimSuffix(good, "\n"),
		"zeros after":      good + "\x00\x00",
		"only a beginning": listHeader + "\nend -1\n",
	} {
		if _, names, err := parseList([]byte(list)); err == nil {
			t.Errorf("%s: read as %q", name, names)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add(formatList("apps/e", []string{"a", "a/b\n", "c\xff"}))
	f.Add(formatList(".", nil))
	f.Add([]byte(listHeader + "\nend -1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path, names, err := parseList(data)
		if err != nil {
			return
		}
		for _, name := range names {
			if !isName(name) {
				t.Errorf("accepted the name %q", name)
			}
		}
		again, same, err := parseList(formatList(path, names))
		if err != nil || again != path || !slices.Equal(same, names) {
			t.Errorf("%q written again is read as %q, %v", names, same, err)
		}
		if bytes.Count(data, []byte("\n")) != len(names)+3 {
			t.Errorf("%d names in %q", len(names), data)
		}
	})
}
