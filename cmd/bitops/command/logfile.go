package command

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

// logFile opens the file that logging.filename names, to which what tools print is added, and returns how to close it.
// It is a copy of what is in the run's directory, so a run does not fail because of it: that is said.
func (s *session) logFile(run string) (view.Run, func()) {
	file := s.logFileName()
	if file == "" {
		return view.NewLogFile(io.Discard, noLog), func() {}
	}
	complain := func(err error) {
		s.say("bitops: warning: logging.filename: %v; the logs of this run are in %s", err, filepath.Join(run, "logs"))
	}
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	}
	if err != nil {
		complain(err)
		return view.NewLogFile(io.Discard, noLog), func() {}
	}
	kept := view.NewLogFile(f, func(step schema.StepName) (io.ReadCloser, error) { return os.Open(journal.LogFile(run, step)) })
	return kept, func() {
		if err := cmp.Or(kept.Err(), f.Close()); err != nil {
			complain(err)
		}
	}
}

func noLog(schema.StepName) (io.ReadCloser, error) { return nil, os.ErrNotExist }

// logFileName returns the path of the log file, "" when none is wanted. As in BitOps the name goes without its ending.
func (s *session) logFileName() string {
	logging := s.manifest.Settings.Logging
	name := strings.TrimSuffix(strings.TrimSuffix(logging.Filename, ".logs"), ".log")
	if name == "" || strings.EqualFold(name, "false") {
		return ""
	}
	file := filepath.Join(cmp.Or(logging.Path, filepath.Join(".bitops", "logs")), name+".log")
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.root, file)
	}
	return file
}
