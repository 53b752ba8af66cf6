package command

import (
	"path"
	"slices"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// olderDefault is what the default folder of BitOps v1 was called.
const olderDefault = "default"

// hasOlderDefault reports whether a repository has the default folder of BitOps v1: nothing says which folder it is, there is
// none of v2, and that of v1 holds tools' directories as environments do. Since an environment can be called so too, some
// configuration there, or in one of the environments, must be written for v1.
func (g *global) hasOlderDefault(m *schema.Manifest, names []schema.EnvironmentName) bool {
	root := schema.Directory{Root: m.Root, Name: "."}
	if m.Settings.DefaultFolder != "" || root.HasDirectory(schema.DefaultFolder) || !root.HasDirectory(olderDefault) {
		return false
	}
	holdsTool := func(tool environments.Tool) bool {
		return root.HasDirectory(path.Join(olderDefault, string(tool.Name())))
	}
	if !slices.ContainsFunc(g.Tools, holdsTool) {
		return false
	}
	for _, name := range append([]schema.EnvironmentName{olderDefault}, names...) {
		for _, tool := range g.Tools {
			dated, ok := tool.(environments.Dated)
			if ok && dated.ForV1(schema.Directory{Root: m.Root, Name: path.Join(string(name), string(tool.Name()))}) {
				return true
			}
		}
	}
	return false
}

// toolsOfImage returns the built-in tools that environments have, in the order of BitOps' image, nil where the order is the
// same without being said: BitOps has never been here, or ran what is here in that order too.
func (g *global) toolsOfImage(m *schema.Manifest, names []schema.EnvironmentName) []schema.ToolName {
	root := schema.Directory{Root: m.Root, Name: "."}
	there := map[schema.ToolName]bool{}
	bitops, differs := false, false
	for _, name := range names {
		var here []schema.ToolName
		for _, tool := range schema.DefaultTools {
			dir := path.Join(string(name), string(tool))
			if root.HasDirectory(dir) {
				here, there[tool] = append(here, tool), true
				bitops = bitops || isOfBitOps(schema.Directory{Root: m.Root, Name: dir})
			}
		}
		differs = differs || !slices.Equal(here, inImage(here))
	}
	if !bitops || !differs {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(schema.ImageTools), func(tool schema.ToolName) bool { return !there[tool] })
}

// inImage returns tools in the order of BitOps' image.
func inImage(tools []schema.ToolName) []schema.ToolName {
	return slices.DeleteFunc(slices.Clone(schema.ImageTools), func(tool schema.ToolName) bool { return !slices.Contains(tools, tool) })
}

// isOfBitOps reports whether a tool's directory, or one in it, has a file of BitOps.
func isOfBitOps(d schema.Directory) bool {
	has := func(d schema.Directory) bool {
		_, configured := d.ConfigurationFile()
		return configured || d.HasDirectory("bitops.before-deploy.d") || d.HasDirectory("bitops.after-deploy.d")
	}
	if has(d) {
		return true
	}
	entries, _ := d.Entries() // none where it cannot be listed
	for _, entry := range entries {
		if entry.IsDir() && has(schema.Directory{Root: d.Root, Name: path.Join(d.Name, entry.Name())}) {
			return true
		}
	}
	return false
}
