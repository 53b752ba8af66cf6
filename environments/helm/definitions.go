package helm

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// definitionsDirectory holds definitions of kinds. helm installs them with a first release, and never looks at them again.
const definitionsDirectory = "crds"

// definition is one of a chart's definitions of kinds.
type definition struct {
	object
	file string // of the chart, as helm names it: CHART/crds/FILE
}

// mentionDefinitions tells which definitions of the chart the cluster does not have like that, and an upgrade does not
// install. What the user may not read is not told.
func (s *session) mentionDefinitions(ctx context.Context, values []string) error {
	if !definesKinds(s.Directory) {
		return nil
	}
	all, err := s.definitions(ctx, values)
	if err != nil {
		return context.Cause(ctx) // the chart may need a cluster to be rendered
	}
	for _, d := range all {
		live, there, err := s.objectIn(ctx, nil, d.object)
		switch {
		case err != nil:
			return context.Cause(ctx)
		case !there:
			s.Warning("%s %s is not in the cluster, and helm installs %s/ only with a first release. %s",
				d.kind, d.name, definitionsDirectory, s.howToInstall(d))
		case len(compared(d.object, live, false)) > 0:
			differences, err := s.driftOf(ctx, d.object, live)
			if err != nil {
				return err
			}
			if len(differences) > 0 {
				s.Warning("%s %s is not in the cluster as the chart has it, and helm never upgrades %s/. %s",
					d.kind, d.name, definitionsDirectory, s.howToInstall(d))
			}
		}
	}
	return nil
}

func (s *session) howToInstall(d definition) string {
	if _, name, _ := strings.Cut(d.file, "/"); has(s.Source, name) {
		return "To install it: kubectl apply --server-side -f " + path.Join(s.Step.Directory(), name)
	}
	return "To install it: kubectl apply --server-side, with " + d.file + " of the chart"
}

// sourceLine is how helm says which file of a chart something is from.
var sourceLine = regexp.MustCompile(`(?m)^# Source: (.+)$`)

// definitions returns the definitions of the chart and of those that it depends on and has switched on.
func (s *session) definitions(ctx context.Context, values []string) ([]definition, error) {
	rendered, err := s.template(ctx, values, "--include-crds", "--is-upgrade")
	if err != nil {
		return nil, err
	}
	var all []definition
	ends := sourceLine.FindAllStringSubmatchIndex(rendered.Manifest, -1)
	for i, at := range ends {
		file, text := rendered.Manifest[at[2]:at[3]], rendered.Manifest[at[1]:]
		if i+1 < len(ends) {
			text = rendered.Manifest[at[1]:ends[i+1][0]]
		}
		if !strings.Contains(file, "/"+definitionsDirectory+"/") {
			continue
		}
		objects, err := s.objects(&release{Manifest: text})
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.kind == "CustomResourceDefinition" {
				all = append(all, definition{o, file})
			}
		}
	}
	slices.SortFunc(all, func(a, b definition) int { return byAddress(a.object, b.object) })
	return all, nil
}

// definesKinds reports whether a chart, or one that lies in it, has definitions of kinds. What cannot be read is helm's to
// tell.
func definesKinds(chart string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(chart, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir
		case d.IsDir() && d.Name() == definitionsDirectory, strings.HasSuffix(file, ".tgz") && archiveDefines(file):
			return found
		case d.IsDir() && file != chart && d.Name() == "templates":
			return fs.SkipDir
		}
		return nil
	})
	return errors.Is(err, found)
}

// archiveDefines reports whether a packed chart has definitions of kinds.
func archiveDefines(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return false
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if err != nil { // io.EOF too
			return false
		}
		if strings.Contains(header.Name, "/"+definitionsDirectory+"/") {
			return true
		}
	}
}
