package schema

import "time"

// Timing says how long a run is expected to take.
type Timing struct {
	Steps int           `json:"steps"`
	Known int           `json:"known"`    // steps whose duration is known from earlier runs; the others count as their mean
	Work  time.Duration `json:"work_ns"`  // of all steps, one after the other
	Chain time.Duration `json:"chain_ns"` // of the critical path: no run is faster
	Path  []TimedStep   `json:"critical_path"`
	Jobs  []TimedJobs   `json:"jobs"`
}

// TimedStep is a step of the critical path.
type TimedStep struct {
	Step     StepName      `json:"step"`
	Duration time.Duration `json:"duration_ns"`
	Known    bool          `json:"known"`
}

// TimedJobs says how long a run takes with so many steps at once.
type TimedJobs struct {
	Jobs     int           `json:"jobs"`
	Duration time.Duration `json:"duration_ns"`
}
