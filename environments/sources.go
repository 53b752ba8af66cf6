package environments

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// sources hashes the files of the checkout that a step is made of:
//
//	all files of its environment              each by itself
//	the defaults that are laid under it       each by itself
//	what these refer to by a path with ../    a file by itself, a directory and those below it as one each
//
// Where a reference leads nowhere, or a file names a variable by which hooks find the repository, everything counts
// that is in no environment, but for hidden files and those at the root. It reads each file once and is safe for
// concurrent use.
type sources struct {
	repository  string
	files       fs.FS                              // of the repository: it may be another state of it than that of the checkout
	unhashed    bool                               // only what mentions what is of interest: the hashes are empty, and nothing is read again
	exclude     func(name string, isDir bool) bool // relative to the environment's directory
	environment func(path string) bool             // a directory is an environment's

	mu     sync.Mutex
	trees  map[string]*tree
	shared *tree
}

// tree is what is below a directory or a file of the repository.
type tree struct {
	once  sync.Once
	stamp string            // before it was read
	names []string          // of the files, relative to the repository
	files map[string]string // relative to the repository: hashes, of files or of directories
	notes map[string]mentions
	err   error
}

// mentions are what a file says of others.
type mentions struct {
	paths []string // that begin with ../
	link  string   // of a symbolic link: where it leads from its directory, where that is another path
	open  bool     // it can reach everything
}

// lockFile is what terraform writes into the checkout by itself, next to the step's own files.
const lockFile = ".terraform.lock.hcl"

// planEnding ends the names of saved plans: what is promised of files must not depend on the promise.
const planEnding = ".bitops"

// mostFiles is how many files of one step are told apart. Of more, a fingerprint has a hash for each directory.
const mostFiles = 512

// of returns the hashes of everything a step is made of, and of the lock file in its directory, if it has one. Fresh is as
// for closure. Like are hashes that these will be compared with, or nil.
func (s *sources) of(environment, deployment, defaults string, fresh bool, like map[string]string) (files, locks map[string]string, err error) {
	all, err := s.closure(environment, deployment, defaults, fresh)
	if err != nil {
		return nil, nil, err
	}
	if locks, err = s.locks(path.Join(environment, deployment)); err != nil {
		return nil, nil, err
	}
	files = all.files
	maps.DeleteFunc(files, func(name, _ string) bool { return path.Base(name) == lockFile })
	_, older := like[environment+"/"]
	switch many := len(files) > mostFiles; {
	case many && older && len(like) == 1:
		files, err = inOne(environment, files)
	case many:
		files, err = byDirectory(files)
	}
	return files, locks, err
}

// byDirectory returns a hash for each directory in the place of those of the files in it.
func byDirectory(files map[string]string) (map[string]string, error) {
	within := map[string]map[string]string{}
	for name, hash := range files {
		dir := name
		if !strings.HasSuffix(name, "/") {
			dir = path.Dir(name) + "/"
		}
		if within[dir] == nil {
			within[dir] = map[string]string{}
		}
		within[dir][name] = schema.PlainHash(hash)
	}
	all := make(map[string]string, len(within))
	for dir, files := range within {
		sum, err := schema.HashOf(files)
		if err != nil {
			return nil, err
		}
		all[dir] = sum
	}
	return all, nil
}

// inOne returns one hash for all files, in the way of older fingerprints of steps with many.
func inOne(environment string, files map[string]string) (map[string]string, error) {
	for name, hash := range files {
		files[name] = schema.PlainHash(hash)
	}
	sum, err := schema.HashOf(files)
	return map[string]string{environment + "/": sum}, err
}

// names returns the files that a step is made of, sorted, with slashes and relative to the repository.
func (s *sources) names(environment, deployment, defaults string) ([]string, error) {
	all, err := s.closure(environment, deployment, defaults, false)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(all.names)), nil
}

