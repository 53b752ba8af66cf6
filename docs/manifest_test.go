package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/docs/examples"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/ansible"
	"github.com/bitops-engine/bitops/environments/cloudformation"
	"github.com/bitops-engine/bitops/environments/terraform"
	"github.com/bitops-engine/bitops/schema"
)

// Every block marked `yaml manifest` is one that bitops reads without a complaint.
func TestManifestsLoad(t *testing.T) {
	count := 0
	for _, p := range pages(t) {
		blocks, _ := p.fences()
		for _, b := range blocks {
			if b.language != "yaml manifest" {
				continue
			}
			count++
			dir := t.TempDir()
			write(t, filepath.Join(dir, schema.ManifestName), b.text)
			if _, problems := schema.LoadManifest(dir, schema.ManifestName); len(problems) > 0 {
				t.Errorf("%s, line %d:\n%v", p.file, b.line, problems)
			}
		}
	}
	if count == 0 {
		t.Error("no page holds a manifest")
	}
}

// Every block marked `yaml wrong` is a manifest of the quickstart, and the block after it is what validate says of it.
func TestErrorsLookAsShown(t *testing.T) {
	p := page{"manifest.md", read(t, "manifest.md")}
	for i := 0; ; i++ {
		blocks, _ := p.fences() // anew, since -update moves what follows
		if i == len(blocks) {
			break
		}
		if blocks[i].language != "yaml wrong" {
			continue
		}
		shown := blocks[i+1]
		dir := quickstart(t)
		write(t, filepath.Join(dir, schema.ManifestName), blocks[i].text)
		said, err := inDirectory(t, dir, func() (string, error) { return bitops(t.Context(), "validate") })
		if err == nil {
			t.Errorf("line %d: nothing is wrong with it", blocks[i].line)
		}
		same(t, &p, shown.begin, shown.end, said)
	}
}

// inDirectory calls f from a directory, for messages that name files from there.
func inDirectory(t *testing.T, dir string, f func() (string, error)) (string, error) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil { //nolint:usetesting // t.Chdir lasts for the whole test
		t.Fatal(err)
	}
	text, err := f()
	return text, errors.Join(err, os.Chdir(here)) //nolint:usetesting // as above
}

// quickstart returns a copy of the example.
func quickstart(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, examples.Quickstart); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "quickstart")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every key that the schemas know is described.
func TestEveryKeyIsDescribed(t *testing.T) {
	manifest, err := schema.ManifestSchema()
	if err != nil {
		t.Fatal(err)
	}
	describes(t, "manifest.md", manifest)
	for _, tool := range []environments.Configured{terraform.New(), ansible.New(), cloudformation.New()} {
		configuration, err := tool.ConfigurationSchema()
		if err != nil {
			t.Fatal(err)
		}
		describes(t, "lifecycle.md", configuration)
	}
}

// Every variable of the caller that beats a key is in the documentation, and every one that does not.
func TestEveryVariableOfTheCallerIsDescribed(t *testing.T) {
	files, err := filepath.Glob("../environments/*/bitops.schema.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	_, section, _ := strings.Cut(read(t, "lifecycle.md"), "### Variables that beat a file")
	counting, general, _ := strings.Cut(section, "Other names of BitOps")
	general, _, _ = strings.Cut(general, "\n\n")
	exported := regexp.MustCompile(`(?:export_env|variables): *\[?([\w, ]+)`)
	for _, file := range files {
		text := read(t, file)
		s, problems := schema.ParseToolSchema([]byte(text), file)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		counts := s.Variables()
		for _, m := range exported.FindAllStringSubmatch(text, -1) {
			for _, name := range strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' }) {
				where := general
				if _, does := counts[name]; does {
					where = counting
				}
				if !strings.Contains(where, "`"+name+"`") {
					t.Errorf("%s is not where lifecycle.md has such variables", name)
				}
			}
		}
	}
}

// describes fails the test for every key of a JSON Schema that a page does not have.
func describes(t *testing.T, file string, text []byte) {
	t.Helper()
	var top property
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	written := read(t, file)
	for _, key := range top.keys() {
		if !regexp.MustCompile(`[^\w-]` + regexp.QuoteMeta(key) + `[^\w-]`).MatchString(written) {
			t.Errorf("%s does not describe the key %s", file, key)
		}
	}
}

// property is what is needed of a JSON Schema.
type property struct {
	Properties           map[string]*property `json:"properties"`
	AdditionalProperties json.RawMessage      `json:"additionalProperties"`
	AnyOf                []*property          `json:"anyOf"`
}

func (p *property) keys() []string {
	var keys []string
	for name, inner := range p.Properties {
		keys = append(append(keys, name), inner.keys()...)
	}
	var free property
	if json.Unmarshal(p.AdditionalProperties, &free) == nil {
		keys = append(keys, free.keys()...)
	}
	for _, one := range p.AnyOf {
		keys = append(keys, one.keys()...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// The list of functions holds no others than bitops has.
func TestFunctionsExist(t *testing.T) {
	p := page{"manifest.md", read(t, "manifest.md")}
	blocks, _ := p.fences()
	i := slices.IndexFunc(blocks, func(b fence) bool { return b.language == "functions" })
	if i < 0 {
		t.Fatal("manifest.md lists no functions")
	}
	for name := range strings.FieldsSeq(blocks[i].text) {
		if _, problems := schema.ParseTemplate(fmt.Sprintf("${%s()}", name), schema.Position{}); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
