package schema

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFindManifest(t *testing.T) {
	const environments, settings, tool = "bitops: {environments: {x: {}}}\n", "bitops: {deployments: {}}\n", "terraform: {cli: {}}\n"
	for _, c := range []struct{ name, archive, from, want string }{
		{"in the directory itself", "-- bitops.config.yaml --\n" + environments, ".", "bitops.config.yaml"},
		{
			"above it, past a tool's and an environment's configuration",
			"-- bitops.config.yaml --\n" + environments + "-- a/bitops.config.yaml --\n" + settings + "-- a/terraform/bitops.config.yaml --\n" + tool, "a/terraform", "bitops.config.yaml",
		},
		{"the nearest that declares environments", "-- bitops.config.yaml --\n" + environments + "-- in/bitops.config.yaml --\n" + environments + "-- in/x/y --\n", "in/x", "in/bitops.config.yaml"},
		{"the outer one when it includes the inner", "-- bitops.config.yaml --\nbitops: {include: ['*/bitops.config.yaml']}\n-- in/bitops.config.yaml --\n" + environments, "in", "bitops.config.yaml"},
		{"the outer one by way of two includes", "-- bitops.config.yaml --\nbitops: {include: [./a/bitops.config.yaml]}\n-- a/bitops.config.yaml --\nbitops: {include: b/bitops.config.yaml}\n-- a/b/bitops.config.yaml --\n" + environments, "a/b", "bitops.config.yaml"},
		{"not the outer one when it includes others", "-- bitops.config.yaml --\nbitops: {include: ['other/*']}\n-- in/bitops.config.yaml --\n" + environments, "in", "in/bitops.config.yaml"},
		{"the outermost with a bitops key where none declares environments", "-- bitops.config.yaml --\n" + settings + "-- a/bitops.config.yaml --\n" + settings, "a", "bitops.config.yaml"},
		{"not beyond .git", "-- bitops.config.yaml --\n" + environments + "-- repo/.git/HEAD --\n-- repo/bitops.config.yaml --\n" + settings + "-- repo/a/b --\n", "repo/a", "repo/bitops.config.yaml"},
		{"the file beside .git, which is a file in a worktree", "-- bitops.config.yaml --\n" + environments + "-- repo/.git --\n-- repo/a/b --\n", "repo/a", ""},
		{"none where there are only tools' configurations", "-- a/bitops.config.yaml --\n" + tool, "a", ""},
		{"one that cannot be read, so that its problem is shown", "-- bitops.config.yaml --\n\tx: [\n-- a/b --\n", "a", "bitops.config.yaml"},
		{"an empty one", "-- bitops.config.yaml --\n-- a/b --\n", "a", "bitops.config.yaml"},
		{"one that is a list", "-- bitops.config.yaml --\n- a\n", ".", "bitops.config.yaml"},
		{"one with a quoted key", "-- bitops.config.yaml --\n\"bitops\": {environments: {}}\n", ".", "bitops.config.yaml"},
		{"one without the bitops key, which will be the problem", "-- bitops.config.yaml --\nenvironments: {}\n", ".", "bitops.config.yaml"},
		{"the other ending", "-- bitops.config.yml --\n" + environments, ".", "bitops.config.yml"},
		{"from a directory that is a link, where it really is", "-- bitops.config.yaml --\n" + settings + "-- real/bitops.config.yaml --\n" + environments + "-- real/a/b --\n-- link --\n-> real/a\n", "link", "real/bitops.config.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer := repository(t, c.archive)
			if err := os.MkdirAll(filepath.Join(outer, ".git"), 0o755); err != nil {
				t.Fatal(err)
			}
			root, file, err := FindManifest(filepath.Join(outer, c.from))
			if c.want == "" {
				if !IsNoManifest(err) {
					t.Errorf("found %s in %s, %v", file, root, err)
				}
				return
			}
			if got := filepath.Join(root, file); err != nil || got != filepath.Join(outer, c.want) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	for dir, want := range map[string]string{
		"absent": "open absent: no such file or directory", "find_test.go": "find_test.go is not a directory",
	} {
		if _, _, err := FindManifest(dir); err == nil || err.Error() != want {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
