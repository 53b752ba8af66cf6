package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// edges are the ways in which code touches the world: calls of these functions of the standard library, by package.
var edges = map[string]map[string][]string{
	"clock":     {"time": {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}},
	"variables": {"os": {"Getenv", "LookupEnv", "Environ", "Setenv", "Unsetenv", "ExpandEnv"}},
	"streams":   {"os": {"Stdin", "Stdout", "Stderr"}, "fmt": {"Print", "Println", "Printf"}},
	"renames":   {"os": {"Rename"}},
}

// The block of edges in architecture.md is the whole truth: no other package touches the world so, and each of them does.
func TestPackagesTouchTheWorldWhereTheArchitectureSays(t *testing.T) {
	stated := statedEdges(t)
	found := foundEdges(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, pkg := range found[name] {
			if !slices.Contains(stated[name], pkg) {
				t.Errorf("%s: %s is not in the block of architecture.md", name, pkg)
			}
		}
		for _, pkg := range stated[name] {
			if !slices.Contains(found[name], pkg) {
				t.Errorf("%s: the block of architecture.md names %s, which does not do that", name, pkg)
			}
		}
	}
	for name := range stated {
		if found[name] == nil {
			t.Errorf("the block of architecture.md has a line %q, which nothing is found for", name)
		}
	}
}

func statedEdges(t *testing.T) map[string][]string {
	t.Helper()
	block := architectureBlock(t, "edges")
	stated := map[string][]string{}
	for line := range strings.Lines(block) {
		name, packages, _ := strings.Cut(line, " ")
		for pkg := range strings.SplitSeq(packages, ",") {
			stated[name] = append(stated[name], strings.TrimSpace(pkg))
		}
	}
	return stated
}

// foundEdges returns for each way the packages that use it, sorted.
func foundEdges(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := eachSource(func(file string) error {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		pkg := filepath.ToSlash(rel)
		for name := range edgesOf(parsed) {
			if !slices.Contains(found[name], pkg) {
				found[name] = append(found[name], pkg)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, packages := range found {
		slices.Sort(packages)
	}
	return found
}

// edgesOf returns the ways in which a file touches the world. A goroutine starts by the statement or by a method Go, as a
// wait group and a group of errors have one.
func edgesOf(file *ast.File) map[string]bool {
	imported := importedNames(file)
	found := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found["goroutines"] = true
		case *ast.SelectorExpr:
			of, plain := n.X.(*ast.Ident)
			if n.Sel.Name == "Go" {
				found["goroutines"] = true
			}
			for name, functions := range edges {
				if plain && slices.Contains(functions[imported[of.Name]], n.Sel.Name) {
					found[name] = true
				}
			}
		}
		return true
	})
	return found
}

// importedNames returns the packages that a file imports, by the names it knows them by.
func importedNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		full, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(full)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = full
	}
	return names
}

// eachSource calls do with every Go file of the module, on any platform, but for tests.
func eachSource(do func(file string) error) error {
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")):
			return fs.SkipDir
		case entry.IsDir() && file != root && holds(file, "go.mod"):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			return do(file)
		}
		return nil
	})
}
