// Package command is the command line: one file for each command, each with its options, its flags, and a function that
// runs it. A command opens the repository, plans, lets the executor run, and shows what happened; it decides nothing
// about deployments.
package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// World is what commands know of the world around them. main makes the real one.
type World struct {
	In       io.Reader
	Out      io.Writer
	Err      io.Writer
	Environ  []string
	Tools    []environments.Tool
	Plugins  Plugins // nil for none
	Runner   process.Runner
	Version  string
	Keep     func(*os.File) (forget func())  // holds a file open should bitops die, until what it has started is gone; may be nil
	Marker   string                          // by which the programs are known that this process starts
	Left     func(marker string) []string    // finds the living ones that another process has started; may be nil
	Observe  func(schema.Event)              // told every event of a run, once it is in the journal; nil for nobody
	Locators map[string]environments.Locator // for pins of the manifest

	screen atomic.Pointer[ticking] // what draws on the terminal at the moment, or nil
}

// variable returns the value of an environment variable, "" when it is not set.
func (w *World) variable(name string) string {
	value := ""
	for _, entry := range w.Environ {
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			value = v
		}
	}
	return value
}

// interactive reports whether a person can be asked.
func (w *World) interactive() bool {
	in, ok := w.In.(*os.File)
	return ok && term.IsTerminal(int(in.Fd())) && w.variable("CI") == ""
}

// global are the flags that every command shares.
type global struct {
	*World
	chdir     string
	logLevel  string
	noColor   bool
	json      bool
	storeName string // a URL or a directory; "" for what the manifest says
	log       hclog.Logger

	byVariable map[string]bool // the flags that were set by a variable
	levelGiven bool            // by flag or variable

	pluginsLoaded bool

	// adjust, when not nil, changes the manifest that was read, and none is needed then. It returns warnings.
	adjust func(*schema.Manifest) (schema.Problems, error)
}

// New returns the bitops command.
func New(w *World) *cobra.Command {
	g := &global{World: w}
	root := &cobra.Command{
		Use:   "bitops",
		Short: "Deploy an operations repository as a graph of environments",
		Long: `bitops deploys an operations repository: one directory per environment, one directory per tool in it.
The manifest bitops.config.yaml says which environments depend on which; independent ones run in parallel,
and outputs are handed along the dependencies.

Every flag but --env can be set by a variable: --parallelism is BITOPS_PARALLELISM. A flag beats a variable, a
variable beats the manifest, the manifest beats the default.`,
		Version:       w.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.Err)
	root.SetUsageTemplate(root.UsageTemplate() + exitStatus)
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.StringVarP(&g.chdir, "chdir", "C", ".", "go to this `directory` first")
	flags.StringVar(&g.logLevel, "log-level", "warn", "`level` of the debug log on standard error: trace, debug, info, warn, error, off")
	flags.BoolVar(&g.noColor, "no-color", false, "no colours, as NO_COLOR does")
	flags.StringVar(&g.storeName, "store", "", "share runs, records and locks in this bucket or directory: a `URL` like s3://bucket/prefix (default .bitops)")
	flags.BoolVar(&g.json, "json", false, "print JSON for programs instead of text for people")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return g.prepare(cmd) }
	root.AddCommand(
		newApply(g), newDeploy(g), newDestroy(g), newDoctor(g), newDrift(g), newForget(g), newGraph(g), newInit(g), newList(g), newLogs(g), newOutput(g), newPlan(g), newPlugin(g),
		newRuns(g), newSchema(g), newShow(g), newUnlock(g), newValidate(g), newVersion(g),
	)
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs(cmd.Args)
		g.completeFlags(cmd)
	}
	completeInQuotes(root)
	return root
}

// prepare reads flags from variables, and opens the debug log.
func (g *global) prepare(cmd *cobra.Command) error {
	if err := cmp.Or(oneDash(cmd), g.flagsFromVariables(cmd)); err != nil {
		return err
	}
	g.levelGiven = cmd.Flags().Changed("log-level")
	level := hclog.LevelFromString(g.logLevel)
	if level == hclog.NoLevel {
		return usageError(cmd, fmt.Errorf("--log-level cannot be %q; one of trace, debug, info, warn, error, off", g.logLevel))
	}
	g.log = hclog.New(&hclog.LoggerOptions{Name: "bitops", Level: level, Output: messages{g.World}})
	g.Runner = logged{Runner: g.Runner, log: g.log}
	return nil
}

// notByVariable are flags whose variables mean something else: hooks are given BITOPS_ENV and BITOPS_OUTPUT, and a run
// inside a hook must not take them for its own.
var notByVariable = map[string]bool{"env": true, "help": true, "version": true}

// flagsFromVariables sets every flag that was not given from its variable: --log-level from BITOPS_LOG_LEVEL. An empty
// variable counts as unset.
func (g *global) flagsFromVariables(cmd *cobra.Command) error {
	var failed error
	g.byVariable = map[string]bool{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := variableOf(f.Name)
		value := g.variable(name)
		if f.Changed || value == "" || notByVariable[f.Name] || failed != nil {
			return
		}
		if err := f.Value.Set(value); err != nil {
			failed = usageError(cmd, fmt.Errorf("variable %s: %w", name, err))
			return
		}
		f.Changed = true
		g.byVariable[f.Name] = true
	})
	return failed
}

func variableOf(flag string) string {
	return "BITOPS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// UsageError says that the command line is wrong.
type UsageError struct {
	Command string
	Err     error
}

func (e *UsageError) Error() string { return fmt.Sprintf("%v; see %s --help", e.Err, e.Command) }
func (e *UsageError) Unwrap() error { return e.Err }

func usageError(cmd *cobra.Command, err error) error {
	return &UsageError{Command: cmd.CommandPath(), Err: err}
}

// usageArgs makes the errors of an argument check errors of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) != nil && !cmd.HasSubCommands() {
			return usageError(cmd, fmt.Errorf("it is used as %q, and was given %s", cmd.UseLine(), counted(args)))
		}
		if err := check(cmd, args); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}

// Execute runs the command line and returns its error.
func Execute(ctx context.Context, w *World, args []string) error {
	root := New(w)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return err
}

// onlyCommands is for a command that does nothing but hold others.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usageError(cmd, fmt.Errorf("there is no command %q%s", args[0], meant(args[0], names)))
}

// exitStatus ends every help text.
const exitStatus = `
Exit status:
  0    done, or nothing to do
  1    something failed
  2    with --detailed-exitcode: changes exist, or two plans differ
  3    held: waits for a person, nothing failed
  64   the command line is wrong
  65   the manifest or a configuration is wrong
  66   the saved plan no longer fits
  75   another bitops is at work in one of the environments
  130  interrupted (143 by SIGTERM, 129 by SIGHUP)
`
