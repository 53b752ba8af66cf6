package terraform

import (
	"context"
	"encoding/json"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// planOf finds out what apply would change, of all resources where there are no targets. The plan file holds secrets, so that
// it exists only while it is read, unless it is wanted as an artifact.
func (s *session) planOf(ctx context.Context, targets []string, args ...string) (environments.Result, error) {
	file, forget, err := s.planFile()
	if err != nil {
		return environments.Result{}, err
	}
	defer forget() // what is left goes with the other private files
	told, err := s.change(ctx, "plan", targets, append(args, "-out="+file)...)
	if err == nil {
		err = s.claimLineage(ctx, file)
	}
	if err != nil {
		return environments.Result{}, err
	}
	result, ok := told.unchanged(file)
	if ok {
		result.Outputs = s.withNulls(result.Outputs)
	} else {
		if result, err = s.show(ctx, file, len(targets) > 0); err != nil {
			return environments.Result{}, err
		}
	}
	return result, s.Keep(changesName, result.Changes)
}

// show asks terraform what a plan file says. One of targets leaves out what it is told to.
func (s *session) show(ctx context.Context, file string, targeted bool) (environments.Result, error) {
	text, err := s.read(ctx, s.program("show", "-json", file))
	if err != nil {
		return environments.Result{}, err
	}
	plan, err := readPlan(text)
	if err != nil {
		return environments.Result{}, fmt.Errorf("read what %s show prints: %w", s.binary, err)
	}
	s.Hide(plan.secrets...)
	plan.changes.Open = len(plan.changes.Deferred) > 0 || plan.partial && !targeted && !s.limited()
	return plan.result()
}

// plannedOutput returns the value that an output will have. One that is known keeps its type; of one that is known in
// part, terraform tells no type, so that its lists and maps become tuples and objects.
func plannedOutput(planned *tfjson.StateOutput, change *tfjson.Change) (schema.Value, error) {
	sensitive := change.AfterSensitive != nil && change.AfterSensitive != false
	if planned != nil && planned.Type != cty.NilType {
		text, err := json.Marshal(planned.Value)
		if err != nil {
			return schema.Value{}, err
		}
		data, err := ctyjson.Unmarshal(text, planned.Type)
		return schema.Value{Data: data, Sensitive: sensitive || planned.Sensitive}, err
	}
	data, err := merge(change.After, change.AfterUnknown)
	return schema.Value{Data: data, Sensitive: sensitive}, err
}

// merge puts unknown values into a JSON value: where unknown is true, and in what unknown holds and the value lacks.
func merge(after, unknown any) (cty.Value, error) {
	switch u := unknown.(type) {
	case bool:
		if u {
			return cty.DynamicVal, nil
		}
	case map[string]any:
		return mergeObject(after, u)
	case []any:
		return mergeTuple(after, u)
	}
	text, err := json.Marshal(after)
	if err != nil {
		return cty.NilVal, err
	}
	value, err := schema.FromJSON(text)
	return value.Data, err
}

func mergeObject(after any, unknown map[string]any) (cty.Value, error) {
	known, _ := after.(map[string]any)
	fields := make(map[string]cty.Value, len(known))
	for name := range unknown {
		var err error
		if fields[name], err = merge(known[name], unknown[name]); err != nil {
			return cty.NilVal, err
		}
	}
	for name := range known {
		if _, merged := fields[name]; merged {
			continue
		}
		var err error
		if fields[name], err = merge(known[name], nil); err != nil {
			return cty.NilVal, err
		}
	}
	return cty.ObjectVal(fields), nil
}

func mergeTuple(after any, unknown []any) (cty.Value, error) {
	known, _ := after.([]any)
	elements := make([]cty.Value, max(len(known), len(unknown)))
	for i := range elements {
		var value, hole any
		if i < len(known) {
			value = known[i]
		}
		if i < len(unknown) {
			hole = unknown[i]
		}
		var err error
		if elements[i], err = merge(value, hole); err != nil {
			return cty.NilVal, err
		}
	}
	return cty.TupleVal(elements), nil
}