// locks returns the hash of the lock file in a step's directory, as it is now, and none where there is no such file. One
// that cannot be read is an error: the tool would run with it, or write another one.
func (s *sources) locks(step string) (map[string]string, error) {
	name := path.Join(step, lockFile)
	content, err := schema.ReadFile(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			err = at.Err
		}
		return nil, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	return map[string]string{name: schema.HashBytes(content)}, nil
}

// readShared reads what is in no environment. Fresh is as for closure.
func (s *sources) readShared(t *tree, fresh bool) error {
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return err
	}
	t.files = map[string]string{}
	for _, entry := range entries {
		if !entry.IsDir() || hidden(entry.Name()) || s.environment(entry.Name()) {
			continue
		}
		if fresh {
			s.renew(entry.Name(), false)
		}
		below := s.tree(entry.Name(), false)
		if below.err != nil {
			return below.err
		}
		maps.Copy(t.files, below.files)
		t.names = append(t.names, below.names...)
	}
	return nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (s *sources) file(name string) string {
	return filepath.Join(s.repository, filepath.FromSlash(name))
}

// tree returns what is below a directory. Apart tells whether its files count one by one.
func (s *sources) tree(dir string, apart bool) *tree {
	key := treeKey(dir, apart)
	s.mu.Lock()
	if s.trees == nil {
		s.trees = map[string]*tree{}
	}
	t := s.trees[key]
	if t == nil {
		t = &tree{}
		s.trees[key] = t
	}
	s.mu.Unlock()
	t.once.Do(func() { t.err = s.read(t, dir, apart) })
	return t
}

func treeKey(dir string, apart bool) string {
	if apart {
		return dir + "/*"
	}
	return dir
}

