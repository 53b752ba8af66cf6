package diff_test

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema/diff"
)

// isSecret knows the names of these tests.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.HasSuffix(name, "token") || strings.HasSuffix(name, "api_key")
}

func TestWhatNamesCallSecretIsHiddenInText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a setting takes the rest of its line", "user = me\npassword = correct horse # old", "user = me\npassword = (sensitive)"},
		{"without space", "DB_PASSWORD=hunter2", "DB_PASSWORD=(sensitive)"},
		{"exported", `  export DB_PASSWORD="a b"`, `  export DB_PASSWORD=(sensitive)`},
		{"in a list", "- db_password: x", "- db_password: (sensitive)"},
		{"with a path of names", "spring.datasource.password=x", "spring.datasource.password=(sensitive)"},
		{"of a word that joins with a dot", "my.api.key: x", "my.api.key: (sensitive)"},
		{"in the middle of a line", "run --password=hunter2 --size=3", "run --password=(sensitive) --size=3"},
		{"after another name", "helm --set=db.password=abc --set x=1", "helm --set=db.password=(sensitive) --set x=1"},
		{"in a URL", "GET http://x/?a=1&token=abc&b=2", "GET http://x/?a=1&token=(sensitive)&b=2"},
		{"as in JSON", `{"a": 1, "password": "x \" y", "b": 2}`, `{"a": 1, "password": (sensitive), "b": 2}`},
		{"on a line of JSON", `    "password": "x",`, `    "password": (sensitive)`},
		{"a block of lines", "password: |\n  one\n\n  two\nuser: me", "password: |\n  (sensitive)\n\n  (sensitive)\nuser: me"},
		{"a private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb", "a\n(sensitive)\n(sensitive)\n(sensitive)\nb"},
		{"a name without a value", "password:\nproxy_password http://x", "password:\nproxy_password http://x"},
		{"other names", "user: me\nhost=db", "user: me\nhost=db"},
		{"an empty text", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found := (&diff.Named{Secret: isSecret}).Text(c.text)
			if got != c.want || found != (c.text != c.want) {
				t.Errorf("got %q (%v), want %q", got, found, c.want)
			}
			if again, _ := (&diff.Named{Secret: isSecret}).Text(got); again != got {
				t.Errorf("again it is %q", again)
			}
		})
	}
}

// A text that is no document is compared as it is, and shown without what names call secret: also where only that differs.
func TestNamedSecretsInTextAreComparedAndNotShown(t *testing.T) {
	o := diff.Options{Secret: isSecret}
	changes := diff.Compare(diff.Value{JSON: map[string]any{"script": "a\nTOKEN=one\n"}}, diff.Value{JSON: map[string]any{"script": "b\nTOKEN=two\n"}}, o)
	if len(changes) != 1 || !changes[0].Sensitive || string(changes[0].Before) != `"a\nTOKEN=(sensitive)\n"` || string(changes[0].After) != `"b\nTOKEN=(sensitive)\n"` {
		t.Errorf("changes are %+v", changes)
	}
	comments := func(s string) diff.Value { return diff.Value{JSON: "# password: " + s + "\na: 1\n"} }
	if changes = diff.Compare(comments("one"), comments("two"), o); len(changes) != 1 || string(changes[0].After) != `"# password: (sensitive)\na: 1\n"` {
		t.Errorf("changes are %+v", changes)
	}
	changes = diff.Compare(diff.Value{JSON: "TOKEN=one\n"}, diff.Value{JSON: "TOKEN=two\n"}, o)
	if len(changes) != 1 || string(changes[0].Before) != string(changes[0].After) || !changes[0].Sensitive {
		t.Errorf("changes are %+v", changes)
	}
}
