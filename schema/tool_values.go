package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// ToolValues are the values of a tool's configuration for one step: variable over configuration over default.
type ToolValues struct {
	schema *ToolSchema
	values map[string]toolValue // by path; absent where nothing says anything

	unheeded []ByCaller
}

// toolValue is one value and where it comes from.
type toolValue struct {
	value    any // string, bool, int64, float64, or a list or object that JSON can write
	from     string
	alias    string // the older key that it stands under, or ""
	caller   string // the variable of the caller that says it, or ""
	position Position
}

// Resolve reads the configuration file of a directory and returns the values. A directory without one has only variables and
// defaults, and where variable is nil, only defaults. Unknown keys are warnings, because real repositories hold leftovers.
func (s *ToolSchema) Resolve(d Directory, variable func(name string) string) (*ToolValues, Problems) {
	return s.ResolveFor(d, ToolVariables{Get: variable})
}

// ResolveFor is Resolve for a step, some of whose variables count for less than others.
func (s *ToolSchema) ResolveFor(d Directory, variables ToolVariables) (*ToolValues, Problems) {
	r := &resolver{ToolValues: &ToolValues{schema: s, values: map[string]toolValue{}}, variables: variables}
	file, ok := d.ConfigurationFile()
	if !ok {
		r.decoder = newDecoder(nil, path.Join(d.Name, ManifestName), SeverityWarning, &yaml.Node{})
		r.object(&s.Root, nil)
		return r.ToolValues, r.problems.Sorted()
	}
	text, problem := readSource(filepath.Join(d.Root, filepath.FromSlash(file)), file)
	if problem != nil {
		return r.ToolValues, Problems{*problem}
	}
	doc, problem := parseYAML(text, file)
	if problem != nil {
		return r.ToolValues, Problems{*problem}
	}
	if doc == nil {
		doc = &yaml.Node{Kind: yaml.MappingNode}
	}
	r.decoder = newDecoder(text, file, SeverityWarning, doc)
	r.document(doc)
	return r.ToolValues, r.problems.Sorted()
}

// resolver is one walk over a schema and a configuration in parallel.
type resolver struct {
	*ToolValues
	*decoder
	tool      *yaml.Node // under the tool's key
	variables ToolVariables
}

// document reads the whole file: one key, the tool's.
func (r *resolver) document(n *yaml.Node) {
	pairs, _ := r.pairs(n, "the file")
	for _, p := range pairs {
		if p.key.Value == string(r.schema.Tool) {
			r.tool = p.value
			continue
		}
		r.problems = append(r.problems, Warningf(r.at(p.key), "unknown key %q", abbreviate(p.key.Value)).
			WithHint("%s", DidYouMean(p.key.Value, []string{string(r.schema.Tool)})))
	}
	r.object(&r.schema.Root, r.tool)
}

// object reads a group. n is nil where the file does not have it.
func (r *resolver) object(p *Property, n *yaml.Node) {
	keys := map[string]*yaml.Node{}
	if n != nil && !isNull(n) {
		r.enter(n, func(n *yaml.Node) {
			pairs, _ := r.pairs(n, p.Name)
			for _, pair := range pairs {
				keys[pair.key.Value] = pair.value
				r.warnUnknown(p, pair.key)
			}
		})
	}
	for i := range p.Properties {
		sub := &p.Properties[i]
		if sub.group() {
			r.object(sub, keys[sub.Name])
		} else {
			r.leaf(sub, keys[sub.Name])
		}
	}
}

// warnUnknown warns of a key that nothing reads.
func (r *resolver) warnUnknown(p *Property, key *yaml.Node) {
	var names []string
	for i := range p.Properties {
		names = append(names, p.Properties[i].Name)
	}
	path := strings.TrimPrefix(p.Path+"."+key.Value, ".")
	if !slices.Contains(names, key.Value) && !r.schema.Root.aliased(path) {
		r.problems = append(r.problems, Warningf(r.at(key), "unknown key %q", abbreviate(key.Value)).
			WithHint("%s", DidYouMean(key.Value, names)))
	}
}

// aliased reports whether a path, or one below it, is an older name of some property.
func (p *Property) aliased(path string) bool {
	for _, alias := range p.Aliases {
		if alias == path || strings.HasPrefix(alias, path+".") {
			return true
		}
	}
	return slices.ContainsFunc(p.Properties, func(sub Property) bool { return sub.aliased(path) })
}

