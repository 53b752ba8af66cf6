package command

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// Plugins knows the plugins of a repository. main gives the real one.
type Plugins interface {
	// Tools returns a tool for each plugin that the manifest declares.
	Tools(PluginPlace) []environments.Tool
	// List says where each plugin is. It starts no process.
	List(PluginPlace) []PluginStatus
	// Install fetches plugins and runs their install scripts: those named, or all.
	Install(ctx context.Context, p PluginPlace, names []string, r process.Runner, log func(plugin, line string)) ([]PluginStatus, error)
}

// PluginPlace is a repository with plugins.
type PluginPlace struct {
	Repository string // absolute
	Store      string // the .bitops directory, absolute
	Declared   schema.Map[schema.Plugin]
	Environ    []string
}

// PluginStatus is what is known of one plugin.
type PluginStatus struct {
	Name      string `json:"name"`
	State     string `json:"state"`
	Source    string `json:"source,omitempty"`
	Reference string `json:"reference,omitempty"`
	Directory string `json:"directory,omitempty"`
	Note      string `json:"note,omitempty"`
}

func (r *repository) pluginPlace() PluginPlace {
	return PluginPlace{
		Repository: r.root, Store: r.store(), Declared: r.manifest.Settings.Plugins, Environ: r.Environ,
	}
}

func newPlugin(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Install and list the plugins of the manifest",
		Long: `Plugins are tools beyond the built-in ones, declared under "plugins" in the manifest. One that lies in the repository
runs from there; one from git, or with an install script, is installed first.

Those in the file that BITOPS_BUILD_CONFIG_YAML names count too, as for bitops deploy.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "Say which plugins there are, and where",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			r, err := g.openValid()
			if err != nil {
				return err
			}
			return g.printPlugins(g.Plugins.List(r.pluginPlace()))
		},
	}
	install := &cobra.Command{
		Use:   "install [NAME...]",
		Short: "Fetch plugins and run their install scripts",
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, args []string) error { return g.installPlugins(cmd.Context(), args) },
	}
	cmd.AddCommand(list, install)
	return cmd
}

// openValid opens the repository, and returns what is wrong with its manifest as the error. With settings of an image none
// is needed.
func (g *global) openValid() (*repository, error) {
	if file := g.variable(buildSettings); file != "" {
		g.adjust = func(m *schema.Manifest) (schema.Problems, error) { return underBuild(m, file) }
	}
	r, problems, err := g.open()
	if err != nil {
		return nil, err
	}
	return r, r.placed(problems).Err()
}

func (g *global) installPlugins(ctx context.Context, names []string) error {
	r, err := g.openValid()
	if err != nil {
		return err
	}
	s, err := store.Open(r.store()) // plugins are in this checkout
	if err != nil {
		return err
	}
	everything := holder("plugin install")
	everything.Everything = true
	lock, err := r.lock(ctx, &lockOptions{}, s, everything)
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // the process ends, and its lock with it
	log := func(plugin, line string) { g.say("%s | %s", plugin, line) }
	statuses, err := g.Plugins.Install(ctx, r.pluginPlace(), names, g.Runner, log)
	if printErr := g.printPlugins(statuses); err == nil {
		err = printErr
	}
	return err
}

func (g *global) printPlugins(statuses []PluginStatus) error {
	if g.json {
		return g.printJSON(append([]PluginStatus{}, statuses...))
	}
	w := tabwriter.NewWriter(g.Out, 0, 0, 2, ' ', 0)
	for _, p := range statuses {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Name, p.State, p.Source, p.Note)
	}
	return w.Flush()
}
