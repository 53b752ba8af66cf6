package plugin

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// source is where a plugin comes from: a directory, a git repository, or, with neither, the image alone.
type source struct {
	directory  string // absolute
	repository string // as git is told, without a user's name and password
	user       *url.Userinfo
	reference  string // what git is asked for: refs/tags/v1, refs/heads/main, or HEAD
}

// scpLike is git's short form of an ssh URL: git@host:path.
var scpLike = regexp.MustCompile(`^[^/:]+:[^/:]`)

// source reads the declaration.
func (o Options) source(d declaration) (source, error) {
	s := source{reference: "HEAD"}
	switch {
	case d.SourceTag != "":
		s.reference = "refs/tags/" + d.SourceTag
	case d.Branch != "":
		s.reference = "refs/heads/" + d.Branch
	}
	path, isFile := strings.CutPrefix(d.Source, "file://")
	switch {
	case d.Source == "":
		return source{}, nil
	case !isFile && strings.Contains(d.Source, "://"):
		return s.remote(d.Source)
	case !isFile && scpLike.MatchString(d.Source):
		s.repository = d.Source
		return s, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Repository, filepath.FromSlash(path))
	}
	path = filepath.Clean(path)
	if s.reference == "HEAD" && !isRepository(path) {
		return source{directory: path}, nil
	}
	s.repository = (&url.URL{Scheme: "file", Path: path}).String()
	return s, nil
}

// remote reads a URL. A name and a password in it are kept apart: they are for git alone.
func (s source) remote(text string) (source, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return s, fmt.Errorf("the source is not a URL that git can fetch") // it may hold a password
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		s.user, u.User = u.User, nil
	}
	s.repository = u.String()
	return s, nil
}

// isRepository reports whether a directory can only be meant as a git repository.
func isRepository(dir string) bool {
	if holdsPlugin(dir) {
		return false
	}
	bare := isFile(dir, "HEAD") && isDirectory(dir, "objects") && isDirectory(dir, "refs")
	return bare || strings.HasSuffix(dir, ".git") && isDirectory(dir)
}

// shownReference says the reference in words: "tag v1", "branch main", or "" for the repository's own choice.
func (s source) shownReference() string {
	if tag, ok := strings.CutPrefix(s.reference, "refs/tags/"); ok {
		return "tag " + tag
	}
	if branch, ok := strings.CutPrefix(s.reference, "refs/heads/"); ok {
		return "branch " + branch
	}
	return ""
}

// String names the source for people.
func (s source) String() string {
	switch {
	case s.directory != "":
		return s.directory
	case s.shownReference() != "":
		return s.repository + ", " + s.shownReference()
	}
	return s.repository
}

// problemAt places a problem of the declaration.
func (d declaration) problemAt(format string, args ...any) schema.Problem {
	return schema.Errorf(d.at, "plugin %q: %s", d.name, fmt.Sprintf(format, args...))
}
