package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/docs/examples"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

func newInit(g *global) *cobra.Command {
	example := false
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a manifest for the environments found here",
		Long: `Write bitops.config.yaml for the environments in a directory: every directory in it that holds a tool's directory.
Where BitOps v2 had a bitops.config.yaml, the environments are added to it and everything else in it stays. What the
files do not say, such as which environment needs which, is told.

With --example a small repository is written that can be deployed right away, without any account.`,
		Example: `  bitops init                    in an operations repository
  bitops init --example demo     a repository to try things out`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := filepath.Join(g.chdir, append(args, ".")[0])
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				dir = args[0]
			}
			if example {
				return g.initExample(dir)
			}
			return g.initManifest(dir)
		},
	}
	cmd.Flags().BoolVar(&example, "example", false, "write a repository that can be deployed right away")
	return cmd
}

// alreadyThere is the problem of a file that init would have to overwrite.
func alreadyThere(file string) error {
	return schema.Problems{schema.Errorf(schema.Position{File: file}, "is there already").WithHint("nothing was written")}
}

func (g *global) initExample(dir string) error {
	source, err := fs.Sub(examples.Quickstart, "quickstart")
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return schema.Problems{schema.Errorf(schema.Position{File: dir}, "is not empty").WithHint("nothing was written")}
	}
	if err := os.CopyFS(dir, source); err != nil {
		return fmt.Errorf("write the example: %w", err)
	}
	fmt.Fprintf(g.Out, "Wrote an example to %s. Try:\n\n  bitops graph -C %[1]s\n  bitops apply -C %[1]s\n", dir)
	return nil
}

// initManifest writes the manifest that does what a repository without one would do, for people to go on from. A file of
// BitOps that is there keeps what it says.
func (g *global) initManifest(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &UsageError{Command: "bitops init", Err: fmt.Errorf("%s is not a directory", dir)}
	}
	m, old, err := readExisting(dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, m.File)
	if g.Plugins != nil {
		r := &repository{global: g, root: m.Root, manifest: m}
		g.Tools = append(g.Tools, g.Plugins.Tools(r.pluginPlace())...)
		g.pluginsLoaded = true
	}
	names, warnings := planner.Found(m, &environments.Inspector{Repository: m.Root, Registered: g.Tools})
	if len(names) == 0 {
		return schema.Problems{schema.Errorf(schema.Position{File: dir}, "holds no environments").
			WithHint("an environment is a directory with a terraform, ansible, helm or cloudformation directory in it; " +
				"`bitops init --example DIR` writes a repository to begin with")}
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = string(name)
	}
	if old == nil {
		if err := createFile(file, manifestFor(list)); err != nil {
			return err
		}
		g.print("Wrote %s with %s: %s.", file, count(len(list), "environment"), strings.Join(list, ", "))
	} else if err := g.addTo(file, old, names); err != nil {
		return err
	}
	g.chdir = dir
	return g.tellUnknown(m, len(names), warnings)
}

// createFile writes a file that must not be there.
func createFile(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return alreadyThere(file)
	}
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

func manifestFor(names []string) string {
	var b strings.Builder
	b.WriteString(`# Which environments there are, and which depend on which.
# An environment waits for what it names in depends_on, and can use the outputs of others:
#
#   backend:
#     depends_on: [network]
#     inputs:
#       vpc_id: ${outputs.network.vpc_id}
bitops:
  environments:
`)
	for _, name := range names {
		fmt.Fprintf(&b, "    %s: {}\n", schema.QuoteKey(name))
	}
	return b.String()
}
