package archive

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// MostOmitted is how many names of files that are not archived are remembered.
const MostOmitted = 100

// WithoutSecrets divides the files of a step, relative to root and with slashes, into those that may be archived and those
// that must not leave the machine: what git ignores, environment files, private keys, terraform's plans and states.
// Whatever is not in the repository is nobody else's.
func WithoutSecrets(root string, files []string) (kept, omitted []string, err error) {
	ignored := ignored{root: root, patterns: map[string][]gitignore.Pattern{}}
	for _, name := range files {
		secret := holdsSecret(name)
		if !secret {
			secret, err = ignored.has(name)
		}
		if err == nil && !secret {
			secret, err = isPrivateKey(filepath.Join(root, filepath.FromSlash(name)))
		}
		switch {
		case err != nil:
			return nil, nil, err
		case secret:
			omitted = append(omitted, name)
		default:
			kept = append(kept, name)
		}
	}
	return kept, omitted, nil
}

// secretNames are patterns of path.Match for the names of files that hold secrets, in or out of git.
var secretNames = []string{
	".env", ".env.*", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.tfplan", "*.tfstate", "*.tfstate.*",
}

// sampleNames are those of secretNames that only show how to write one.
var sampleNames = []string{".env.example", ".env.sample", ".env.template", ".env.dist"}

func holdsSecret(name string) bool {
	base := path.Base(name)
	return !slices.Contains(sampleNames, base) && slices.ContainsFunc(secretNames, func(pattern string) bool {
		matches, _ := path.Match(pattern, base) // the patterns are well-formed
		return matches
	})
}

// isPrivateKey reports whether a file begins with a private key, as PEM and OpenSSH write it.
func isPrivateKey(file string) (bool, error) {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false, missing(err)
	}
	f, err := os.Open(file)
	if err != nil {
		return false, missing(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	return bytes.Contains(text, []byte("-----BEGIN ")) && bytes.Contains(text, []byte("PRIVATE KEY-----")), err
}

// missing forgives that a file is gone: archiving leaves it out.
func missing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// ignored knows what the .gitignore files of a repository, and its .git/info/exclude, leave out.
type ignored struct {
	root     string
	patterns map[string][]gitignore.Pattern // that hold in a directory, by its path, "" for the root
}

// has reports whether a file is left out, by itself or with a directory that it is in.
func (i *ignored) has(name string) (bool, error) {
	words := strings.Split(name, "/")
	for n := range words {
		patterns, err := i.in(strings.Join(words[:n], "/"))
		if err != nil {
			return false, err
		}
		if gitignore.NewMatcher(patterns).Match(words[:n+1], n < len(words)-1) {
			return true, nil
		}
	}
	return false, nil
}

// in returns the patterns that hold in a directory, the strongest last.
func (i *ignored) in(dir string) ([]gitignore.Pattern, error) {
	if known, ok := i.patterns[dir]; ok {
		return known, nil
	}
	var patterns []gitignore.Pattern
	var domain []string
	if dir != "" {
		above, _ := path.Split(dir)
		var err error
		if patterns, err = i.in(strings.TrimSuffix(above, "/")); err != nil {
			return nil, err
		}
		patterns, domain = slices.Clone(patterns), strings.Split(dir, "/")
	} else {
		excluded, err := readPatterns(filepath.Join(i.root, ".git", "info", "exclude"), nil)
		if err != nil {
			return nil, err
		}
		patterns = excluded
	}
	own, err := readPatterns(filepath.Join(i.root, filepath.FromSlash(dir), ".gitignore"), domain)
	if err != nil {
		return nil, err
	}
	i.patterns[dir] = append(patterns, own...)
	return i.patterns[dir], nil
}

func readPatterns(file string, domain []string) ([]gitignore.Pattern, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, syscall.ENOTDIR) { // .git is a file in a work tree
		return nil, nil
	}
	if err != nil {
		return nil, missing(err)
	}
	var patterns []gitignore.Pattern
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, domain))
		}
	}
	return patterns, nil
}