func (s *sources) read(t *tree, dir string, apart bool) error {
	if !s.unhashed {
		t.stamp = s.stamp(dir)
	}
	t.files, t.notes = map[string]string{}, map[string]mentions{}
	directories := map[string]hash.Hash{}
	err := walkFiles(s.files, dir, func(name string, entry fs.DirEntry, err error) error {
		closed := errors.Is(err, fs.ErrPermission) && entry != nil
		if err != nil && !closed {
			return missing(err)
		}
		within := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		switch {
		case closed:
			t.files[name+"/"] = digest(unreadable)
			return nil
		case entry.IsDir():
			return s.enters(name, within, dir)
		case s.exclude(within, false) || path.Ext(name) == planEnding:
			return nil
		}
		sum, err := s.look(t, name, entry)
		switch {
		case err != nil:
			return missing(err)
		case apart || name == dir:
			t.files[name] = sum
		case path.Base(name) != lockFile: // which another step writes by itself
			parent := path.Dir(name) + "/"
			if directories[parent] == nil {
				directories[parent] = sha256.New()
			}
			fmt.Fprintf(directories[parent], "%q %s\n", path.Base(name), schema.PlainHash(sum))
		}
		return nil
	})
	for parent, h := range directories {
		t.files[parent] = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return err
}

// walkFiles calls see for all that is at a path and below it, as fs.WalkDir does. A link at the path is not followed.
func walkFiles(files fs.FS, dir string, see fs.WalkDirFunc) error {
	info, err := fs.Lstat(files, dir)
	if err != nil {
		return see(dir, nil, err)
	}
	if info.IsDir() {
		return fs.WalkDir(files, dir, see)
	}
	err = see(dir, fs.FileInfoToDirEntry(info), nil)
	if errors.Is(err, fs.SkipDir) || errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

// look notes a file and what it mentions, and returns its hash.
func (s *sources) look(t *tree, name string, entry fs.DirEntry) (sum string, err error) {
	sum, m, err := s.readSource(name, entry)
	if errors.Is(err, fs.ErrPermission) {
		sum, err = digest(unreadable), nil
	}
	if err != nil {
		return "", err
	}
	t.names = append(t.names, name)
	if m.open || len(m.paths) > 0 || m.link != "" {
		t.notes[name] = m
	}
	return sum, nil
}

// enters reports by its error whether a directory is gone into: other environments, git's and bitops' own, and what a
// tool keeps for itself are not.
func (s *sources) enters(name, within, dir string) error {
	base := path.Base(name)
	if within != "" && (s.environment(name) || base == ".git" || base == ".bitops" || s.exclude(within, true)) {
		return fs.SkipDir
	}
	if within == "" && name != dir {
		return fs.SkipDir
	}
	return nil
}

// missing forgives what is not there, or not any more: the tool that needs it complains.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unreadable is in the place of the content of what must not be read. It is not as if it did not exist: that it can be
// read later is a difference.
const unreadable = "cannot be read"

var (
	upwards = regexp.MustCompile(`(?:\.\./)+[\pL\pN_@./-]*`)
	openly  = regexp.MustCompile(strings.Join([]string{
		`TEMPDIR|ENVROOT|ROOT_DIR|SOURCE_DIR|SCRIPTS_DIR`,
		`(?m)\b(?:cd|pushd)[ \t]+["']?\.\.["']?(?:[\s;&|)]|$)`,
		`["']\.\.["']`, // an element of a path that is put together
		`\bdirname\([^)\n]*\bpath\.(?:root|module|cwd)\b`,                             // terraform
		`\bdirname\b[^\n;|]{0,20}(?:\bdirname\b|\bPWD\b|\bpwd\b|\bgetcwd\b|__file__)`, // scripts: twice, or of the current directory
	}, "|"))
)

// longestScan is up to how many bytes a file is searched for what it mentions. What is larger is data.
const longestScan = 1 << 20

// readSource returns the hash of a file, in which its kind and whether it can be executed count, and what it mentions.
func (s *sources) readSource(name string, entry fs.DirEntry) (sum string, m mentions, err error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		target, err := fs.ReadLink(s.files, name)
		switch to := filepath.ToSlash(target); {
		case strings.HasPrefix(to, "../"):
			m.paths = []string{to}
		case !path.IsAbs(to):
			m.link = to
		}
		return digest("link " + target), m, err
	}
	if !entry.Type().IsRegular() {
		return digest(entry.Type().String()), m, nil
	}
	return s.readRegular(name)
}

// readRegular is readSource for a file that is no link.
func (s *sources) readRegular(name string) (sum string, m mentions, err error) {
	f, err := s.files.Open(name)
	if err != nil {
		return "", m, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", m, err
	}
	large := info.Size() > longestScan
	var text bytes.Buffer
	if !large {
		text.Grow(int(info.Size()) + bytes.MinRead)
		if _, err := text.ReadFrom(f); err != nil {
			return "", m, err
		}
		m.in(text.Bytes())
	}
	if s.unhashed {
		return "", m, nil
	}
	h := sha256.New()
	executable := info.Mode()&0o111 != 0
	fmt.Fprintf(h, "file %t\n", executable)
	if large {
		_, err = io.Copy(h, f)
		return hex.EncodeToString(h.Sum(nil)[:16]), m, err
	}
	h.Write(text.Bytes())
	return schema.FileHash(hex.EncodeToString(h.Sum(nil)[:16]), executable, text.Bytes()), m, nil
}

// hints are what a text has one of that mentions others.
var hints = [][]byte{[]byte(".."), []byte("DIR"), []byte("ROOT"), []byte("dirname")}

// in adds what a text mentions.
func (m *mentions) in(text []byte) {
	if !slices.ContainsFunc(hints, func(hint []byte) bool { return bytes.Contains(text, hint) }) {
		return // most do not, and this is faster
	}
	for _, found := range upwards.FindAll(text, -1) {
		m.paths = append(m.paths, withoutStop(string(found)))
	}
	m.open = openly.Match(text)
}

// withoutStop takes the end of a sentence off a path; ".." is a part of it.
func withoutStop(mentioned string) string {
	short := strings.TrimRight(mentioned, ".")
	if strings.HasSuffix(short, "/") && strings.HasPrefix(mentioned[len(short):], "..") {
		return short + ".."
	}
	return short
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
