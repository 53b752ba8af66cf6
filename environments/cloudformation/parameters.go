package cloudformation

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/schema"
)

// parameterValues returns what the change set says of each declared parameter (doc.go has the order of precedence).
// present are the parameters of the stack as it is. One that is left out gets the template's default.
func (s *session) parameterValues(present []types.Parameter) ([]types.Parameter, error) {
	var values []types.Parameter
	var problems schema.Problems
	for i := range s.template.parameters {
		p := &s.template.parameters[i]
		text, ok, err := s.valueOf(p)
		switch {
		case err != nil:
			problems = append(problems, schema.Errorf(p.Position, "parameter %s: %v", p.Name, err))
		case ok:
			values = append(values, types.Parameter{ParameterKey: aws.String(p.Name), ParameterValue: aws.String(text)})
		case !p.Required:
		case holds(present, p.Name):
			values = append(values, types.Parameter{ParameterKey: aws.String(p.Name), UsePreviousValue: aws.Bool(true)})
		default:
			problems = append(problems, s.withoutValue(p))
		}
	}
	return values, problems.Err()
}

func holds(present []types.Parameter, name string) bool {
	for _, p := range present {
		if aws.ToString(p.ParameterKey) == name {
			return true
		}
	}
	return false
}

// valueOf returns the first value that somebody gives a parameter.
func (s *session) valueOf(p *parameter) (text string, ok bool, err error) {
	if input, ok := s.Inputs[p.Name]; ok && !input.Null() {
		text, err := parameterText(input, p.list)
		return text, true, err
	}
	if given, ok := s.given[p.Name]; ok {
		return given.text, true, nil
	}
	if offered, ok := s.Offered[p.Name]; ok && !offered.Null() {
		text, err := parameterText(offered, p.list)
		return text, true, err
	}
	return "", false, nil
}

// withoutValue says that a parameter has no value, and where it can get one.
func (s *session) withoutValue(p *parameter) schema.Problem {
	hint := fmt.Sprintf("give the environment an input %s", p.Name)
	if s.parameters.name != "" {
		hint += ", or set it in " + s.parameters.name
	}
	var near []string
	for _, name := range append(s.Inputs.Names(), s.given.names()...) {
		if s.template.parameter(name) == nil {
			near = append(near, name)
		}
	}
	if name := schema.Nearest(p.Name, near); name != "" {
		hint += fmt.Sprintf("; there is a value for %q", name)
	}
	return schema.Errorf(p.Position, "parameter %s has no value", p.Name).WithHint("%s", hint)
}

// parameterText writes a value as CloudFormation takes it: lists of plain values with commas, anything else that is no
// text as JSON. list tells that CloudFormation cuts the text at its commas.
func parameterText(v schema.Value, list bool) (string, error) {
	if !v.Known() {
		return "", fmt.Errorf("its value is not known yet")
	}
	typ := v.Data.Type()
	if typ == cty.String || typ.IsPrimitiveType() {
		return v.Plain()
	}
	if !typ.IsListType() && !typ.IsSetType() && !typ.IsTupleType() {
		return v.Plain()
	}
	var items []string
	for _, element := range v.Data.AsValueSlice() {
		if element.IsNull() || !element.Type().IsPrimitiveType() {
			return v.Plain()
		}
		item, err := schema.Value{Data: element}.Plain()
		if err != nil {
			return "", err
		}
		items = append(items, item)
	}
	return joined(items, list)
}

func joined(items []string, list bool) (string, error) {
	for i, item := range items {
		if list && strings.Contains(item, ",") {
			return "", fmt.Errorf("item %d of the list holds a comma, which separates the items in CloudFormation", i+1)
		}
	}
	return strings.Join(items, ","), nil
}

// fileText is parameterText for a value in a parameter file.
func fileText(n schema.YAMLNode) (string, error) {
	switch {
	case n.IsMapping():
		return jsonText(n)
	case n.IsList():
		items := make([]string, len(n.Items))
		for i, item := range n.Items {
			if item.IsMapping() || item.IsList() {
				return jsonText(n)
			}
			items[i] = item.Text
		}
		return joined(items, false)
	}
	return n.Text, nil
}

func jsonText(n schema.YAMLNode) (string, error) {
	text, err := n.MarshalJSON() // json.Marshal would change what it returns
	return string(text), err
}

// secrets returns the values that nobody may see: those of NoEcho parameters, and everything sensitive that was given.
func (s *session) secrets() []string {
	secrets := append(s.Inputs.Secrets(), s.Offered.Secrets()...)
	for i := range s.template.parameters {
		if p := &s.template.parameters[i]; p.Sensitive {
			if text, ok, err := s.valueOf(p); ok && err == nil {
				secrets = append(secrets, text)
			}
		}
	}
	return secrets
}
