package environments_test

import (
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
)

// What is read without a process is what bash exports.
func TestPlainFilesAreReadAsBashSourcesThem(t *testing.T) {
	before := environments.Variables{"SET": "before", "PATH": "/usr/bin:/bin"}
	tests := map[string]struct {
		text       string
		all, plain bool
	}{
		"nothing":                       {"\n# a comment\n  # another\n", false, true},
		"exported":                      {"export A=1\nexport B='two words'\nexport C=\"it's\"\nexport D=\n", false, true},
		"not exported":                  {"A=1\nSET=after\n", false, true},
		"all":                           {"A=1\n B=2 \n", true, true},
		"exported earlier in the file":  {"export A=1\nA=2\n", false, true},
		"a sign of equality in a value": {"export A=b=c,d:e@f%2B+\n", false, true},
		"a dollar in single quotes":     {"export A='$SET `x` \\n'\n", false, true},
		"another variable":              {"export A=\"$SET\"\n", false, false},
		"a tilde":                       {"export A=~/x\n", false, false},
		"a backslash":                   {`export A="a\"b"` + "\n", false, false},
		"two of them":                   {"export A=1 B=2\n", false, false},
		"a comment behind a value":      {"export A=1 # one\n", false, false},
		"a value of several lines":      {"export A='one\ntwo'\n", false, false},
		"adjacent quotes":               {"export A='a'\"b\"\n", false, false},
		"exported later":                {"A=1\nexport A\n", false, false},
		"a pattern":                     {"export A=*\n", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, plain := environments.PlainVariables(test.text, test.all, before)
			if plain != test.plain {
				t.Fatalf("plain: %t", plain)
			}
			if !plain {
				return
			}
			file := filepath.Join(t.TempDir(), "ENV_FILE")
			write(t, file, test.text)
			mode := "+a"
			if test.all {
				mode = "-a"
			}
			c := exec.CommandContext(t.Context(), "bash", "-c", `set `+mode+`; source "$1"; env -0`, "bash", file)
			c.Env = before.Environ()
			out, err := c.Output()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for entry := range strings.SplitSeq(string(out), "\x00") {
				if name, value, ok := strings.Cut(entry, "="); ok && len(name) == 1 && name != "_" || name == "SET" && value != before["SET"] {
					want[name] = value
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %q, bash has %q", got, want)
			}
		})
	}
}
