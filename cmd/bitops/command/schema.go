package command

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func newSchema(g *global) *cobra.Command {
	write := false
	cmd := &cobra.Command{
		Use:   "schema [manifest|TOOL|plan|report|comparison|event]",
		Short: "Print the JSON Schema of the manifest, a tool's configuration, or what bitops writes",
		Long: `Print the JSON Schema of the manifest, of a tool's bitops.config.yaml, or of a document that bitops writes: plan is
bitops show PLAN --json, report is bitops show RUN --json, comparison is bitops show PLAN PLAN --json, event is a line of a journal. With --write those of files that
people edit go to .bitops/schema, where editors find them by a first line such as
  # yaml-language-server: $schema=./.bitops/schema/manifest.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if write {
				return g.writeSchemas()
			}
			return g.printSchema(cmd, append(args, "manifest")[0])
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "write all schemas to .bitops/schema")
	return cmd
}

// schemas returns the schemas by name, and the names in their order.
func (g *global) schemas() (map[string]func() ([]byte, error), []string) {
	all := map[string]func() ([]byte, error){"manifest": schema.ManifestSchema}
	names := []string{"manifest"}
	for _, tool := range g.Tools {
		if c, ok := tool.(environments.Configured); ok {
			names = append(names, string(tool.Name()))
			all[string(tool.Name())] = c.ConfigurationSchema
		}
	}
	return all, names
}

func (g *global) printSchema(cmd *cobra.Command, name string) error {
	if _, _, err := g.open(); err != nil && !schema.IsNoManifest(err) { // for the plugins, where there is a repository
		return err
	}
	all, names := g.schemas()
	for _, document := range slices.Sorted(maps.Keys(schema.Documents)) {
		if all[document] == nil { // a plugin can be called so
			all[document] = schema.Documents[document]
			names = append(names, document)
		}
	}
	write, ok := all[name]
	if !ok {
		return usageError(cmd, fmt.Errorf("there is no schema %q (%s)", name, schema.DidYouMean(name, names)))
	}
	text, err := write()
	if err == nil {
		_, err = g.Out.Write(text)
	}
	return err
}

func (g *global) writeSchemas() error {
	r, _, err := g.open()
	if err != nil {
		return err
	}
	dir := filepath.Join(r.store(), "schema")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write schemas: %w", err)
	}
	all, names := g.schemas()
	for _, name := range names {
		text, err := all[name]()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write schema %s: %w", name, err)
		}
		fmt.Fprintln(g.Out, filepath.Join(r.shown, ".bitops", "schema", name+".json"))
	}
	return nil
}
