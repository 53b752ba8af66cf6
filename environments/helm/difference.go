package helm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// difference is a field of an object that is one thing and becomes another. A field that is not there is missing.
type difference struct {
	path    string
	was, is any
}

// missing stands for a field that is not there.
type missing struct{}

// longestShown is the longest value that is written to the log, in bytes.
const longestShown = 80

// describe tells the difference on one line: of what is secret only where, never what.
func (d difference) describe(secret bool) string {
	switch {
	case secret:
		return d.path + ": (not shown)"
	case d.was == missing{}:
		return d.path + ": " + shown(d.is)
	case d.is == missing{}:
		return d.path + ": " + shown(d.was) + " is removed"
	}
	return d.path + ": " + shown(d.was) + " -> " + shown(d.is)
}

// shown is a value on one line. A long one is not cut: what hides secrets in the log knows whole ones.
func shown(value any) string {
	text := fmt.Sprint(value)
	if s, ok := value.(string); ok {
		text = strconv.Quote(s)
	}
	if len(text) > longestShown {
		return fmt.Sprintf("(%d bytes)", len(text))
	}
	return text
}

// between returns the fields in which two objects differ, whatever is in them. Items of lists are compared by their names
// where each has one of its own, and by their positions else.
func between(was, is any) []difference {
	return slices.SortedFunc(slices.Values(differing("", was, is)), func(a, b difference) int { return strings.Compare(a.path, b.path) })
}

func differing(path string, was, is any) []difference {
	before, after, same := partsOf(was, is)
	if !same || len(before)+len(after) == 0 {
		if reflect.DeepEqual(was, is) {
			return nil
		}
		return []difference{{path, was, is}}
	}
	all := map[string]any{}
	maps.Copy(all, before)
	maps.Copy(all, after)
	var found []difference
	for key := range all {
		found = append(found, differing(under(path, key), orMissing(before, key), orMissing(after, key))...)
	}
	return found
}

// partsOf returns the parts of two values by the ends of their paths. It is false when they are of different kinds, or have
// no parts. Nothing has none either.
func partsOf(was, is any) (before, after map[string]any, same bool) {
	if was == any(missing{}) {
		after, _, same = partsOf(is, is)
		return nil, after, same
	}
	if is == any(missing{}) {
		before, _, same = partsOf(was, was)
		return before, nil, same
	}
	switch was := was.(type) {
	case map[string]any:
		is, ok := is.(map[string]any)
		return fields(was), fields(is), ok
	case []any:
		is, ok := is.([]any)
		if !ok {
			return nil, nil, false
		}
		return itemsOf(was, is)
	}
	return nil, nil, false
}

func fields(mapping map[string]any) map[string]any {
	all := make(map[string]any, len(mapping))
	for key, value := range mapping {
		all[below("", key)] = value
	}
	return all
}

func items(list []any) map[string]any {
	all := make(map[string]any, len(list))
	for i, item := range list {
		all[fmt.Sprintf("[%d]", i)] = item
	}
	return all
}

// itemsOf returns the items of two lists by their names, where each has one of its own, else by their positions. It is false
// where the names do not fit, or items that are in both lists change places: an order can mean something.
func itemsOf(was, is []any) (before, after map[string]any, same bool) {
	first, haveNames := named(was)
	second, haveNamesToo := named(is)
	if !haveNames && !haveNamesToo {
		return items(was), items(is), true
	}
	common := func(list []any, other map[string]any) (names []string) {
		for _, item := range list {
			if name := nameOf(item); other[name] != nil {
				names = append(names, name)
			}
		}
		return names
	}
	if haveNames != haveNamesToo || !slices.Equal(common(was, second), common(is, first)) {
		return nil, nil, false
	}
	return byNames(first), byNames(second), true
}

func byNames(named map[string]any) map[string]any {
	all := make(map[string]any, len(named))
	for name, item := range named {
		all["["+strconv.Quote(name)+"]"] = item
	}
	return all
}

// under returns the path of a part, by the end of it.
func under(path, end string) string {
	if path == "" || end == "" || end[0] == '[' {
		return path + end
	}
	return path + "." + end
}

func orMissing(values map[string]any, key string) any {
	if value, ok := values[key]; ok {
		return value
	}
	return missing{}
}

// eachLeaf visits every value that is no mapping and no list, or an empty one, with its path.
func eachLeaf(value any, path string, visit func(path string, leaf any)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			eachLeaf(v[key], below(path, key), visit)
		}
		if len(v) > 0 {
			return
		}
	case []any:
		parts, _, _ := itemsOf(v, v)
		for _, end := range slices.Sorted(maps.Keys(parts)) {
			eachLeaf(parts[end], path+end, visit)
		}
		if len(v) > 0 {
			return
		}
	}
	visit(path, value)
}

