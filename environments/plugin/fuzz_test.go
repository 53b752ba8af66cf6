package plugin

import "testing"

// Whatever a script prints, its outputs have names that can be used and values that can be handed on.
func FuzzParseOutputs(f *testing.F) {
	for _, seed := range []string{"a=1\n# x\n\nb_c=x=y", `{"a": {"value": [1, {"b": null}], "sensitive": true}}`, "{", "a", "=1", "a=\x00", `{"a": {}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := parseOutputs(text)
		if err != nil && values != nil {
			t.Errorf("values %v with an error: %v", values, err)
		}
		for name, v := range values {
			if !outputName.MatchString(name) {
				t.Errorf("name %q", name)
			}
			if _, err := v.Reveal(); v.Known() && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func FuzzParseChanges(f *testing.F) {
	f.Add("add=1\nchange = 2\n#\n\nremove=3")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseChanges(text)
		if err == nil && c != nil && (c.Add < 0 || c.Change < 0 || c.Remove < 0) {
			t.Errorf("counts %+v", c)
		}
	})
}
