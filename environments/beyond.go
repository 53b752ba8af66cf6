package environments

import (
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Reader is a Tool whose files can read what other steps leave behind, beside the values that their step is given.
type Reader interface {
	// Reads matches the text by which a file does so, such as the type of a remote state.
	Reads() *regexp.Regexp
}

// ReadsBeyond returns by which way a step can read what others leave behind, other than by the values that it is given; "" for
// none. No program is started.
func (l *Lifecycle) ReadsBeyond(step *schema.Step) (why string, err error) {
	if step.Interface.AnyInput && step.Interface.MoreOutput {
		return "hooks and playbooks can read anything", nil
	}
	files := l.files()
	c, err := files.closure(step.EnvironmentPath, step.Deployment, l.Default, true)
	if err != nil {
		return "", err
	}
	if c.open {
		return "its files can read anything", nil
	}
	for _, target := range slices.Sorted(maps.Keys(c.seen)) {
		if l.inOther(step.EnvironmentPath, target) {
			return "its files read " + target, nil
		}
	}
	reader, ok := l.tool(step.Tool).(Reader)
	if !ok {
		return "", nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.names)) {
		found, err := finds(files.file(name), reader.Reads())
		if err != nil {
			return "", err
		}
		if found != "" {
			return fmt.Sprintf("%s has %s", name, found), nil
		}
	}
	return "", nil
}

// inOther reports whether a path of the repository leads into another environment, or to where some are.
func (l *Lifecycle) inOther(environment, target string) bool {
	for other := range l.Paths {
		if other != environment && strings.HasPrefix(other, target+"/") {
			return true
		}
	}
	for dir := target; ; dir = path.Dir(dir) {
		if l.Paths[dir] {
			return dir != environment
		}
		if dir == "." {
			return false
		}
	}
}

// finds returns the first text in a file that matches, "" for none. What is not there, or larger than configurations are, has
// none.
func finds(file string, pattern *regexp.Regexp) (string, error) {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > longestScan {
		return "", missing(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", missing(err)
	}
	return string(pattern.Find(text)), nil
}
