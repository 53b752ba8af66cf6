package helm

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// attributes returns what changes of an object: all of one that is new or goes, and else what differs. Nothing of what is in
// a Secret is shown.
func (c change) attributes() []schema.AttributeChange {
	switch c.action {
	case "create":
		return compareParts("", nil, declaredOf(c.object), c.kind == "Secret")
	case "delete":
		return compareParts("", declaredOf(c.object), nil, c.kind == "Secret")
	}
	hidden := secretPlaces(c.content)
	var all []schema.AttributeChange
	for _, d := range c.differences {
		all = append(all, compareParts(d.path, orNothing(d.was), orNothing(d.is), hidden(d.path))...)
	}
	return all
}

func orNothing(value any) any {
	if value == any(missing{}) {
		return nil
	}
	return value
}

// compareParts compares what is at a path of an object.
func compareParts(path string, was, is any, hidden bool) []schema.AttributeChange {
	mask := func(value any) any { return secrets(value, path, hidden) }
	all := schema.Attributes(diff.Compare(diff.Value{JSON: was, Sensitive: mask(was)}, diff.Value{JSON: is, Sensitive: mask(is)},
		diff.Options{Secret: secret.NameIsSecret}))
	for i := range all {
		all[i].Path = under(path, all[i].Path)
	}
	return all
}

// harmless are the fields of a Secret that hold no secret.
var harmless = map[string]bool{
	"apiVersion": true, "kind": true, "type": true, "immutable": true, "metadata.name": true, "metadata.namespace": true,
}

// isSecret reports whether an object is a Secret, or looks like one inside of another object.
func isSecret(content map[string]any) bool {
	_, data := content["data"]
	_, texts := content["stringData"]
	return text(content, "kind") == "Secret" && (data || texts)
}

// secretDocument finds a Secret that is written in a text, such as that of a ConfigMap.
var secretDocument = regexp.MustCompile(`["']?kind["']?\s*:\s*["']?Secret\b`)

// secrets returns the mask of a value: with true for every value, where it is hidden, and else for those in a Secret that is
// in it, as an object or as a text, and for the value of a variable whose name says that it is secret.
func secrets(value any, path string, hidden bool) any {
	switch v := value.(type) {
	case map[string]any:
		hidden = hidden || isSecret(v)
		mask := make(map[string]any, len(v))
		for key, field := range v {
			at := below(path, key)
			mask[key] = secrets(field, at, hidden && !harmless[at] || key == "value" && secret.NameIsSecret(nameOf(v)))
		}
		return mask
	case []any:
		mask := make([]any, len(v))
		for i, item := range v {
			mask[i] = secrets(item, path+"[]", hidden)
		}
		return mask
	case string:
		return hidden || secretDocument.MatchString(v)
	case nil:
		return false
	}
	return hidden
}

// secretPlaces returns what reports whether the value at a path of an object is not to be shown.
func secretPlaces(content map[string]any) func(path string) bool {
	var places []string
	eachMapping(content, "", func(path string, mapping map[string]any) {
		if isSecret(mapping) {
			places = append(places, path)
		}
	})
	whole := text(content, "kind") == "Secret"
	return func(path string) bool {
		inSecret := func(place string) bool { return place != "" && strings.HasPrefix(path, place) }
		return whole && !harmless[path] || slices.ContainsFunc(places, inSecret) || slices.ContainsFunc(keys(path), secret.NameIsSecret)
	}
}

// eachMapping visits every mapping that is in a value, with its path.
func eachMapping(value any, path string, visit func(path string, mapping map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		visit(path, v)
		for key, field := range v {
			eachMapping(field, below(path, key), visit)
		}
	case []any:
		parts, _, _ := itemsOf(v, v)
		for end, item := range parts {
			eachMapping(item, path+end, visit)
		}
	}
}

// keys returns the names in a path.
func keys(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(`.[]"`, r) })
}

// shortestSecret is the length in bytes of the shortest text that is a secret wherever it appears.
const shortestSecret = 8

// learnSecret makes known what is in a Secret under a name that says so too: the same value can be in other objects, where
// nothing says that it is secret. Under other names there are host names and the like, which would vanish from all outputs.
func (s *session) learnSecret(o object) {
	if o.kind != "Secret" {
		return
	}
	data, _ := declaredOf(o)["data"].(map[string]any)
	for name, value := range data {
		encoded, _ := value.(string)
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && len(decoded) >= shortestSecret && secret.NameIsSecret(name) {
			s.quiet.learn(string(decoded))
		}
	}
}
