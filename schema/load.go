package schema

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// LoadManifest reads the manifest at file, relative to the repository root, and everything it includes. The problems
// are complete; the manifest is only usable when none of them is an error.
func LoadManifest(root, file string) (*Manifest, Problems) { return LoadManifestFrom(nil, root, file) }

// LoadManifestFrom is LoadManifest for files that need not be those at the root. Nil is those.
func LoadManifestFrom(files fs.FS, root, file string) (*Manifest, Problems) {
	l := &loader{files: files, root: root, seen: map[string]bool{file: true}, names: map[EnvironmentName]Position{}}
	var doc manifestDocument
	if found := l.read(file, &doc); !found && len(l.problems) == 0 {
		l.problems = append(l.problems, Errorf(Position{File: file}, "the manifest is empty").
			WithHint("write `bitops: {}` to deploy every directory that holds a tool's directory, or run bitops init"))
	}
	body := doc.Bitops
	m := &Manifest{File: file, Root: root, Settings: body.named()}
	m.Environments = l.environments(body.Environments, body.Include, file)
	m.Plans, m.Review = l.plans(body.Plans, file), body.Review
	m.Discover = body.Environments == nil && len(body.Include) == 0
	m.Damaged, m.Incomplete = l.damaged, l.incomplete
	m.Files = slices.Sorted(maps.Keys(l.seen))
	return m, l.problems.Sorted()
}

// plans checks which plan files may be applied.
func (l *loader) plans(p Plans, file string) Plans {
	p.Position = p.Signers.Position
	switch {
	case p.Required && p.Signers.Text == "":
		l.problems = append(l.problems, Errorf(Position{File: file}, "plans.required needs plans.signers, the file of the keys that may sign"))
	case p.Signers.Text != "" && !filepath.IsLocal(filepath.FromSlash(p.Signers.Text)):
		l.problems = append(l.problems, Errorf(p.Position, "plans.signers: %q is not a path in the repository", p.Signers.Text))
	}
	return p
}

type loader struct {
	files    fs.FS // nil for those at root
	root     string
	seen     map[string]bool // files read, relative to root
	names    map[EnvironmentName]Position
	problems Problems

	damaged    []EnvironmentName
	incomplete bool
}

func (l *loader) read(file string, target any) (found bool) {
	found, problems := l.decode(file, target)
	l.problems = append(l.problems, problems...)
	l.incomplete = l.incomplete || !found && problems.HasErrors()
	return found
}

func (l *loader) decode(file string, target any) (found bool, problems Problems) {
	if l.files == nil {
		return decodeFile(filepath.Join(l.root, filepath.FromSlash(file)), file, SeverityError, target)
	}
	text, err := fs.ReadFile(l.files, file)
	if err != nil {
		return false, Problems{Errorf(Position{File: file}, "cannot be read: %v", unwrapPath(err))}
	}
	return decodeText(WithoutMark(text), file, SeverityError, target)
}

// environments returns the file's environments and those of the files it includes, in that order.
func (l *loader) environments(own Map[Environment], include []Located, file string) []Environment {
	all := make([]Environment, 0, len(own))
	for i := range own {
		env := &own[i].Value
		env.Name, env.Position = EnvironmentName(own[i].Key), own[i].Position
		if !l.checkName(env) {
			continue
		}
		l.checkValues(env)
		if l.resolvePath(env, path.Dir(file)) {
			all = append(all, *env)
		}
	}
	for _, pattern := range include {
		for _, included := range l.glob(pattern, path.Dir(file)) {
			if l.seen[included] {
				continue
			}
			l.seen[included] = true
			var doc includedDocument
			l.read(included, &doc)
			all = append(all, l.environments(doc.Bitops.Environments, doc.Bitops.Include, included)...)
		}
	}
	return all
}

// unusable says why a name cannot name an environment.
func unusable(env *Environment) Problem {
	if composed := Composed(env.Name); composed.Valid() {
		return Errorf(env.Position, "environment %q is written with accents that are characters of their own (Unicode NFD)", abbreviate(string(env.Name))).
			WithHint("type the name again, and rename its directory likewise: mv '%s' '%s'", env.Name, composed)
	}
	return Errorf(env.Position, "%q cannot name an environment", abbreviate(string(env.Name))).
		WithHint("at most %d of letters, digits, '.', '_', '-', and '/' between words; `path` can name any directory", longestName)
}

