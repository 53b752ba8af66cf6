package schema

import (
	"fmt"
	"testing"
)

func TestInclude(t *testing.T) {
	for _, c := range []struct{ name, archive, want string }{
		{"environments of included files follow, their paths beside the file", `
-- m --
bitops: {environments: {a: {}}, include: ['teams/*/m', more]}
-- teams/y/m --
bitops: {environments: {y: {}, up: {path: ../z}}}
-- teams/x/m --
bitops: {environments: {x/1: {path: ./one}}}
-- more --
bitops: {environments: {last: {}}}
`, "a=a x/1=teams/x/one y=teams/y/y up=teams/z last=last\n"},
		{"a file is read once, however often it is named", `
-- m --
bitops: {include: [b, './b', b, '?']}
-- b --
bitops: {environments: {b: {}}, include: [m, b]}
`, "b=b\n"},
		{"an environment declared in two files", `
-- m --
bitops: {environments: {a: {}}, include: [b]}
-- b --
bitops:
  environments: {a: {}}
`, "a=a\nb:2:18: environment \"a\" is declared twice; first at m:1:25"},
		{"settings in an included file", `
-- m --
bitops: {include: [b]}
-- b --
bitops: {limits: {x: 1}, limts: {}, environments: {b: {limit: x}}}
`, "b=b\nb:1:10: unknown key \"limits\" (settings belong into the root manifest)\nb:1:26: unknown key \"limts\" (known: environments, include)"},
		{"patterns that name nothing, leave the repository, or are none", `
-- m --
bitops: {include: [absent/*, ../m, /etc/passwd, .., 'a[', link/m]}
-- link --
-> /
-- a/b --
`, "\n" + `m:1:20: include "absent/*" matches no file
m:1:30: include "../m" leaves the repository
m:1:36: include "/etc/passwd" leaves the repository
m:1:49: include ".." leaves the repository
m:1:53: include "a[" is not a pattern: syntax error in pattern
m:1:59: include "link/m" matches no file`},
		{"an include that leaves by way of a link", `
-- m --
bitops: {include: [passwd]}
-- passwd --
-> /etc/passwd
`, "\nm:1:20: include \"passwd\" leaves the repository by way of passwd"},
		{"a path that is outside seen from the included file", `
-- m --
bitops: {include: [t/m]}
-- t/m --
bitops: {environments: {a: {path: ../../b}}}
`, "\nt/m:1:35: path \"../../b\" of environment \"a\" leaves the repository"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, problems := LoadManifest(repository(t, c.archive), "m")
			got := ""
			for i, e := range m.Environments {
				if i > 0 {
					got += " "
				}
				got += fmt.Sprintf("%s=%s", e.Name, e.Path.Text)
			}
			if got += "\n" + problems.Error(); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestARootWithTheLettersOfAPattern(t *testing.T) {
	root := repository(t, "-- a[1]*/m --\nbitops: {include: ['*.yaml']}\n-- a[1]*/b.yaml --\nbitops: {environments: {b: {}}}\n") + "/a[1]*"
	if m, problems := LoadManifest(root, "m"); problems != nil || len(m.Environments) != 1 {
		t.Error(problems)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"network", "backend", "prod/backend", "web", "depends_on", "a", "fail_fast", "Größe"}
	for word, want := range map[string]string{
		"network": "network", "NETWORK": "network", "bakend": "backend", "prod/bakcend": "prod/backend", "wbe": "web",
		"dependson": "depends_on", "dependsOn": "depends_on", "depends": "depends_on", "fail-fast": "fail_fast", "Größ": "Größe",
		"b": "", "x": "", "stage/*": "", "unheard": "", "we": "web", "net": "network", "": "", "frontend": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%q is near %q, not %q", word, got, want)
		}
	}
	if got := Nearest("prod/x", []string{"prod/a", "prod/b"}); got != "prod/a" {
		t.Error("of equally near ones the first wins, not", got)
	}
	if got := Nearest("net", []string{"network", "netbox"}); got != "" {
		t.Error("two completions are none, not", got)
	}
}
