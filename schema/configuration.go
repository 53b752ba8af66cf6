package schema

import "path/filepath"

// DecodeConfiguration reads the configuration file of a directory into target, which points to a struct with
// `yaml:"..." doc:"..."` tags (see decode.go). dir is relative to root, and so are the positions of the problems. A key
// that nothing reads is a warning: real repositories hold leftovers. Without a file target stays as it is.
func DecodeConfiguration(root, dir string, target any) Problems {
	file, ok := ConfigurationFile(root, dir)
	if !ok {
		return nil
	}
	_, problems := decodeFile(filepath.Join(root, filepath.FromSlash(file)), file, SeverityWarning, target)
	return problems
}
