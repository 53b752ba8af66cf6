package helm

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the file and the arguments say is what --set alone says, for helm itself: the same values with the same types.
func TestSetValuesMeanTheSame(t *testing.T) {
	helm := requireTool(t, "helm")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "Chart.yaml"), "apiVersion: v2\nname: shown\nversion: 1.0.0\n")
	writeFile(t, filepath.Join(dir, "values.yaml"), "chart: {a: 1, b: two}\ndeleted: {x: 1}\nkept: 1\n")
	check(t, os.Mkdir(filepath.Join(dir, "templates"), 0o755))
	writeFile(t, filepath.Join(dir, "templates", "shown.yaml"), "shown: {{ printf \"%#v\" .Values | quote }}\ntypes: {{ range $k, $v := .Values }}{{ $k }} {{ typeOf $v }}; {{ end }}\n")
	first, second := filepath.Join(dir, "first.yaml"), filepath.Join(dir, "second.yaml")
	writeFile(t, first, "a: {b: 1, c: [x, {y: 1}, z]}\nlist: [1, 2, 1e3, 0x10, 12345678901234567890]\nyes: on\nday: 2020-01-01\nmap: {k: 1.50}\n")
	writeFile(t, second, "a: {d: null}\nmap: {l: '1'}\nlist: [0o7, 010, 1_000]\n")
	for name, c := range map[string]struct {
		set      []string
		inArgs   []string // what has to stay an argument
		mistaken bool     // helm refuses it
	}{
		"text":                                {set: []string{"password=hunter2", "a.e=with space"}},
		"several in one":                      {set: []string{"p=x,q=y,a.b=z"}},
		"a list":                              {set: []string{"list={x,y}", "new={}"}},
		"an item of a list":                   {set: []string{"a.c[1].y=changed", "a.c[4]=far"}},
		"an item of a new list":               {set: []string{"new[2].x=third"}},
		"null deletes what the chart says":    {set: []string{"deleted=null", "chart.a=null", "a.c=null"}},
		"true and false and what looks so":    {set: []string{"t=true", "f=FALSE", "s=yes", "n=~", "z=00", "e=1e3", "x=0x1", "o=010", "d=1.5", "y=2020-01-01"}},
		"quotes and escapes":                  {set: []string{`q="quoted"`, `c=a\,b`, `dot\.ted=1x`, `back=\\x`, "line=a\nb", "tab=\tx", "uni=é漢😀", "<<=x", `h=<a&b>`}},
		"nothing":                             {set: []string{"empty=", "a.b="}},
		"a whole number":                      {set: []string{"port=8080"}, inArgs: []string{"port=8080"}},
		"whole numbers among text":            {set: []string{"p=x,port=8080", "q=y", "a.c={1,2}", "m.n.o=0", "r=z"}, inArgs: []string{"p=x,port=8080", "a.c={1,2}", "m.n.o=0"}},
		"text after a number of the same key": {set: []string{"a.b=1", "other=x", "a.b=text", "other=y"}, inArgs: []string{"a.b=1", "a.b=text"}},
		"a number after text of the same key": {set: []string{"a.b=text", "a.b=7", "map.k=x"}, inArgs: []string{"a.b=7"}},
		"below what is no mapping":            {set: []string{"fine=x", "day.b=x"}, inArgs: []string{"fine=x", "day.b=x"}, mistaken: true},
		"without a key":                       {set: []string{"fine=x", "=x"}},
		"without a value":                     {set: []string{"fine=x", "key"}, inArgs: []string{"fine=x", "key"}, mistaken: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := map[string]any{}
			for _, file := range []string{first, second} {
				values, err := readValues(file)
				check(t, err)
				merge(base, values)
			}
			written, rest := settled(base, slices.Clone(c.set))
			equal(t, "arguments", rest, c.inArgs)
			text, err := json.Marshal(written)
			check(t, err)
			file := filepath.Join(t.TempDir(), "set.json")
			writeFile(t, file, string(text))
			files := []string{"template", "x", dir, "--values", first, "--values", second}
			want, wrong := run(helm, append(slices.Clone(files), setFlags(c.set)...))
			got, alsoWrong := run(helm, slices.Concat(files, []string{"--values", file}, setFlags(rest)))
			if got != want || wrong != c.mistaken || alsoWrong != wrong {
				t.Errorf("with %s and %v, failed %v:\n%s\nwant, failed %v:\n%s", text, rest, alsoWrong, got, wrong, want)
			}
		})
	}
}

func run(program string, args []string) (printed string, failed bool) {
	out, err := exec.Command(program, args...).CombinedOutput()
	return string(out), err != nil
}

// No argument of a program holds what a person wrote as text.
func TestSetValuesAreNoArguments(t *testing.T) {
	const canary = "hunter2-is-the-password"
	s := tell(t, with(chart, map[string]string{"bitops.config.yaml": `
helm:
  cli: {namespace: shop, set: ["db.password=` + canary + `", "replicas=2", "users[0].token=` + canary + `"]}
`})).fake("helm", fakeVersion+fakeUpgrade+"\n")
	s.Apply()
	for _, c := range s.Runner.Commands() {
		if line := strings.Join(c.Args, " "); strings.Contains(line, canary) {
			t.Errorf("helm %s", line)
		}
	}
	contains(t, "arguments", strings.Join(s.Runner.Commands()[len(s.Runner.Commands())-1].Args, " "), "--set=replicas=2")
}
