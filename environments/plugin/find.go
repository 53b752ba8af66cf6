package plugin

import (
	"fmt"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// State says how a plugin stands.
type State string

// The states of a plugin.
const (
	StateInstalled   State = "installed"     // Install put it into the store
	StateInPlace     State = "in place"      // its source is a directory, which is used as it is
	StateImage       State = "in the image"  // of v2's container, or in $BITOPS_PLUGIN_DIR
	StateMissing     State = "not installed" // and has to be
	StateOutdated    State = "outdated"      // another version is installed than the manifest asks for
	StateUnprepared  State = "not prepared"  // it is used in place, and its install script has not run since it changed
	StateUnavailable State = "unavailable"   // the declaration leads nowhere
)

// place is where a plugin is.
type place struct {
	source source
	state  State
	dir    string // absolute; "" when there is nothing to use
	record record // of an installed plugin
}

// find looks for a plugin in the order that the package's comment tells.
func (o Options) find(d declaration) (place, error) {
	if !validName.MatchString(string(d.name)) {
		return place{state: StateUnavailable}, fmt.Errorf("a name is letters, digits, '.', '_' and '-'")
	}
	src, err := o.source(d)
	if err != nil {
		return place{state: StateUnavailable}, err
	}
	p := place{source: src}
	link := filepath.Join(o.installs(), string(d.name))
	installed, here := readRecord(link)
	switch {
	case here && installed.fits(src) && (src.directory == "" || installed.Fingerprint == fingerprint(src.directory)):
		p.state, p.dir, p.record = StateInstalled, link, installed
		return p, nil
	case src.directory != "":
		return p.inPlace()
	}
	for _, dir := range o.images() {
		if dir = filepath.Join(dir, string(d.name)); holdsPlugin(dir) {
			p.state, p.dir = StateImage, dir
			return p, nil
		}
	}
	switch {
	case src.repository == "":
		p.state = StateUnavailable
		return p, fmt.Errorf("it has no source, and is not part of the image")
	case here:
		p.state, p.record = StateOutdated, installed
	default:
		p.state = StateMissing
	}
	return p, nil
}

// inPlace is a plugin whose source is a directory.
func (p place) inPlace() (place, error) {
	if !isDirectory(p.source.directory) {
		p.state = StateUnavailable
		return p, fmt.Errorf("there is no directory %s", p.source.directory)
	}
	p.state, p.dir = StateInPlace, p.source.directory
	return p, nil
}

// missing says why there is no plugin to use, as a failure that tells what to do.
func (p place) missing(name schema.ToolName) *environments.Failure {
	if p.state == StateOutdated {
		return environments.Failuref("plugin %s is installed as %s, and the manifest asks for %s: run `bitops plugin install %s`",
			name, p.record, p.source, name)
	}
	return environments.Failuref("plugin %s (%s) is not installed: run `bitops plugin install %s`", name, p.source, name)
}
