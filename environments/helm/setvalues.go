package helm

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"unicode/utf8"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// setArguments returns the arguments that hand over cli.set, which goes over the values of all files. Everybody on the machine
// can see a command line, so what can be is written into a private file.
func (s *session) setArguments(files []string) ([]string, error) {
	base, ok := s.valuesOf(files)
	if !ok { // helm says what is wrong
		return setFlags(s.set), nil
	}
	written, rest := settled(base, s.set)
	args := setFlags(rest)
	if len(written) == 0 {
		return args, nil
	}
	text, err := json.Marshal(written)
	if err != nil {
		return nil, err
	}
	file, err := s.PrivateFile("set.values.json", text)
	if err != nil {
		return nil, err
	}
	return append([]string{"--values=" + asListItem(file)}, args...), nil
}

// valuesOf returns the values of all files, if they can be read.
func (s *session) valuesOf(files []string) (values map[string]any, ok bool) {
	values = map[string]any{}
	for _, file := range files {
		more, err := readValues(s.at(file))
		if err != nil {
			return nil, false
		}
		merge(values, more)
	}
	return values, true
}

func setFlags(set []string) []string {
	var args []string
	for _, text := range set {
		args = append(args, "--set="+text)
	}
	return args
}

// readValues reads a file as helm does. Numbers stay as they are written.
func readValues(file string) (map[string]any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	err = yaml.Unmarshal(text, &values, func(d *json.Decoder) *json.Decoder {
		d.UseNumber()
		return d
	})
	return values, err
}

// settled returns what the texts of --set make of the values of all files, under the keys that they are about, and the
// texts that have to stay arguments. A file says the same as the other texts: what lists and mappings become depends on
// what is there, and the values under these keys are complete.
//
// It cannot say a whole number: to a chart, one of a file is a float. So a text with one stays an argument, with all later
// ones about the same keys. If helm would not take a text, all stay.
func settled(base map[string]any, set []string) (written map[string]any, rest []string) {
	written = map[string]any{}
	argument := map[string]bool{}
	for _, text := range set {
		own := map[string]any{}
		if !utf8.ValidString(text) || strvals.ParseInto(text, own) != nil {
			return nil, set
		}
		keys := slices.Collect(maps.Keys(own))
		if holdsWhole(own) || slices.ContainsFunc(keys, func(key string) bool { return argument[key] }) {
			for _, key := range keys {
				argument[key] = true
			}
			rest = append(rest, text)
			continue
		}
		if strvals.ParseInto(text, base) != nil {
			return nil, set
		}
		for _, key := range keys {
			written[key] = nil
		}
	}
	for key := range written {
		written[key] = base[key]
	}
	return written, rest
}

// holdsWhole reports whether a whole number is somewhere in a value that --set made.
func holdsWhole(value any) bool {
	switch value := value.(type) {
	case int64:
		return true
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), holdsWhole)
	case []any:
		return slices.ContainsFunc(value, holdsWhole)
	}
	return false
}
