package cloudformation

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// resourceChange returns what a change set says of a resource: its properties too, with their values where the service tells
// them.
func resourceChange(c *types.ResourceChange) schema.ResourceChange {
	change := schema.ResourceChange{Address: aws.ToString(c.LogicalResourceId), Action: actionOf(c), Attributes: attributesOf(c)}
	if c.Replacement == types.ReplacementConditional {
		change.Reason = "it may be replaced by a new one"
		if causes := recreating(c); len(causes) > 0 {
			change.Reason += ", because of " + strings.Join(causes, ", ")
		}
	}
	return change
}

// attributesOf compares the resource before and after. What changes and is not in there, such as a reference to a resource
// that is replaced, is known by its name alone.
func attributesOf(c *types.ResourceChange) []schema.AttributeChange {
	before, after := contextOf(c.BeforeContext), contextOf(c.AfterContext)
	o := diff.Options{Secret: secret.NameIsSecret}
	var causes [][]any
	for _, name := range recreating(c) {
		causes = append(causes, []any{"Properties", name}, []any{name})
	}
	switch c.Replacement {
	case types.ReplacementTrue:
		o.Forces = causes
	case types.ReplacementConditional:
		o.MayForce = causes
	case types.ReplacementFalse:
	}
	found := diff.Compare(diff.Value{JSON: before, Unknown: unknownIn(before)}, diff.Value{JSON: after, Unknown: unknownIn(after)}, o)
	for _, d := range c.Details {
		if path := pathOf(d.Target); path != nil && !slices.ContainsFunc(found, func(f diff.Change) bool { return f.Path.Meets(path[:min(len(path), 2)]) }) {
			found = append(found, compareTarget(path, d, o)...)
		}
	}
	all := schema.Attributes(found)
	for i := range all {
		all[i].Path = strings.TrimPrefix(all[i].Path, "Properties.")
	}
	return all
}

// compareTarget compares what a detail says of a property. Where it says no values, the property is all that is known.
func compareTarget(path []any, d types.ResourceChangeDetail, o diff.Options) []diff.Change {
	within := func(text *string) any {
		value := any(aws.ToString(text))
		for _, key := range slices.Backward(path) {
			value = map[string]any{key.(string): value}
		}
		if text == nil {
			return nil
		}
		return value
	}
	before, after := within(d.Target.BeforeValue), within(d.Target.AfterValue)
	found := diff.Compare(diff.Value{JSON: before, Unknown: unknownIn(before)}, diff.Value{JSON: after, Unknown: unknownIn(after)}, o)
	if len(found) > 0 {
		return found
	}
	one := diff.Change{Unknown: d.Evaluation == types.EvaluationTypeDynamic}
	for _, key := range path {
		one.Path = append(one.Path, diff.Step{Field: key.(string)})
	}
	if one.Unknown {
		one.After = schema.TextValue(diff.Unknown)
	}
	one.Forces, one.MayForce = slices.ContainsFunc(o.Forces, one.Path.Meets), slices.ContainsFunc(o.MayForce, one.Path.Meets)
	return []diff.Change{one}
}

// pathOf returns the names that lead to what a detail is about; nil where it does not tell.
func pathOf(t *types.ResourceTargetDefinition) []any {
	var path []any
	switch {
	case t == nil:
	case aws.ToString(t.Path) != "":
		for key := range strings.SplitSeq(strings.Trim(*t.Path, "/"), "/") {
			path = append(path, key)
		}
	case aws.ToString(t.Name) != "":
		path = []any{string(types.ResourceAttributeProperties), *t.Name}
	case t.Attribute != "":
		path = []any{string(t.Attribute)}
	}
	return path
}

// recreating returns the properties because of which a resource is made anew, or may be.
func recreating(c *types.ResourceChange) (names []string) {
	for _, d := range c.Details {
		if d.Target == nil || d.Target.RequiresRecreation == "" || d.Target.RequiresRecreation == types.RequiresRecreationNever {
			continue
		}
		always := d.Target.RequiresRecreation == types.RequiresRecreationAlways && d.Evaluation != types.EvaluationTypeDynamic
		name := aws.ToString(d.Target.Name)
		if name != "" && (always || c.Replacement != types.ReplacementTrue) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// contextOf reads a resource as a change set describes it; nil where it does not.
func contextOf(text *string) any {
	var context any
	decoder := json.NewDecoder(strings.NewReader(aws.ToString(text)))
	decoder.UseNumber()
	if decoder.Decode(&context) != nil {
		return nil
	}
	return context
}

// knownLater is what a change set has in the place of a value that is known only when it is executed.
const knownLater = "{{changeSet:KNOWN_AFTER_APPLY}}"

// unknownIn returns the mask of what is not known in a value.
func unknownIn(value any) any {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, knownLater)
	case map[string]any:
		mask := make(map[string]any, len(v))
		for name, field := range v {
			mask[name] = unknownIn(field)
		}
		return mask
	case []any:
		mask := make([]any, len(v))
		for i, item := range v {
			mask[i] = unknownIn(item)
		}
		return mask
	}
	return false
}
