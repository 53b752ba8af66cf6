package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

func TestExtendEnvironments(t *testing.T) {
	for _, test := range []struct{ name, manifest, want string }{
		{"one a line", "bitops:\n  environments:\n    a: {}\n", "bitops:\n  environments:\n    a: {}\n    n: {}\n    o/p: {}\n"},
		{"without an end of the last line", "bitops:\n  environments:\n    a: {}", "bitops:\n  environments:\n    a: {}\n    n: {}\n    o/p: {}"},
		{
			"lines of Windows",
			"bitops:\r\n  environments:\r\n    a: {}\r\n  fail_fast: true\r\n",
			"bitops:\r\n  environments:\r\n    a: {}\r\n    n: {}\r\n    o/p: {}\r\n  fail_fast: true\r\n",
		},
		{"a comment with less indent between them", "bitops:\n environments:\n  a: {}\n# b\n  b: {}\n# c\nc: 1\n", "bitops:\n environments:\n  a: {}\n# b\n  b: {}\n  n: {}\n  o/p: {}\n# c\nc: 1\n"},
		{"nothing declared yet", "bitops:\n  environments: # none\n  fail_fast: true\n", "bitops:\n  environments: # none\n    n: {}\n    o/p: {}\n  fail_fast: true\n"},
		{"empty brackets", "bitops:\n  environments: {}\n", "bitops:\n  environments: {n: {}, o/p: {}}\n"},
		{"brackets", "é: {}\nbitops: {environments: {a: {inputs: {b: '}'}} }, fail_fast: true}\n", "é: {}\nbitops: {environments: {a: {inputs: {b: '}'}}, n: {}, o/p: {} }, fail_fast: true}\n"},
		{"brackets over lines", "bitops:\n  environments: {\n    a: {}, # x\n  }\n", "bitops:\n  environments: {\n    a: {}, # x\n  n: {}, o/p: {}}\n"},
		{"a document's end", "bitops:\n  environments:\n    a: {}\n...\n", "bitops:\n  environments:\n    a: {}\n    n: {}\n    o/p: {}\n...\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, rewritten, err := schema.AddEnvironments([]byte(test.manifest), []schema.EnvironmentName{"n", "o/p"})
			if err != nil || rewritten || string(got) != test.want {
				t.Errorf("rewritten %v, %v, got:\n%q\nwant:\n%q", rewritten, err, got, test.want)
			}
		})
	}
	for _, manifest := range []string{"bitops: {environments: [a]}", "x: &x {}\nbitops:\n  environments: *x\n", "bitops:\n  environments:\n    a: {env: {T: b}}\n    b:\n      env:\n        T: |\n          no end of line", "bitops:\n  environments: ~\n"} {
		if got, _, err := schema.AddEnvironments([]byte(manifest), []schema.EnvironmentName{"n"}); err == nil {
			t.Errorf("%s became %s", manifest, got)
		}
	}
}

// Whatever a manifest looks like: with environments added, every byte of it is still there in its place, and it declares
// these environments behind its own.
func TestExtendEnvironmentsKeepsEveryByte(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		manifest, declared := drawManifest(t)
		names := rapid.SampledFrom([]schema.EnvironmentName{"n", "new/deep/one", "007", "true", "1e3", "null"})
		added := rapid.SliceOfNDistinct(names, 1, 3, rapid.ID).Draw(t, "added")
		text, rewritten, err := schema.AddEnvironments([]byte(manifest), added)
		if err != nil || rewritten {
			t.Fatalf("rewritten %v, %v:\n%s", rewritten, err, manifest)
		}
		same := 0
		for same < len(manifest) && manifest[same] == text[same] {
			same++
		}
		if rest := manifest[same:]; !strings.HasSuffix(string(text[same:]), rest) {
			t.Fatalf("%q is not as it was in\n%s", rest, text)
		}
		if err := os.WriteFile(filepath.Join(dir, schema.ManifestName), text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, problems := schema.LoadManifest(dir, schema.ManifestName)
		var got []schema.EnvironmentName
		for i := range m.Environments {
			got = append(got, m.Environments[i].Name)
		}
		if want := append(declared, added...); problems.HasErrors() || !slices.Equal(got, want) {
			t.Fatalf("%v: it declares %v, want %v:\n%s", problems, got, want, text)
		}
	})
}

// drawManifest returns a manifest as people write them, and the environments that it declares.
func drawManifest(t *rapid.T) (string, []schema.EnvironmentName) {
	var b strings.Builder
	var declared []schema.EnvironmentName
	indent := strings.Repeat(" ", rapid.IntRange(1, 4).Draw(t, "indent"))
	aside := func(indent string) {
		b.WriteString(rapid.SampledFrom([]string{"", "", "\n", indent + "# environments: {}\n", "# bitops:\n", " # a\n\n"}).Draw(t, "aside"))
	}
	aside("")
	b.WriteString("bitops:" + rapid.SampledFrom([]string{"", " # all", "  "}).Draw(t, "remark") + "\n")
	if rapid.Bool().Draw(t, "settings before") {
		b.WriteString(indent + "fail_fast: true # always\n")
	}
	aside(indent)
	b.WriteString(indent + "environments:\n")
	for i := range rapid.IntRange(1, 4).Draw(t, "environments") {
		name := fmt.Sprintf("e%d", i)
		declared = append(declared, schema.EnvironmentName(name))
		two := indent + indent
		aside(two)
		b.WriteString(two + rapid.SampledFrom([]string{
			name + ": {}", name + ":", "\"" + name + "\": {depends_on: []} # last", name + ": {\n" + two + "  depends_on: []\n" + two + "}",
			name + ":\n" + two + " env:\n" + two + "  T: |\n" + two + "    x: {}\n\n" + two + "    # y",
			name + ":\n" + two + " depends_on:\n" + two + " - e0x\n" + two + " # none",
		}).Draw(t, "environment") + "\n")
	}
	aside(indent + indent)
	if rapid.Bool().Draw(t, "settings after") {
		b.WriteString(indent + "default_folder: _default\n")
	}
	aside("")
	text := b.String()
	if rapid.Bool().Draw(t, "Windows") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	block := strings.HasSuffix(strings.TrimSpace(text), "# y") // its text would get a line end that it has not
	if !block && rapid.Bool().Draw(t, "no last line end") {
		text = strings.TrimRight(text, "\r\n")
	}
	return rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "BOM") + text, declared
}