// leaf finds the value of one property: the first of its variables that is not empty, its key, an older key, its default.
func (r *resolver) leaf(p *Property, n *yaml.Node) {
	if name, text := r.variables.over(r.schema, p); text != "" {
		r.decided(p, name, text)
		return
	}
	older := ""
	for _, alias := range p.Aliases {
		if n == nil {
			n, older = descend(r.tool, alias), alias
		}
	}
	weak, text := r.variables.under(r.schema, p)
	switch {
	case text != "" && (n == nil || isNull(follow(n)) || p.saysNo(r.decoder, n)):
		r.decided(p, weak, text)
	case n != nil && !isNull(follow(n)):
		r.take(p, n, toolValue{alias: older, position: r.at(n)})
		return
	case p.fallback != nil && !isNull(p.fallback):
		r.take(p, p.fallback, toolValue{from: "default"})
	case p.Required:
		r.problems = append(r.problems, Errorf(r.place(), "%s is required and has no value", p.Path).
			WithHint("set it, or the variable %s", p.ownVariable(r.schema.Tool)))
	}
	if name := r.variables.unheeded(r.schema, p); name != "" {
		r.unheeded = append(r.unheeded, ByCaller{Variable: name, Path: p.Path})
	}
}

// decided takes the value that a variable says.
func (r *resolver) decided(p *Property, name, text string) {
	v := toolValue{from: "variable " + name}
	if r.variables.fromCaller(name) {
		v.caller = name
	}
	r.take(p, textNode(p, text), v)
}

// saysNo reports whether a value is false, which BitOps v2 took for one that is missing.
func (p *Property) saysNo(d *decoder, n *yaml.Node) bool {
	if p.Type != TypeBoolean {
		return false
	}
	value, problem := p.convert(d, n)
	return problem == nil && value == false
}

// place is where a key that is missing belongs.
func (r *resolver) place() Position {
	if r.tool == nil {
		return Position{File: r.file}
	}
	return r.at(r.tool)
}

// take converts a node to the property's type and keeps it with where it comes from.
func (r *resolver) take(p *Property, n *yaml.Node, v toolValue) {
	value, problem := p.convert(r.decoder, n)
	if problem != nil {
		problem.Position = v.position
		if v.from != "" {
			problem.Message = v.from + ": " + problem.Message
		}
		r.problems = append(r.problems, *problem)
		return
	}
	v.value = value
	r.values[p.Path] = v
}

func follow(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 100; i++ {
		n = n.Alias
	}
	return n
}

// descend returns the node at a dotted path, or nil.
func descend(n *yaml.Node, path string) *yaml.Node {
	for key := range strings.SplitSeq(path, ".") {
		if n = follow(n); n == nil {
			return nil
		}
		n = child(n, key)
	}
	return n
}

func (v *ToolValues) copy() *ToolValues {
	return &ToolValues{schema: v.schema, values: maps.Clone(v.values), unheeded: v.unheeded}
}

// Over returns the values laid over others: what a configuration file says of them counts where nothing but a default
// says anything here.
func (v *ToolValues) Over(below *ToolValues) *ToolValues {
	all := v.copy()
	for path, lower := range below.values {
		upper, has := v.values[path]
		if lower.from == "" && (!has || upper.from == "default") {
			all.values[path] = lower
		}
	}
	return all
}

// Has reports whether the property has a value.
func (v *ToolValues) Has(path string) bool {
	_, ok := v.values[path]
	return ok
}

// Text returns the value as a text, "" when there is none.
func (v *ToolValues) Text(path string) string {
	value, ok := v.values[path]
	if !ok {
		return ""
	}
	return plain(value.value)
}

// Texts returns all values as texts, by path. A nil v has none.
func (v *ToolValues) Texts() map[string]string {
	all := map[string]string{}
	if v != nil {
		for path, value := range v.values {
			all[path] = plain(value.value)
		}
	}
	return all
}

// Flag returns the value of a boolean property.
func (v *ToolValues) Flag(path string) bool {
	b, _ := v.values[path].value.(bool)
	return b
}

// Integer returns the value of an integer property.
func (v *ToolValues) Integer(path string) int {
	i, _ := v.values[path].value.(int64)
	return int(i)
}

// List returns the texts of a list. Any other value is a list of one, and no value an empty one.
func (v *ToolValues) List(path string) []string {
	value, ok := v.values[path]
	if !ok {
		return nil
	}
	items, ok := value.value.([]any)
	if !ok {
		items = []any{value.value}
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = plain(item)
	}
	return texts
}

// From says where the value comes from: the place in the file, "variable NAME" or "default".
func (v *ToolValues) From(path string) string {
	value := v.values[path]
	if value.from == "" {
		return value.position.String()
	}
	return value.from
}

// Position returns the place of the value in the configuration, the zero Position when it is not from there.
func (v *ToolValues) Position(path string) Position { return v.values[path].position }

// plain writes a value the way a command line wants it: lists and objects as JSON.
func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil { // an infinite number
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
