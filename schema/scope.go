package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Scope is what the expressions of one environment can see.
type Scope struct {
	Environment EnvironmentName
	Path        string
	Tags        []string

	// Outputs answers for one reference: the values that an environment or a step left behind. Values that are not
	// known yet are unknown; open means that others may yet come, as in a plan.
	Outputs func(Reference) (values Values, open bool)
}

// sensitive marks a value on its way through an expression.
type mark string

const sensitive mark = "sensitive"

// context returns HCL's scope with just what the references need, and whether a sensitive value is in it.
func (s *Scope) context(references []Reference) (_ *hcl.EvalContext, secret bool) {
	outputs, steps := map[string]*outputsOf{}, map[string]*outputsOf{}
	for _, r := range references {
		group, name := outputs, string(r.Environment)
		if r.Step != "" {
			group, name = steps, string(r.Step)
		}
		if group[name] == nil {
			group[name] = &outputsOf{fields: map[string]cty.Value{}}
		}
		values, open := s.Outputs(r)
		secret = group[name].add(r.Output, values, open) || secret
	}
	tags := make([]cty.Value, len(s.Tags))
	for i, tag := range s.Tags {
		tags[i] = cty.StringVal(tag)
	}
	return &hcl.EvalContext{
		Functions: functions,
		Variables: map[string]cty.Value{
			"outputs": objectOf(outputs, (*outputsOf).value),
			"steps": objectOf(steps, func(o *outputsOf) cty.Value {
				return cty.ObjectVal(map[string]cty.Value{"outputs": o.value()})
			}),
			"environment": cty.ObjectVal(map[string]cty.Value{
				"name": cty.StringVal(string(s.Environment)),
				"path": cty.StringVal(s.Path),
				"tags": cty.TupleVal(tags),
			}),
		},
	}, secret
}

// outputsOf are the outputs of one environment or step that an expression refers to.
type outputsOf struct {
	fields  map[string]cty.Value
	unknown bool // all of them are used, and others may come
}

// add takes over one output, or all for "", and reports whether a sensitive one is among them.
func (o *outputsOf) add(output string, values Values, open bool) (secret bool) {
	if output != "" {
		v, known := values[output]
		switch {
		case known:
			o.fields[output] = v.marked()
		case open:
			o.fields[output] = cty.DynamicVal
		}
		return v.Sensitive
	}
	for name, v := range values {
		o.fields[name] = v.marked()
		secret = secret || v.Sensitive
	}
	o.unknown = o.unknown || open
	return secret
}

func (o *outputsOf) value() cty.Value {
	if o.unknown {
		return cty.DynamicVal
	}
	return cty.ObjectVal(o.fields)
}

// marked returns the value as expressions see it.
func (v Value) marked() cty.Value {
	data := v.Data
	if data == cty.NilVal {
		data = cty.DynamicVal
	}
	if v.Sensitive {
		data = data.Mark(sensitive)
	}
	return data
}

func objectOf(members map[string]*outputsOf, value func(*outputsOf) cty.Value) cty.Value {
	fields := make(map[string]cty.Value, len(members))
	for name, member := range members {
		fields[name] = value(member)
	}
	return cty.ObjectVal(fields)
}
