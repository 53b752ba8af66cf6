package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// apply makes it so in one process, and a second one when terraform keeps outputs to itself.
func (s *session) apply(ctx context.Context) (environments.Result, error) {
	if s.planned() {
		return s.applyReviewed(ctx)
	}
	first, err := s.applyFirst(ctx)
	if err != nil {
		return environments.Result{Changes: first}, err
	}
	told, err := s.change(ctx, "apply", s.targets, "-auto-approve")
	result := environments.Result{Changes: first.And(told.changes())}
	if err != nil {
		return result, err
	}
	if told.knowsOutputs() {
		result.Outputs = s.withNulls(told.outputs)
		return result, nil
	}
	if result.Outputs, err = s.outputs(ctx); err == nil {
		result.Outputs = s.withNulls(result.Outputs)
	}
	return result, err
}

// destroy takes everything down. terraform wants a value for every variable even when there is nothing to take down.
func (s *session) destroy(ctx context.Context) (environments.Result, error) {
	if s.missingWorkspace != "" {
		return s.nowhere()
	}
	if err := s.stillMissing(); err != nil {
		return environments.Result{}, err
	}
	if s.planned() {
		result, err := s.applyPlanned(ctx)
		result.Outputs = nil
		return result, err
	}
	told, err := s.change(ctx, "apply", nil, "-destroy", "-auto-approve")
	result := environments.Result{Changes: told.changes()}
	if err == nil && s.limited() {
		return result, s.leftByTargets(ctx)
	}
	if err == nil || ctx.Err() != nil {
		return result, err
	}
	if deployed, unknown := s.deployed(ctx); deployed || unknown != nil {
		return result, err
	}
	s.Notice("%s failed, but nothing of the step is left: %v", s.binary, err)
	return result, nil
}

// leftByTargets is the failure of a destroy that took down only the targets: what the step stands on must stay.
func (s *session) leftByTargets(ctx context.Context) error {
	deployed, err := s.deployed(ctx)
	if err == nil && deployed {
		err = environments.Failuref("only the targets were destroyed, and the rest still stands; take -target in TF_CLI_ARGS_* away to destroy all of it")
	}
	return err
}

// preview plans what apply would do, which a pinned step's configuration decides.
func (s *session) preview(ctx context.Context) (environments.Result, error) {
	switch s.action {
	case actionDestroy:
		s.Notice("stack-action is destroy: apply removes this step")
		return s.planOf(ctx, nil, "-destroy")
	case actionPlan:
		s.Notice("stack-action is plan: apply only plans this step")
		result, _, err := s.planFar(ctx, 0)
		if err == nil { // others get what is there, now and then
			result.Outputs, err = s.outputs(ctx)
		}
		return result, err
	}
	result, _, err := s.planFar(ctx, 0)
	return result, err
}

// onlyPlan is apply or destroy for a step whose configuration pins it to planning.
func (s *session) onlyPlan(ctx context.Context) (environments.Result, error) {
	planned, _, err := s.planFar(ctx, 0)
	if err != nil {
		return environments.Result{}, err
	}
	s.Notice("stack-action is plan: only planned (+%d ~%d -%d)",
		planned.Changes.Add, planned.Changes.Change, planned.Changes.Remove)
	if planned.Deferred != "" {
		s.Notice("%s", planned.Deferred)
	}
	outputs, err := s.outputs(ctx)
	return environments.Result{Changes: &schema.Changes{}, Outputs: outputs}, err
}

// change runs a command that prints messages, with the step's values. It is of all resources where there are no targets.
func (s *session) change(ctx context.Context, command string, targets []string, args ...string) (*stream, error) {
	values, err := s.values()
	if err != nil {
		return &stream{}, err
	}
	shared, err := s.shareArguments(command, false, slices.Contains(args, "-destroy"))
	if err != nil {
		return &stream{}, err
	}
	maps.Copy(values.env, shared)
	args = slices.Concat([]string{"-json", "-input=false"}, args, values.args)
	for _, target := range targets {
		args = append(args, "-target="+target)
	}
	return s.tell(ctx, command, args, values.env)
}

// tell runs a command that prints messages.
func (s *session) tell(ctx context.Context, command string, args []string, variables map[string]string) (*stream, error) {
	told := &stream{call: s.Call, hideIDs: s.module.hasSecrets(), staged: len(s.first) > 0}
	p := s.program(command, args...)
	p.Stdout = told.line
	maps.Copy(p.Extra, variables)
	s.Phase(schema.PhaseTool, s.binary+" "+command)
	err := s.must(ctx, p)
	s.touched = s.touched || told.began
	if failure, ok := errors.AsType[*environments.Failure](err); ok && told.first != "" {
		failure.Message = fmt.Sprintf("%s %s failed: %s", s.binary, command, told.first)
		failure.Lines, failure.Errors = told.failureLines(), told.errors
		return told, s.tellErroredState(failure)
	}
	return told, err
}

// outputs asks for every output, sensitive ones included.
func (s *session) outputs(ctx context.Context) (schema.Values, error) {
	s.Phase(schema.PhaseOutputs, s.binary+" output")
	text, err := s.read(ctx, s.program("output", "-json"))
	if err != nil {
		return nil, err
	}
	values := schema.Values{}
	if err := decode(text, &values); err != nil {
		return nil, fmt.Errorf("read what %s output prints: %w", s.binary, err)
	}
	return values, nil
}

// deployed looks into the state. `state pull` needs no provider, unlike `show`.
func (s *session) deployed(ctx context.Context) (bool, error) {
	text, err := s.read(ctx, s.program("state pull"))
	if err != nil {
		return false, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return false, nil
	}
	var state struct {
		Outputs   map[string]json.RawMessage `json:"outputs"`
		Resources []struct {
			Mode string `json:"mode"`
		} `json:"resources"`
	}
	if err := decode(text, &state); err != nil {
		return false, fmt.Errorf("read what %s state pull prints: %w", s.binary, err)
	}
	for _, r := range state.Resources {
		if r.Mode == "managed" {
			return true, nil
		}
	}
	return len(state.Outputs) > 0, nil
}

// decode reads a JSON object. Lines before and after it are passed over: some wrappers of terraform greet.
func decode(text []byte, target any) error {
	for len(text) > 0 && text[0] != '{' {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if json.Valid(text) { // a decoder would copy all of it
		return json.Unmarshal(text, target)
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(target)
}