func (l *loader) checkName(env *Environment) bool {
	if !env.Name.Valid() {
		l.problems = append(l.problems, unusable(env))
		l.damaged = append(l.damaged, env.Name)
		return false
	}
	if first, twice := l.names[env.Name]; twice {
		l.problems = append(l.problems, Errorf(env.Position, "environment %q is declared twice; first at %s", env.Name, first))
		return false
	}
	l.names[env.Name] = env.Position
	return true
}

// resolvePath makes the environment's path relative to the repository, and reports whether it stays inside.
func (l *loader) resolvePath(env *Environment, dir string) bool {
	at, p := env.Path.Position, env.Path.Text
	if p == "" {
		at, p = env.Position, string(env.Name)
	}
	joined := path.Join(dir, p)
	if path.IsAbs(p) || !filepath.IsLocal(filepath.FromSlash(joined)) {
		l.problems = append(l.problems, Errorf(at, "path %q of environment %q leaves the repository", p, env.Name))
		l.damaged = append(l.damaged, env.Name)
		return false
	}
	env.Path = Located{Text: joined, Position: at}
	return true
}

// checkValues refuses names and values that no program can be given.
func (l *loader) checkValues(env *Environment) {
	for _, variable := range env.Env {
		switch {
		case variable.Key == "" || strings.ContainsAny(variable.Key, "=\x00"):
			l.problems = append(l.problems, Errorf(variable.Position, "%q cannot name a variable", abbreviate(variable.Key)))
		case strings.Contains(variable.Value, "\x00"):
			l.problems = append(l.problems, Errorf(variable.Position, "the value of %s holds a NUL character", variable.Key))
		}
	}
	for _, input := range env.Inputs {
		if input.Key == "" {
			l.problems = append(l.problems, Errorf(input.Position, "an input needs a name"))
		}
	}
}

// glob returns the files that an include pattern names, sorted.
func (l *loader) glob(pattern Located, dir string) []string {
	fail := func(format string, args ...any) []string {
		l.problems = append(l.problems, Errorf(pattern.Position, format, args...))
		return nil
	}
	joined := path.Join(dir, pattern.Text)
	if path.IsAbs(pattern.Text) || !filepath.IsLocal(filepath.FromSlash(joined)) {
		return fail("include %q leaves the repository", pattern.Text)
	}
	files := l.files
	if files == nil {
		files = os.DirFS(l.root)
	}
	matches, err := fs.Glob(files, joined)
	if err != nil {
		return fail("include %q is not a pattern: %v", pattern.Text, err)
	}
	if len(matches) == 0 {
		return fail("include %q matches no file", pattern.Text)
	}
	for _, match := range matches {
		if l.files == nil && !staysInside(l.root, match) {
			return fail("include %q leaves the repository by way of %s", pattern.Text, match)
		}
	}
	slices.Sort(matches)
	return matches
}

// staysInside reports whether a file, symbolic links resolved, is below root. One that cannot be resolved counts: whoever
// reads it says what is wrong.
func staysInside(root, file string) bool {
	resolved, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return true
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return true
	}
	rel, err := filepath.Rel(root, resolved)
	return err == nil && filepath.IsLocal(rel)
}

// LoadEnvironmentSettings reads an environment's own `bitops.config.yaml`, as BitOps v2 knows it, when it has one.
// Unknown keys are warnings there: real repositories hold leftovers.
func LoadEnvironmentSettings(d Directory) (Settings, Problems) {
	file, ok := d.ConfigurationFile()
	if !ok {
		return Settings{}, nil
	}
	var doc struct {
		Bitops Settings `yaml:"bitops"`
	}
	_, problems := decodeFile(filepath.Join(d.Root, filepath.FromSlash(file)), file, SeverityWarning, &doc)
	return doc.Bitops, problems
}
