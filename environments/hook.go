package environments

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// The directories of hooks beside a tool's files. BitOps v1 spelled the first two with dashes.
var (
	beforeHooks    = []string{"bitops.before-deploy.d", "bitops-before-deploy.d"}
	afterHooks     = []string{"bitops.after-deploy.d", "bitops-after-deploy.d"}
	onFailureHooks = []string{"bitops.on-failure.d"}
)

// hook is one script of a hooks directory.
type hook struct {
	name string // relative to the step's directory
	skip string // why it is not run, or ""
}

// listHooks returns the scripts of the first of the directories that is there, sorted by name.
func listHooks(dir string, names []string) ([]hook, error) {
	for _, name := range names {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read hooks: %w", err)
		}
		hooks := make([]hook, len(entries))
		for i, entry := range entries {
			hooks[i] = hook{name: filepath.Join(name, entry.Name()), skip: whyNoHook(filepath.Join(dir, name), entry)}
		}
		return hooks, nil
	}
	return nil, nil
}

// whyNoHook says why an entry of a hooks directory is no script: the things that people leave lying there.
func whyNoHook(dir string, entry fs.DirEntry) string {
	name := entry.Name()
	switch info, err := os.Stat(filepath.Join(dir, name)); {
	case err != nil:
		return "cannot be read"
	case info.IsDir():
		return "is a directory"
	case !info.Mode().IsRegular():
		return "is not a file"
	}
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(lower, "readme"), strings.HasSuffix(lower, ".md"):
		return "is documentation"
	case strings.HasPrefix(name, "."):
		return "is hidden"
	case strings.HasSuffix(name, "~"), strings.HasPrefix(name, "#"):
		return "is an editor's backup"
	}
	for _, suffix := range []string{".bak", ".orig", ".rej", ".swp", ".swo", ".tmp"} {
		if strings.HasSuffix(lower, suffix) {
			return "is a backup"
		}
	}
	return ""
}

// runHooks runs the scripts of a hooks directory of the step.
func (c *Call) runHooks(ctx context.Context, phase schema.Phase, dirs []string, exchange *exchange) error {
	return c.runHooksIn(ctx, c.Directory, phase, dirs, exchange)
}

// runHooksIn runs the scripts of a hooks directory with bash, one after the other, in the directory that holds it. After
// each one it takes over what the script wrote to $BITOPS_ENV and $BITOPS_OUTPUT; the first that fails ends it.
func (c *Call) runHooksIn(ctx context.Context, dir string, phase schema.Phase, dirs []string, exchange *exchange) error {
	hooks, err := listHooks(dir, dirs)
	if err != nil || len(hooks) == 0 {
		return err
	}
	above, err := filepath.Rel(c.Directory, dir)
	if err != nil {
		return err
	}
	var extra map[string]string
	if dir != c.Directory {
		extra = map[string]string{"BITOPS_OPSREPO_ENVIRONMENT_DIR": dir}
	}
	for _, h := range hooks {
		shown := filepath.Join(above, h.name)
		if h.skip = cmp.Or(h.skip, c.leftOutByBitOps(dir, h.name, phase)); h.skip != "" {
			c.Notice("hook %s is left out: it %s", shown, h.skip)
			continue
		}
		c.Phase(phase, shown)
		crlf := hasWindowsLines(filepath.Join(dir, h.name))
		if crlf {
			c.Warning("hook %s has the line ends of Windows (CR LF), and bash takes the CR as a part of commands and values", shown)
		}
		result, err := c.Run(ctx, ProgramCall{Name: "bash", Args: []string{h.name}, Dir: dir, Extra: extra})
		c.source = sourced{} // a file of variables can depend on what the hook did
		if err != nil {
			return fmt.Errorf("hook %s: %w", shown, err)
		}
		if result.ExitCode != 0 {
			failure := c.Failed(ProgramCall{Name: "bash"}, result)
			failure.Message = strings.Replace(failure.Message, "bash", "hook "+shown, 1)
			if crlf {
				failure.Lines = append(failure.Lines, fmt.Sprintf("%s has the line ends of Windows (CR LF). Convert it: sed -i 's/\\r$//' %s; "+
					"and keep git from changing it back: *.sh text eol=lf in .gitattributes", shown, shown))
			}
			return failure
		}
		if err := exchange.collect(c); err != nil {
			return fmt.Errorf("hook %s: %w", shown, err)
		}
	}
	return nil
}

// leftOutByBitOps says why a hook is not run in `bitops deploy`, where BitOps did not run it either, or "".
func (c *Call) leftOutByBitOps(dir, name string, phase schema.Phase) string {
	choosy, ok := c.tool.(Choosy)
	if !ok || !c.deploys || dir != c.Directory || phase == schema.PhaseOnFailure {
		return ""
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return "cannot be read"
	}
	return choosy.LeftOut(info.Mode())
}

// hasWindowsLines reports whether a script's lines end in CR LF.
func hasWindowsLines(file string) bool {
	text, err := schema.ReadFile(file)
	return err == nil && bytes.Contains(text, []byte("\r\n"))
}

// hasHooks reports whether a step's directory holds any of the hooks directories.
func hasHooks(d schema.Directory, kinds ...[]string) bool {
	return slices.ContainsFunc(kinds, func(names []string) bool { return slices.ContainsFunc(names, d.HasDirectory) })
}

// HasBeforeHooks reports whether a directory has hooks that run before its tool, and may write files for it.
func HasBeforeHooks(d schema.Directory) bool { return hasHooks(d, beforeHooks) }
