package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/bitops-engine/bitops/schema/parallel"
)

// Decoding is one recursive walk over the YAML nodes and the Go type in parallel:
//
//	struct   a mapping with exactly the keys its fields name in `yaml:"..."` tags
//	Map[T]   a mapping with free keys, kept in the order of the file
//	[]T      a list; one plain value stands for a list of one
//	bool, int, string: a scalar of that kind, quoted or not
//	nodeDecoder: the type reads the node itself
//
// Nothing stops at the first problem.
type decoder struct {
	file     string
	text     []byte   // for positions inside scalars
	unknown  Severity // of a key that nothing reads
	ownTags  bool     // the author's own tags mean something to whoever reads the document
	problems Problems

	lines   func() []int        // where the lines of text begin
	visits  int                 // left before anchors and merge keys have multiplied without bound
	entered map[*yaml.Node]bool // by way of an alias and not left yet
	later   []func() Problems   // what is left to do, in any order and in parallel
}

// maxAliasVisits is how many nodes aliases and merge keys may add to those that are written in the file. Only tests set it.
var maxAliasVisits = 2_000_000

// nodeDecoder is a type that reads its own node.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, key string)
}

// Entry is one key of a Map, with its place in the file. (The decoder knows its fields by their order.)
type Entry[T any] struct {
	Key      string
	Position Position
	Value    T
}

// Map is a YAML mapping with free keys in the order of the file.
type Map[T any] []Entry[T]

// Get returns the value of a key and whether it is there.
func (m Map[T]) Get(key string) (T, bool) {
	for i := range m {
		if m[i].Key == key {
			return m[i].Value, true
		}
	}
	var zero T
	return zero, false
}

// Keys returns the keys in the order of the file.
func (m Map[T]) Keys() []string {
	keys := make([]string, len(m))
	for i := range m {
		keys[i] = m[i].Key
	}
	return keys
}

func (Map[T]) freeKeys() {}

// decodeFile reads a YAML file into target, which points to a struct. An absent key leaves its field as it is. The
// result is false when the file holds no document.
func decodeFile(path, name string, unknown Severity, target any) (bool, Problems) {
	text, problem := readSource(path, name)
	if problem != nil {
		return false, Problems{*problem}
	}
	return decodeText(text, name, unknown, target)
}

// decodeText is decodeFile for text already read.
func decodeText(text []byte, name string, unknown Severity, target any) (bool, Problems) {
	root, problem := parseYAML(text, name)
	if problem != nil {
		return false, Problems{*problem}
	}
	if root == nil {
		return false, nil
	}
	d := newDecoder(text, name, unknown, root)
	_, d.ownTags = target.(*YAMLNode)
	d.value(root, reflect.ValueOf(target).Elem(), "the file")
	found := make([]Problems, len(d.later))
	parallel.Each(len(d.later), func(i int) { found[i] = d.later[i]() })
	return true, slices.Concat(append(found, d.problems)...).Sorted()
}

func newDecoder(text []byte, name string, unknown Severity, root *yaml.Node) *decoder {
	return &decoder{
		file: name, text: text, unknown: unknown, lines: sync.OnceValue(func() []int { return lineStarts(text) }),
		visits: countNodes(root) + maxAliasVisits, entered: map[*yaml.Node]bool{},
	}
}

func countNodes(n *yaml.Node) int {
	count := 1
	for _, c := range n.Content {
		count += countNodes(c)
	}
	return count
}

func (d *decoder) at(n *yaml.Node) Position { return Position{d.file, n.Line, n.Column} }

func (d *decoder) errorf(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, Errorf(d.at(n), format, args...))
}

// mismatch says that the key wants something else than it was given.
func (d *decoder) mismatch(n *yaml.Node, key, wants string) {
	d.errorf(n, "%s must be %s, not %s", key, wants, describe(n))
}

// enter visits a node, or what an alias stands for. It says so instead when an anchor holds itself, and once when
// aliases have multiplied out of hand.
func (d *decoder) enter(n *yaml.Node, visit func(*yaml.Node)) {
	switch d.spend(n, 1); {
	case d.visits < 0:
	case !d.ownTags && meaninglessTag(n):
		d.problems = append(d.problems, Errorf(d.at(n), "the YAML tag %s means nothing to bitops, so the value would be another than the one you want",
			abbreviate(n.ShortTag())).WithHint("remove the tag, or put quotes around all of it to make it a text"))
	case n.Kind != yaml.AliasNode:
		visit(n)
	case d.entered[n.Alias]:
		d.errorf(n, "anchor %q contains itself", abbreviate(n.Value))
	default:
		d.entered[n.Alias] = true
		visit(n.Alias)
		delete(d.entered, n.Alias)
	}
}

