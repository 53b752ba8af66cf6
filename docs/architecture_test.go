package docs_test

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/bitops-engine/bitops"
	root   = ".." // of the module, from docs/
)

// The block of imports in architecture.md is the whole truth: nothing else is imported, and nothing it names is not.
func TestPackagesImportWhatTheArchitectureSays(t *testing.T) {
	rules := importRules(t)
	packages := modulePackages(t)
	used := map[string]map[string]bool{} // line, then what it names
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		rule, ok := ruleOf(rules, pkg)
		if !ok {
			t.Errorf("package %s has no line in the block", pkg)
			continue
		}
		if used[rule.name] == nil {
			used[rule.name] = map[string]bool{}
		}
		for _, imported := range packages[pkg] {
			line, ok := ruleOf(rules, imported)
			if !ok || !slices.Contains(rule.imports, line.name) {
				t.Errorf("%s imports %s, which its line does not name", pkg, imported)
			}
			used[rule.name][line.name] = true
		}
	}
	for _, rule := range rules {
		if used[rule.name] == nil {
			t.Errorf("%s has a line, and there is no such package", rule.name)
		}
		for _, name := range rule.imports {
			if line, _ := ruleOf(rules, name); !used[rule.name][name] && len(line.imports) > 0 {
				t.Errorf("the line of %s names %s, which is not imported", rule.name, name)
			}
		}
	}
}

// Each line names only what stands above it: data flows one way.
func TestTheBlockOfImportsFlowsOneWay(t *testing.T) {
	var above []string
	for _, rule := range importRules(t) {
		for _, name := range rule.imports {
			if !slices.Contains(above, name) {
				t.Errorf("the line of %s names %s, which does not stand above it", rule.name, name)
			}
		}
		if slices.Contains(above, rule.name) {
			t.Errorf("%s has two lines", rule.name)
		}
		above = append(above, rule.name)
	}
}

// importRule is one line of the block.
type importRule struct {
	name    string // a package, or a folder and <tool>
	imports []string
}

// architectureBlock returns the lines of a block of architecture.md.
func architectureBlock(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+name+"\n")
	block, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatalf("architecture.md holds no block of %s", name)
	}
	return block
}

func importRules(t *testing.T) []importRule {
	t.Helper()
	block := architectureBlock(t, "imports")
	var rules []importRule
	for line := range strings.Lines(block) {
		name, imports, _ := strings.Cut(line, "< ")
		rule := importRule{name: strings.TrimSpace(name)}
		for word := range strings.SplitSeq(imports, ",") {
			if word = strings.TrimSpace(word); word != "" {
				rule.imports = append(rule.imports, word)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

// ruleOf returns the line of a package: its own, or that of its folder's <tool>.
func ruleOf(rules []importRule, pkg string) (importRule, bool) {
	for _, name := range []string{pkg, path.Dir(pkg) + "/<tool>"} {
		if i := slices.IndexFunc(rules, func(r importRule) bool { return r.name == name }); i >= 0 {
			return rules[i], true
		}
	}
	return importRule{}, false
}

// modulePackages returns every package of the module with what it imports of the module, on any platform. Tests may
// import more, so they do not count.
func modulePackages(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	err := eachSource(func(file string) error {
		pkg, imports, err := importsOf(file)
		packages[pkg] = append(packages[pkg], imports...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg, imports := range packages {
		slices.Sort(imports)
		packages[pkg] = slices.Compact(imports)
	}
	return packages
}

func holds(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func importsOf(file string) (pkg string, imports []string, err error) {
	rel, err := filepath.Rel(root, filepath.Dir(file))
	parsed, parseErr := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err := cmp.Or(err, parseErr); err != nil {
		return "", nil, fmt.Errorf("read %s: %w", file, err)
	}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return "", nil, err
		}
		if inside, ok := strings.CutPrefix(name, module+"/"); ok {
			imports = append(imports, inside)
		}
	}
	return filepath.ToSlash(rel), imports, nil
}
