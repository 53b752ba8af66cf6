// Package executor turns a plan into events: it walks the plan's graph, gives each step its values, and lets a Runner
// take it through its lifecycle.
//
//	for each step that may start:          (dag.Walk drives a dag.Frontier)
//	    values of its inputs    <- outputs of steps that ran, recorded outputs of those that did not
//	    Runner.Do               -> outcome, changes, outputs
//	    record what it left behind
//	    tell what happened
//
// A failed step is an outcome and never an error: it blocks what depends on it and nothing else. An error means that
// bitops itself cannot go on.
package executor
