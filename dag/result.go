package dag

// Result is what became of a vertex. The empty Result is none, so that a
// forgotten one is never taken for a success.
type Result string

// Settle takes these: what a vertex that ran came to.
const (
	Succeeded   Result = "succeeded"   // dependents may go on
	Failed      Result = "failed"      // blocks dependents; fails fast unless KeepGoing
	Held        Result = "held"        // waits for a person; blocks dependents, nothing else
	Interrupted Result = "interrupted" // was cut short; blocks dependents, nothing else
)

// A Frontier gives these to vertices that never ran.
const (
	Blocked    Result = "blocked"     // something upstream did not succeed
	NotStarted Result = "not started" // the run ended before its turn
)

// Settled is the last word on one vertex.
type Settled[V ~string] struct {
	Vertex V
	State  Result

	// Cause says why a vertex never ran. For a Blocked one it is the vertex
	// upstream that itself failed, was held or was interrupted (the first to
	// do so), never one that is merely blocked too. For a NotStarted one it
	// is the failure that ended the run; after Stop it is empty, as it is in
	// every other state.
	Cause V
}
