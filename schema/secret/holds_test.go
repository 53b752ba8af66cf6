package secret_test

import (
	"testing"

	"github.com/bitops-engine/bitops/schema/secret"
)

func TestHolds(t *testing.T) {
	for name, c := range map[string]struct {
		value, text string
		want        bool
	}{
		"a random value, anywhere":          {"hunter2X", `"xhunter2Xy"`, true},
		"a word that is a protocol":         {"postgres", `"postgres://db:5432/app"`, false},
		"a word that is a user":             {"postgres", `"postgres://postgres@db/app"`, false},
		"a word that is a password":         {"postgres", `"postgres://postgres:postgres@db/app"`, true},
		"a word that is a part of a name":   {"postgres", `"db.postgres.internal, my-postgres"`, false},
		"a word that is all of it":          {"postgres", `"postgres"`, true},
		"a word in a list":                  {"postgres", `["a","postgres"]`, true},
		"a word behind =":                   {"postgres", `"host=db password=postgres sslmode=off"`, true},
		"a word at the end":                 {"postgres", "password: postgres", true},
		"a number in an address":            {"5432", `"10.5432.1:54321"`, false},
		"a number that is a value":          {"5432", `{"port":5432}`, true},
		"a long word":                       {"correcthorsebattery", `"xcorrecthorsebatteryx"`, true},
		"a common word in base64 is hidden": {"postgres", `"cG9zdGdyZXM="`, true},
		"nothing":                           {"postgres", `"mysql"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := redactor(c.value).Holds(c.text); got != c.want {
				t.Errorf("%s in %s: %t", c.value, c.text, got)
			}
			if name != "a common word in base64 is hidden" && secret.Appears(c.text, c.value) != c.want {
				t.Errorf("%s appears in %s: %t", c.value, c.text, !c.want)
			}
		})
	}
	if secret.Appears("abc", "") || redactor().Holds("abc") {
		t.Error("nothing appears")
	}
}
