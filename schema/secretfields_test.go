package schema_test

import (
	"slices"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestFieldTexts(t *testing.T) {
	matches := func(name string) bool { return name == "password" || name == "tokens" }
	for text, want := range map[string][]string{
		`"password"`:                                               nil,
		`{"user": "a", "password": "b"}`:                           {"b"},
		`{"a": [{"c": {"password": "b", "port": 5}}]}`:             {"b"},
		`{"tokens": {"x": "1", "y": [2, null, "", true]}, "z": 3}`: {"1", "2", ""},
		`{"password": null}`:                                       nil,
		`{"password": ""}`:                                         {""},
		`"{\"password\": \"in a text\"}"`:                          {"in a text"},
		`{"x": "{\"y\": {\"password\": \"deep\"}}"}`:               {"deep"},
		`"{not json, \"password\": 1"`:                             nil,
		`["password", "b"]`:                                        nil,
	} {
		value, err := schema.FromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := value.FieldTexts(matches); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if has := slices.ContainsFunc(want, func(s string) bool { return s != "" }); value.HasField(matches) != has {
			t.Errorf("%s: has a field is not %t", text, has)
		}
	}
	if (schema.Value{}).HasField(matches) {
		t.Error("no value has a field")
	}
}