// meaninglessTag reports whether a node has a tag that is not one of those of JSON's values.
func meaninglessTag(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 {
		return false
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp":
		return false
	}
	return true
}

// spend counts visits to nodes.
func (d *decoder) spend(n *yaml.Node, visits int) {
	if d.visits >= 0 && d.visits < visits {
		d.errorf(n, "aliases and merge keys repeat more than %d values", maxAliasVisits)
	}
	d.visits = max(d.visits-visits, -1)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
	d.enter(n, func(n *yaml.Node) {
		custom, ok := reflect.TypeAssert[nodeDecoder](v.Addr())
		switch {
		case ok:
			custom.decodeNode(d, n, key)
		case isNull(n): // `key:` with nothing behind it is as good as absent
		case v.Kind() == reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			d.value(n, v.Elem(), key)
		case v.Kind() == reflect.Struct:
			d.structure(n, v, key)
		case isMap(v.Type()):
			d.freeMap(n, v, key)
		case v.Kind() == reflect.Slice:
			d.list(n, v, key)
		default:
			d.scalar(n, v, key)
		}
	})
}

var freeKeys = reflect.TypeFor[interface{ freeKeys() }]()

// isMap reports whether a type is a Map.
func isMap(t reflect.Type) bool { return t.Kind() == reflect.Slice && t.Implements(freeKeys) }

func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if isNull(item) {
			d.errorf(item, "an entry of %s is empty", key)
			continue
		}
		d.value(item, list.Index(i), key)
	}
	v.Set(list)
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, key string) {
	pairs, ok := d.pairs(n, key)
	if !ok {
		return
	}
	fields := fieldsOf(v.Type())
	for _, p := range pairs {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == p.key.Value })
		if i < 0 {
			d.unknownKey(p.key, v, fields)
			continue
		}
		target := v.FieldByIndex(fields[i].index)
		d.value(p.value, target, p.key.Value)
		if enum := fields[i].enum; len(enum) > 0 {
			d.oneOf(p.value, target, p.key.Value, enum)
		}
	}
}

func (d *decoder) oneOf(n *yaml.Node, v reflect.Value, key string, enum []string) {
	if got := strings.ToLower(v.String()); v.Kind() == reflect.String && got != "" && !slices.Contains(enum, got) {
		d.problems = append(d.problems, Errorf(d.at(n), "%s cannot be %q", key, v.String()).
			WithHint("one of %s", strings.Join(enum, ", ")))
	}
}

// misplacer is a struct that knows where a key belongs that it does not have.
type misplacer interface {
	misplaced(key string) (hint string)
}

func (d *decoder) unknownKey(n *yaml.Node, v reflect.Value, fields []field) {
	hint := ""
	if m, ok := reflect.TypeAssert[misplacer](v); ok {
		hint = m.misplaced(n.Value)
	}
	if hint == "" {
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.name
		}
		hint = DidYouMean(n.Value, names)
	}
	d.problems = append(d.problems, Problem{
		Position: d.at(n), Severity: d.unknown, Message: fmt.Sprintf("unknown key %q", abbreviate(n.Value)), Hint: hint,
	})
}

func (d *decoder) freeMap(n *yaml.Node, v reflect.Value, key string) {
	pairs, ok := d.pairs(n, key)
	if !ok {
		return
	}
	entries := reflect.MakeSlice(v.Type(), len(pairs), len(pairs))
	for i, p := range pairs {
		e := entries.Index(i)
		e.Field(0).SetString(p.key.Value)
		e.Field(1).Set(reflect.ValueOf(d.at(p.key)))
		d.value(p.value, e.Field(2), p.key.Value)
	}
	v.Set(entries)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, key string) {
	switch v.Kind() {
	case reflect.String:
		if n.Kind != yaml.ScalarNode {
			d.mismatch(n, key, "a text")
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if b, ok := parseBool(n); ok {
			v.SetBool(b)
			return
		}
		d.mismatch(n, key, "true or false")
	case reflect.Int:
		if i, err := strconv.Atoi(n.Value); err == nil && n.Kind == yaml.ScalarNode {
			v.SetInt(int64(i))
			return
		}
		d.mismatch(n, key, "a whole number")
	default:
		panic("schema: no decoding for " + v.Type().String())
	}
}

// parseBool takes the spellings of YAML 1.1 and of quoted text, which BitOps repositories use: "false" is false.
func parseBool(n *yaml.Node) (value, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return false, false
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}
