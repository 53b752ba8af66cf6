package command

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if g.json {
				return g.printJSON(map[string]string{
					"version": g.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintf(g.Out, "bitops %s (%s %s/%s)\n", g.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
