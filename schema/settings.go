package schema

import (
	"cmp"
	"path/filepath"
	"slices"
)

// LogLevels are the values of `logging.level`.
var LogLevels = []string{"trace", "debug", "info", "warn", "warning", "error", "critical", "off"}

// Or returns what s says, and what below says where s does not. Masks add up, and so do plugins and limits of different
// names.
func (s Settings) Or(below Settings) Settings {
	if s.FailFast == nil {
		s.FailFast = below.FailFast
	}
	s.RunMode = cmp.Or(s.RunMode, below.RunMode)
	s.Parallelism = cmp.Or(s.Parallelism, below.Parallelism)
	s.Timeout = cmp.Or(s.Timeout, below.Timeout)
	s.Retry = s.Retry.Or(below.Retry)
	s.DefaultFolder = cmp.Or(s.DefaultFolder, below.DefaultFolder)
	s.OlderFolder = cmp.Or(s.OlderFolder, below.OlderFolder)
	s.Store = cmp.Or(s.Store, below.Store)
	s.History = cmp.Or(s.History, below.History)
	s.Logging = s.Logging.or(below.Logging)
	s.Limits = joined(s.Limits, below.Limits)
	s.Plugins = joined(s.Plugins, below.Plugins)
	if len(s.Deployments) == 0 {
		s.Deployments = below.Deployments
	}
	return s
}

func (l Logging) or(below Logging) Logging {
	l.Level = cmp.Or(l.Level, below.Level)
	if l.Color.Enabled == nil {
		l.Color.Enabled = below.Color.Enabled
	}
	l.Filename = cmp.Or(l.Filename, below.Filename)
	l.Err = cmp.Or(l.Err, below.Err)
	l.Path = cmp.Or(l.Path, below.Path)
	l.Masks = append(slices.Clip(l.Masks), below.Masks...)
	return l
}

// joined returns a mapping with the entries of another one whose keys it lacks.
func joined[T any](m, more Map[T]) Map[T] {
	have := m.Keys()
	all := slices.Clip(m)
	for _, entry := range more {
		if !slices.Contains(have, entry.Key) {
			all = append(all, entry)
		}
	}
	return all
}

// LoadSettings reads the settings in a file of BitOps that is not in the repository, such as the one that its image was
// built with. Unknown keys are warnings.
func LoadSettings(file string) (Settings, Problems) {
	file, err := filepath.Abs(file)
	if err != nil {
		return Settings{}, Problems{Errorf(Position{File: file}, "%v", err)}
	}
	var doc struct {
		Bitops Settings `yaml:"bitops"`
	}
	_, problems := decodeFile(file, file, SeverityWarning, &doc)
	return doc.Bitops.named(), problems
}

// named returns the settings under the names of today.
func (s Settings) named() Settings {
	s.DefaultFolder = cmp.Or(s.DefaultFolder, s.OlderFolder)
	return s
}
