package schema

import (
	"strings"
	"testing"
)

func TestExpandText(t *testing.T) {
	scope := &Scope{Environment: "dev/app", Path: "envs/app", Tags: []string{"eu", "web"}}
	tests := map[string]struct {
		text, want string // "" for an error
	}{
		"the name":                               {"key=${environment.name}/t", "key=dev/app/t"},
		"the path":                               {"${environment.path}", "envs/app"},
		"the tags with a function":               {`${join("-", environment.tags)} ${environment.name}`, "eu-web dev/app"},
		"what is no template stays":              {"${TAG} $(x) %{y", "${TAG} $(x) %{y"},
		"two of them":                            {"${environment.name}${environment.name}", "dev/appdev/app"},
		"what is not known is an error":          {"${environment.nam}", ""},
		"what is not closed is an error":         {"${environment.name", ""},
		"another template beside it is an error": {"${environment.name}-${var.x}", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, problem := expandText(test.text, scope, Position{File: "bitops.config.yaml", Line: 3})
			if (problem != nil) != (test.want == "") {
				t.Fatalf("%q, %v", got, problem)
			}
			if problem == nil && got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if problem != nil && (problem.Line != 3 || problem.Hint == "") {
				t.Errorf("the problem is %+v", problem)
			}
		})
	}
}

// Whatever a text is, it stays as it is written, or is expanded, or is one problem.
func FuzzExpandText(f *testing.F) {
	for _, seed := range []string{"${environment.name}", "${environment.", "${environment.tags[0]}", "$${environment.name}", "%{if ${environment.name}", "${environment.name[9]}"} {
		f.Add(seed)
	}
	scope := &Scope{Environment: "a", Path: "a", Tags: []string{"x"}}
	f.Fuzz(func(t *testing.T, text string) {
		got, problem := expandText(text, scope, Position{})
		switch {
		case problem != nil && problem.Message == "":
			t.Error("a problem without words")
		case problem == nil && !strings.Contains(text, environmentTemplate) && got != text:
			t.Errorf("%q became %q", text, got)
		}
		LooksLikeTemplate(text)
	})
}

func TestLooksLikeTemplate(t *testing.T) {
	for text, want := range map[string]bool{
		"key": false, "${environment.name}": false, "$${x}": false, "${x}": true, "$${x}/${y}": true, "${ environment.name}": true,
	} {
		if got := LooksLikeTemplate(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