// below returns the path of a key.
func below(path, key string) string {
	if strings.ContainsAny(key, ". ") {
		return path + "[" + strconv.Quote(key) + "]"
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

// comparison compares what a chart declares of an object with the object in the cluster. What is not declared does not
// count: the cluster fills in defaults, and controllers own fields.
type comparison struct {
	builtIn bool // the object is of a kind of Kubernetes itself, whose defaults and forms are known

	// Lenient takes the forms in which a cluster writes the same thing as equal, where it cannot be asked.
	lenient bool

	found []difference
}

// compared returns the declared fields that the live object does not have like that.
func compared(o object, live map[string]any, lenient bool) []difference {
	c := comparison{builtIn: builtInGroups[o.group], lenient: lenient}
	c.mapping("", declaredOf(o), live)
	return c.found
}

// builtInGroups are the groups of Kubernetes' own kinds.
var builtInGroups = map[string]bool{
	"": true, "admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true, "apps": true,
	"autoscaling": true, "batch": true, "certificates.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true,
	"extensions": true, "flowcontrol.apiserver.k8s.io": true, "networking.k8s.io": true, "node.k8s.io": true, "policy": true,
	"rbac.authorization.k8s.io": true, "resource.k8s.io": true, "scheduling.k8s.io": true, "storage.k8s.io": true,
}

// declaredOf returns the declared content of an object without what belongs to the cluster. The texts of a Secret are
// encoded as the cluster has them.
func declaredOf(o object) map[string]any {
	content := maps.Clone(o.content)
	delete(content, "status")
	if metadata, ok := content["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		for _, key := range ownedByCluster {
			delete(metadata, key)
		}
		content["metadata"] = metadata
	}
	if texts, ok := content["stringData"].(map[string]any); ok && o.kind == "Secret" && o.group == "" {
		data, _ := content["data"].(map[string]any)
		data = maps.Clone(data)
		if data == nil {
			data = map[string]any{}
		}
		for key, text := range texts {
			data[key] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(text)))
		}
		content["data"] = data
		delete(content, "stringData")
	}
	return content
}

// ownedByCluster are the fields of metadata that only the cluster sets.
var ownedByCluster = []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}

func (c *comparison) mapping(path string, declared, live map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(declared)) {
		is := orMissing(live, key)
		if c.builtIn && quantities[lastKey(path)] && sameQuantity(declared[key], is) {
			continue
		}
		c.value(below(path, key), declared[key], is)
	}
}

// value compares a declared value with the live one, which may be missing.
func (c *comparison) value(path string, declared, live any) {
	if declared == nil || c.absent(path, declared, live) {
		return
	}
	switch d := declared.(type) {
	case map[string]any:
		if l, ok := live.(map[string]any); ok {
			c.mapping(path, d, l)
			return
		}
	case []any:
		if l, ok := live.([]any); ok && c.list(path, d, l) {
			return
		}
	default:
		if sameScalar(declared, live) {
			return
		}
	}
	c.found = append(c.found, difference{path, live, declared})
}

// absent reports whether a missing value is the declared one in another form: the cluster does not write empty ones down.
func (c *comparison) absent(path string, declared, live any) bool {
	if live != nil && live != (missing{}) {
		return false
	}
	switch d := declared.(type) {
	case []any:
		return len(d) == 0 && (c.builtIn || c.lenient)
	case map[string]any:
		return len(d) == 0 && (c.lenient || droppedWhenEmpty[lastKey(path)])
	case string:
		return d == "" && c.builtIn && c.lenient
	case bool:
		return !d && c.builtIn && c.lenient
	case json.Number:
		return sameScalar(d, json.Number("0")) && c.builtIn && c.lenient
	}
	return false
}

// droppedWhenEmpty are the mappings that no cluster writes down when they are empty. An empty podSelector, for example, is
// another thing than none.
var droppedWhenEmpty = map[string]bool{"annotations": true, "data": true, "labels": true, "nodeSelector": true}

// list compares two lists item by item. It is false when they cannot be paired.
func (c *comparison) list(path string, declared, live []any) bool {
	if c.lenient {
		if byName, ok := named(live); ok {
			if _, ok := named(declared); ok {
				for _, item := range declared {
					name := nameOf(item)
					c.value(path+"["+strconv.Quote(name)+"]", item, orMissing(byName, name))
				}
				return true
			}
		}
	}
	if len(declared) != len(live) {
		return false
	}
	for i, item := range declared {
		c.value(fmt.Sprintf("%s[%d]", path, i), item, live[i])
	}
	return true
}

// named returns the items of a list by their names, if each has one of its own: others may add items to such a list.
func named(list []any) (map[string]any, bool) {
	byName := map[string]any{}
	for _, item := range list {
		name := nameOf(item)
		if _, twice := byName[name]; name == "" || twice {
			return nil, false
		}
		byName[name] = item
	}
	return byName, true
}

func nameOf(item any) string {
	content, _ := item.(map[string]any)
	name, _ := content["name"].(string)
	return name
}

// lastKey returns the last key of a path.
func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func sameScalar(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, too := b.(json.Number)
	if !isNumber || !too || x == y {
		return reflect.DeepEqual(a, b)
	}
	p, noNumber := x.Float64()
	q, neither := y.Float64()
	whole := !strings.ContainsAny(string(x)+string(y), ".eE") // two large numbers can have one float
	return noNumber == nil && neither == nil && p == q && !whole
}
