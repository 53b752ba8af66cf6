package plugin

import (
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// files are a plugin as it is on disk. They are not changed once read.
type files struct {
	name     schema.ToolName
	place    place
	config   config
	keys     *schema.ToolSchema // with skip-deploy and preview; for a plugin without a schema of its own, nothing else
	own      bool               // the plugin brings a schema
	problems schema.Problems
}

// read finds a plugin and reads its two files.
func (o Options) read(d declaration) *files {
	f := &files{name: d.name, config: defaultConfig()}
	f.keys = withReserved(&schema.ToolSchema{Tool: d.name}, d.name)
	var err error
	if f.place, err = o.find(d); err != nil {
		f.problems = schema.Problems{d.problemAt("%v", err)}
		return f
	}
	if f.place.dir == "" {
		f.problems = schema.Problems{notInstalled(d, f.place)}
		return f
	}
	f.readFrom(o, f.place.dir)
	if f.place.state == StateInPlace && isFile(f.place.dir, f.config.install.name) {
		f.place.state = StateUnprepared
		f.problems = append(f.problems, notPrepared(d, f))
	}
	return f
}

// notPrepared is a warning: what v2 ran when its image was built has not run here.
func notPrepared(d declaration, f *files) schema.Problem {
	return schema.Warningf(d.at, "plugin %q: its %s has not run since the plugin's files changed", d.name, f.config.install.name).
		WithHint("run `bitops plugin install %s`", d.name)
}

// notInstalled is a warning for those who only look; Check is what stops a run.
func notInstalled(d declaration, p place) schema.Problem {
	return schema.Warningf(d.at, "%v", p.missing(d.name))
}

func (f *files) readFrom(o Options, dir string) {
	var more schema.Problems
	f.config, f.problems = readConfig(dir, o.shown(filepath.Join(dir, configFile)))
	if !f.config.parse {
		return
	}
	keys, more := readKeys(dir, o.shown(filepath.Join(dir, schemaFile)))
	f.problems = append(f.problems, more...)
	if keys != nil && !f.problems.HasErrors() {
		f.keys, f.own = withReserved(keys, f.name), true
	}
}

// parses reports whether bitops knows the keys of the plugin's configuration.
func (f *files) parses() bool { return f.own && f.config.parse }

// ready returns why the plugin cannot run, or nil.
func (f *files) ready() error {
	if err := f.problems.Err(); err != nil {
		return err
	}
	if f.place.dir == "" {
		return f.place.missing(f.name)
	}
	if isFile(f.place.dir, f.config.deploy.name) {
		return nil
	}
	failure := environments.Failuref("plugin %s has no script %s: there is no file %s",
		f.name, f.config.deploy.name, filepath.Join(f.place.dir, f.config.deploy.name))
	if f.place.state == StateUnprepared {
		failure.Message += "; if its install script makes it, run `bitops plugin install " + string(f.name) + "`"
	}
	return failure
}

// programs returns what must be there for the plugin to run. v2's dependencies are plugins that bring a program of their
// name along.
func (f *files) programs() []environments.Program {
	all := []environments.Program{{
		Name: f.config.deploy.language, VersionArgs: []string{"--version"},
		Install: "plugin " + string(f.name) + " is written in it",
	}}
	for _, name := range f.config.dependencies {
		args := []string{"--version"}
		if name == "kubectl" {
			args = []string{"version", "--client"}
		}
		all = append(all, environments.Program{
			Name: name, VersionArgs: args, Install: "plugin " + string(f.name) + " depends on it",
		})
	}
	return all
}
