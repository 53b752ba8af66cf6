package selection

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// documented is the repository of docs/selection.md.
func documented(t *testing.T) *Repository {
	t.Helper()
	r := &Repository{Here: "."}
	for line := range strings.Lines(`network @network #base: terraform
cache @cache: terraform(network/terraform)
dev/web @dev/web: terraform(network/terraform) helm(cache/terraform)
prod/web @prod/web #live: terraform(network/terraform) helm
prod/old @prod/old #live: terraform(prod/web/helm)
prod/eu/web @prod/eu/web #live: terraform(network/terraform)
`) {
		r.Environments = append(r.Environments, drawnAs(t, strings.TrimSpace(line)))
	}
	r.Reading = func(path string) (map[schema.StepName]string, error) {
		if path != "modules/web" {
			return nil, nil
		}
		return map[schema.StepName]string{"dev/web/terraform": "dev/web/terraform/main.tf refers to it", "prod/web/terraform": "prod/web/terraform/main.tf refers to it"}, nil
	}
	return r
}

// TestDocumentedExamples holds every row of the first table of docs/selection.md.
func TestDocumentedExamples(t *testing.T) {
	text, err := os.ReadFile("../../docs/selection.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(text), "A plus binds first")
	rows := regexp.MustCompile("(?m)^\\| (?:`([^`]*)`)? *\\| [^|]* \\| ([a-z/, ]+) \\|$").FindAllStringSubmatch(table, -1)
	if len(rows) < 20 {
		t.Fatalf("%d examples were found", len(rows))
	}
	for _, row := range rows {
		if row[2] == "they select" {
			continue
		}
		want := map[schema.StepName]bool{}
		for name := range strings.SplitSeq(row[2], ", ") {
			for _, env := range documented(t).Environments {
				for _, step := range env.Steps {
					if string(env.Name) == name || string(step.Name) == name {
						want[step.Name] = true
					}
				}
			}
		}
		choice, problems := Choose(documented(t), Query{Selectors: inShell(row[1])})
		if problems.HasErrors() {
			t.Errorf("%s: %v", row[1], problems.Err())
		}
		for name := range want {
			if _, ok := choice.Reasons[name]; !ok {
				t.Errorf("%s does not select %s", row[1], name)
			}
		}
		if len(choice.Reasons) != len(want) {
			t.Errorf("%s selects %v", row[1], names(choice))
		}
	}
}

// inShell takes a command line apart: words, and quoted ones.
func inShell(line string) []string {
	var words []string
	for _, word := range regexp.MustCompile(`'[^']*'|[^ ]+`).FindAllString(line, -1) {
		words = append(words, strings.Trim(word, "'"))
	}
	return words
}
