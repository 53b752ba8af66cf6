package command

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

// deploySettings are what BitOps' variables say of a deploy.
type deploySettings struct {
	own   schema.Settings // win over every file
	build string          // a file that every other one wins over, or ""
}

// settingsOfBitOps reads the variables for which bitops has others, or other values. They count where the flag is not given.
func (g *global) settingsOfBitOps(cmd *cobra.Command, o *deployOptions) (deploySettings, error) {
	if g.byVariable["timeout"] {
		o.timeout = ""
		g.say("bitops: warning: BitOps never enforced BITOPS_TIMEOUT, and neither does deploy: no step has a timeout; %s", enforced)
	}
	if err := g.fastFail(cmd); err != nil {
		return deploySettings{}, err
	}
	s := deploySettings{build: g.variable(buildSettings)}
	s.own.RunMode = g.variable("BITOPS_MODE")
	s.own.DefaultFolder = cmp.Or(g.variable("BITOPS_DEFAULT_FOLDER"), g.variable("DEFAULT_FOLDER_NAME"))
	logging := &s.own.Logging
	logging.Path, logging.Filename = g.variable("BITOPS_LOGGING_PATH"), g.variable("BITOPS_LOGGING_FILENAME")
	logging.Level = strings.ToLower(g.variable("BITOPS_LOGGING_LEVEL"))
	if logging.Level != "" && !slices.Contains(schema.LogLevels, logging.Level) {
		return s, usageError(cmd, fmt.Errorf("variable BITOPS_LOGGING_LEVEL cannot be %q; one of %s",
			logging.Level, strings.Join(schema.LogLevels, ", ")))
	}
	if value := g.variable("BITOPS_LOGGING_COLOR"); value != "" {
		color, err := strconv.ParseBool(strings.ToLower(value))
		if err != nil {
			return s, usageError(cmd, fmt.Errorf("variable BITOPS_LOGGING_COLOR must be true or false, not %q", value))
		}
		logging.Color.Enabled = &color
	}
	return s, nil
}

func (g *global) fastFail(cmd *cobra.Command) error {
	value, flags := g.variable("BITOPS_FAST_FAIL"), cmd.Flags()
	if value == "" || flags.Changed("fail-fast") || flags.Changed("keep-going") {
		return nil
	}
	if err := flags.Set("fail-fast", strings.ToLower(value)); err != nil {
		return usageError(cmd, fmt.Errorf("variable BITOPS_FAST_FAIL must be true or false, not %q", value))
	}
	g.byVariable["fail-fast"] = true
	return nil
}

// adjustFor settles what counts for the deploy of one environment: a variable beats the environment's own file, that beats
// the manifest, and that the settings of the image.
func (g *global) adjustFor(s deploySettings, m *schema.Manifest, name schema.EnvironmentName) (schema.Problems, error) {
	warnings, err := underBuild(m, s.build)
	if err != nil {
		return nil, err
	}
	ignored := m.Settings.Timeout != 0
	for i := range m.Environments {
		if env := &m.Environments[i]; env.Name == name {
			file, _ := schema.LoadEnvironmentSettings(schema.Directory{Root: m.Root, Name: env.Path.Text}) // the planner tells its problems
			own := schema.Settings{FailFast: file.FailFast, RunMode: file.RunMode, Logging: file.Logging}
			own.Logging.Masks = nil // the planner adds them
			m.Settings = own.Or(m.Settings)
			ignored = env.Timeout == 0 && (ignored || file.Timeout != 0)
		}
	}
	if ignored {
		warnings = append(warnings, schema.Warningf(schema.Position{},
			"BitOps never enforced the setting timeout, and neither does deploy: no step has a timeout").WithHint("%s", enforced))
	}
	m.Settings = s.own.Or(m.Settings)
	if name != olderDefault && g.hasOlderDefault(m, []schema.EnvironmentName{name}) {
		m.Settings.DefaultFolder = olderDefault
		warnings = append(warnings, schema.Warningf(schema.Position{File: olderDefault},
			"lies under environment %q, because the configuration is that of BitOps v1, which took defaults from this folder", name).
			WithHint("set BITOPS_DEFAULT_FOLDER, or default_folder in the manifest"))
	}
	return warnings, nil
}

// enforced is what a person can do who wants a timeout.
const enforced = "--timeout is enforced, and so is `timeout` of an environment in the manifest"

// buildSettings names the file with the settings that BitOps' image was built with.
const buildSettings = "BITOPS_BUILD_CONFIG_YAML"

// underBuild lays the settings of a file under those of the manifest; "" is no file. It returns warnings.
func underBuild(m *schema.Manifest, file string) (schema.Problems, error) {
	if file == "" {
		return nil, nil
	}
	build, problems := schema.LoadSettings(file)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	m.Settings = m.Settings.Or(build)
	return problems, nil
}
