package main

import (
	"context"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/plugin"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// plugins lets the commands reach the plugin package, which they do not know.
type plugins struct{}

var _ command.Plugins = plugins{}

func options(p command.PluginPlace) plugin.Options {
	return plugin.Options{Repository: p.Repository, Store: p.Store, Declared: p.Declared, Environ: p.Environ}
}

// Tools implements command.Plugins.
func (plugins) Tools(p command.PluginPlace) []environments.Tool { return plugin.New(options(p)) }

// List implements command.Plugins.
func (plugins) List(p command.PluginPlace) []command.PluginStatus {
	return statuses(plugin.List(options(p)))
}

// Install implements command.Plugins.
func (plugins) Install(
	ctx context.Context, p command.PluginPlace, names []string, r process.Runner, log func(plugin, line string),
) ([]command.PluginStatus, error) {
	all, err := plugin.Install(ctx, plugin.InstallOptions{
		Options: options(p), Names: names, Runner: r,
		Log: func(name schema.ToolName, _, line string) { log(string(name), line) },
	})
	return statuses(all), err
}

func statuses(all []plugin.Status) []command.PluginStatus {
	shown := make([]command.PluginStatus, len(all))
	for i, s := range all {
		shown[i] = command.PluginStatus{
			Name: string(s.Name), State: string(s.State), Source: s.Source, Reference: s.Reference,
			Directory: s.Directory, Note: s.Note,
		}
	}
	return shown
}
