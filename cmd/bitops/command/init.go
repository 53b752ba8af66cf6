package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
		Long: `Write bitops.config.yaml for the environments in a directory: every directory in it, at any depth, that holds a
tool's directory. An environment further down is named by its path, such as prod/network.

A bitops.config.yaml that is there, of an earlier init or of BitOps v2, is given the environments that it does not
declare; everything else in it stays. A new one says which order the tools had in BitOps' image, where that differs, and
which folder BitOps v1 took defaults from. Without DIR it is looked for in the directories above, too. What is left out is
told, and what the files do not say, such as which environment needs which.

init has git ignore .bitops, what terraform downloads, and local state, which holds secrets: it writes .gitignore or
adds to it. Commit the lock files (.terraform.lock.hcl).

With --example a small repository is written that can be deployed right away, without any account.`,
		Example: `  bitops init                    in an operations repository, and again when there are more environments
  bitops init --example demo     a repository to try things out`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := filepath.Join(g.chdir, append(args, ".")[0])
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				dir = args[0]
			}
			if example {
				return g.initExample(dir)
			}
			return g.initManifest(cmd.Context(), dir, len(args) == 0)
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

// initManifest declares the environments of a repository that are not declared yet, for people to go on from, and has git
// ignore what bitops and the tools leave there. A file that is there keeps what it says.
func (g *global) initManifest(ctx context.Context, dir string, above bool) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &UsageError{Command: "bitops init", Err: fmt.Errorf("%s is not a directory", dir)}
	}
	e, err := readExisting(dir, above)
	if err != nil {
		return err
	}
	m := e.manifest
	if g.Plugins != nil {
		r := &repository{global: g, root: m.Root, manifest: m}
		g.Tools = append(g.Tools, g.Plugins.Tools(r.pluginPlace())...)
		g.pluginsLoaded = true
	}
	names, warnings := planner.Found(m, &environments.Inspector{Repository: m.Root, Registered: g.Tools})
	for i := range warnings {
		warnings[i].File = filepath.Join(e.dir, warnings[i].File)
	}
	older := e.text == nil && g.hasOlderDefault(m, names)
	if older {
		m.Settings.DefaultFolder = olderDefault
		names = slices.DeleteFunc(names, func(name schema.EnvironmentName) bool { return name == olderDefault })
	}
	if len(names) == 0 && len(m.Environments) == 0 {
		return append(warnings, schema.Errorf(schema.Position{File: dir}, "holds no environments").
			WithHint("an environment is a directory with a terraform, ansible, helm or cloudformation directory in it; "+
				"`bitops init --example DIR` writes a repository to begin with"))
	}
	if err := g.declare(e, names); err != nil {
		return err
	}
	if older {
		g.print("The folder %s is not an environment: BitOps v1 kept the defaults for every environment there.", olderDefault)
	}
	g.chdir = e.dir
	if err := (&repository{global: g, root: m.Root}).ignore(ctx, e.dir); err != nil {
		return err
	}
	return g.tellUnknown(m, len(m.Environments)+len(names), warnings)
}

// declare writes environments into the manifest.
func (g *global) declare(e *existing, names []schema.EnvironmentName) error {
	switch {
	case e.text == nil:
		folder, tools := e.manifest.Settings.DefaultFolder, g.toolsOfImage(e.manifest, names)
		if folder != "" { // of BitOps v1, whose order is the usual one
			tools = nil
		}
		if err := createFile(e.file(), manifestFor(names, folder, tools)); err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		g.print("Wrote %s with %s: %s.", e.file(), count(len(names), "environment"), strings.Join(listed(names), ", "))
		return nil
	case len(names) == 0:
		g.print("Left %s as it is: it declares every environment that is here (%d).", e.file(), len(e.manifest.Environments))
		return nil
	}
	return g.addTo(e.file(), e.text, names)
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
	return err
}

// manifestFor returns the text of a manifest. folder is the default folder, "" for the usual one; tools are those whose order
// must be said.
func manifestFor(names []schema.EnvironmentName, folder string, tools []schema.ToolName) string {
	var b strings.Builder
	b.WriteString(`# Which environments there are, and which depend on which.
# An environment waits for what it names in depends_on, and can use the outputs of others:
#
#   backend:
#     depends_on: [network]
#     inputs:
#       vpc_id: ${outputs.network.vpc_id}
bitops:
`)
	if folder != "" {
		fmt.Fprintf(&b, "  # BitOps v1 called the folder so that holds defaults for every environment.\n  default_folder: %s\n", schema.QuoteKey(folder))
	}
	if len(tools) > 0 {
		b.WriteString("  # The order of BitOps' image. Without this it is terraform, ansible, helm, cloudformation.\n  deployments:\n")
		for _, tool := range tools {
			fmt.Fprintf(&b, "    %s: {}\n", tool)
		}
	}
	b.WriteString("  environments:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "    %s: {}\n", schema.QuoteKey(string(name)))
	}
	return b.String()
}
