package schema

// IgnoredKey is a key in a configuration file under which a value stands that BitOps v2 ignored there.
type IgnoredKey struct {
	Key      string // the older key
	Path     string // the property
	Text     string // the value
	Position Position
}

// Ignored returns the older keys in the file that BitOps v2 ignored, in the order of the schema, but for those that say what
// the default says.
func (v *ToolValues) Ignored() []IgnoredKey {
	var all []IgnoredKey
	v.schema.Root.each(func(p *Property) {
		value := v.values[p.Path]
		for _, alias := range p.Ignored {
			if value.alias == alias && !p.isDefault(value.value) {
				all = append(all, IgnoredKey{Key: alias, Path: p.Path, Text: plain(value.value), Position: value.position})
			}
		}
	})
	return all
}

// WithoutIgnored returns the values as BitOps v2 read them: as if the older keys that it ignored were not there.
func (v *ToolValues) WithoutIgnored() *ToolValues {
	all := v.copy()
	ignored := map[string]bool{}
	for _, key := range v.Ignored() {
		ignored[key.Path] = true
	}
	v.schema.Root.each(func(p *Property) {
		if !ignored[p.Path] {
			return
		}
		delete(all.values, p.Path)
		if value, has := p.defaultValue(); has {
			all.values[p.Path] = toolValue{value: value, from: "default"}
		}
	})
	return all
}

// defaultValue returns the default of a property, if it has one.
func (p *Property) defaultValue() (value any, has bool) {
	if p.fallback == nil || isNull(p.fallback) {
		return nil, false
	}
	value, _ = p.convert(newDecoder(nil, "", SeverityWarning, p.fallback), p.fallback) // checkDefault has seen it
	return value, true
}

// isDefault reports whether a value is what the property has by default; a flag without a default is false.
func (p *Property) isDefault(value any) bool {
	standard, has := p.defaultValue()
	return has && plain(standard) == plain(value) || !has && p.Type == TypeBoolean && value == false
}

// each calls visit for every property below p that holds a value, in their order.
func (p *Property) each(visit func(*Property)) {
	for i := range p.Properties {
		if sub := &p.Properties[i]; sub.group() {
			sub.each(visit)
		} else {
			visit(sub)
		}
	}
}

// HasOlderKeys reports whether the file has an older key for a property.
func (v *ToolValues) HasOlderKeys() bool {
	older := false
	v.schema.Root.each(func(p *Property) { older = older || v.values[p.Path].alias != "" })
	return older
}
