package terraform

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// unchanged returns the result of a plan that changes nothing, without asking a second process: its outputs are those of
// the state, which is part of the plan file. It is not ok when terraform told of any change, or when anything is not as
// it is known to be; `show` must tell then.
func (s *stream) unchanged(planFile string) (result environments.Result, ok bool) {
	nothing := summary{Operation: actionPlan}
	if s.total == nil || *s.total != nothing || len(s.planned) > 0 || s.changedOutputs > 0 {
		return result, false
	}
	values, err := stateOutputs(planFile)
	if err != nil {
		return result, false
	}
	for name := range values {
		if !s.sameOutputs[name] { // such as those that targets leave out
			return result, false
		}
	}
	return environments.Result{Changes: counted(nil), Outputs: values}, true
}

// stateOutputs returns the outputs in the state of a plan file. The file is a zip archive in which tfstate is the state
// that the plan was made of, in the format of `state pull`:
// https://github.com/hashicorp/terraform/tree/main/internal/plans/planfile
// A plan of a cloud backend and one that is encrypted are no such archives.
func stateOutputs(planFile string) (schema.Values, error) {
	file, err := openPlannedState(planFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var state struct {
		Version int           `json:"version"`
		Outputs schema.Values `json:"outputs"`
	}
	if err := json.NewDecoder(file).Decode(&state); err != nil {
		return nil, err
	}
	if state.Version != stateVersion || state.Outputs == nil {
		return nil, fmt.Errorf("a state of version %d", state.Version)
	}
	return state.Outputs, nil
}

// openPlannedState opens the state in a plan file.
func openPlannedState(planFile string) (io.ReadCloser, error) {
	archive, err := zip.OpenReader(planFile)
	if err != nil {
		return nil, err
	}
	state, err := archive.Open("tfstate")
	if err != nil {
		return nil, errors.Join(err, archive.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{state, archive}, nil
}

// stateVersion is the version of terraform's state format, since 0.12.
const stateVersion = 4
