package schema

// ToolVariables are the variables of a step, where they can decide what its configuration comes to. The zero value has none.
type ToolVariables struct {
	Get func(name string) string // the value of a variable, "" for none

	// Caller reports whether a variable comes from the environment in which bitops was started, and not from what was said of
	// the step. nil for none.
	Caller func(name string) bool

	// Deploys says that the caller's variables count as in BitOps v2: the property's own beats the file, as anywhere, and any
	// other one counts where neither the file nor a default says anything.
	Deploys bool
}

// over returns the variable that beats the configuration of a property, and its value, "" for none.
func (v ToolVariables) over(s *ToolSchema, p *Property) (name, text string) {
	if v.Get == nil {
		return "", ""
	}
	for _, name := range p.variables(s.Tool) {
		text := v.Get(name)
		if text != "" && (!v.fromCaller(name) || v.beats(s, p, name)) {
			return name, text
		}
	}
	return "", ""
}

// beats reports whether a variable of the caller beats the configuration of a property.
func (v ToolVariables) beats(s *ToolSchema, p *Property, name string) bool {
	if v.Deploys {
		return name == p.ownVariable(s.Tool)
	}
	return s.Tells(name)
}

// under returns the variable of the caller that counts where the configuration says nothing, and its value, "" for none.
func (v ToolVariables) under(s *ToolSchema, p *Property) (name, text string) {
	if !v.Deploys || v.Get == nil || p.Assumed || p.fallback != nil && !isNull(p.fallback) {
		return "", ""
	}
	for _, name := range p.variables(s.Tool) {
		if text := v.Get(name); text != "" {
			return name, text
		}
	}
	return "", ""
}

// unheeded returns the variable of the caller that does not count because its name tells of no tool, "" for none.
func (v ToolVariables) unheeded(s *ToolSchema, p *Property) string {
	if v.Deploys || v.Get == nil || p.Idle {
		return ""
	}
	for _, name := range p.variables(s.Tool) {
		if v.Get(name) != "" && v.fromCaller(name) && !s.Tells(name) {
			return name
		}
	}
	return ""
}

func (v ToolVariables) fromCaller(name string) bool { return v.Caller != nil && v.Caller(name) }

// ByCaller is a variable of the caller and what it is about.
type ByCaller struct {
	Variable string
	Path     string // the property
}

// ByCaller returns the caller's variables that decide, in the order of the schema, but for those that only say how much is
// told or how long is waited.
func (v *ToolValues) ByCaller() []ByCaller {
	var all []ByCaller
	v.schema.Root.each(func(p *Property) {
		if value := v.values[p.Path]; value.caller != "" && !p.Idle {
			all = append(all, ByCaller{Variable: value.caller, Path: p.Path})
		}
	})
	return all
}

// Unheeded returns the caller's variables that BitOps would have used where the configuration says nothing, and that do not
// count.
func (v *ToolValues) Unheeded() []ByCaller { return v.unheeded }
