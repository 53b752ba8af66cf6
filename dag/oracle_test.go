package dag_test

import (
	"slices"
	"time"

	"github.com/bitops-engine/bitops/dag"
)

// oracle says what a Frontier must do, as stupidly as can be said: it keeps
// nothing but the list of calls so far and derives everything else from it
// anew, with recursion and without any clever order.
type oracle struct {
	drawing
	options dag.Options[step]
	calls   []call
}

// call is one thing a driver did: claimed a vertex, settled it with a result,
// or stopped the run.
type call struct {
	claim  step
	settle step
	result dag.Result
	stop   bool
}

const (
	oracleWaiting dag.Result = ""
	oracleRunning dag.Result = "running"
)

// chain is the cost of v and of the costliest chain that waits for it.
func (m *oracle) chain(v step) time.Duration {
	var longest time.Duration
	for _, w := range m.vertices {
		if slices.Contains(m.needs[w], v) {
			longest = max(longest, m.chain(w))
		}
	}
	if m.options.Cost == nil {
		return longest + 1
	}
	return longest + m.options.Cost(v)
}

// states replays all calls.
func (m *oracle) states() map[step]dag.Settled[step] {
	states := map[step]dag.Settled[step]{}
	for _, v := range m.vertices {
		states[v] = dag.Settled[step]{Vertex: v}
	}
	end := func(cause step, which func(step) bool, state dag.Result) {
		for _, v := range m.vertices {
			if states[v].State == oracleWaiting && which(v) {
				states[v] = dag.Settled[step]{Vertex: v, State: state, Cause: cause}
			}
		}
	}
	every := func(step) bool { return true }
	for _, c := range m.calls {
		switch {
		case c.claim != "":
			states[c.claim] = dag.Settled[step]{Vertex: c.claim, State: oracleRunning}
		case c.stop:
			end("", every, dag.NotStarted)
		default:
			states[c.settle] = dag.Settled[step]{Vertex: c.settle, State: c.result}
			if c.result != dag.Succeeded {
				end(c.settle, func(v step) bool { return m.upstream(c.settle, v) }, dag.Blocked)
			}
			if c.result == dag.Failed && !m.options.KeepGoing {
				end(c.settle, every, dag.NotStarted)
			}
		}
	}
	return states
}

// runnable lists, in manifest order, what could start now.
func (m *oracle) runnable() []step {
	states := m.states()
	running := 0
	perLimit := map[string]int{}
	for _, v := range m.vertices {
		if states[v].State == oracleRunning {
			running++
			perLimit[m.limitOf(v)]++
		}
	}
	if m.options.Parallelism > 0 && running >= m.options.Parallelism {
		return nil
	}
	var result []step
	for _, v := range m.vertices {
		ready := states[v].State == oracleWaiting
		for _, d := range m.needs[v] {
			ready = ready && m.lets(d, v, states[d].State)
		}
		n := m.options.Limits[m.limitOf(v)]
		if ready && (n <= 0 || perLimit[m.limitOf(v)] < n) {
			result = append(result, v)
		}
	}
	return result
}

// lets reports whether a dependency that came to a state lets v start.
func (d drawing) lets(dependency, v step, state dag.Result) bool {
	if d.passes[[2]step{dependency, v}] {
		return state != oracleWaiting && state != oracleRunning && state != dag.NotStarted
	}
	return state == dag.Succeeded
}

func (m *oracle) limitOf(v step) string {
	if m.options.LimitOf == nil {
		return ""
	}
	return m.options.LimitOf(v)
}

// next claims the best runnable vertex again and again.
func (m *oracle) next() []step {
	var claimed []step
	for {
		candidates := m.runnable()
		if len(candidates) == 0 {
			return claimed
		}
		best := candidates[0]
		for _, v := range candidates {
			if m.chain(v) > m.chain(best) {
				best = v
			}
		}
		m.calls = append(m.calls, call{claim: best})
		claimed = append(claimed, best)
	}
}

// settle records a call of Settle and returns what it must return.
func (m *oracle) settle(v step, r dag.Result) []dag.Settled[step] {
	return m.after(call{settle: v, result: r}, v)
}

// stop records a call of Stop and returns what it must return.
func (m *oracle) stop() []dag.Settled[step] {
	return m.after(call{stop: true}, "")
}

// after records c and lists what it settled: first, then what is blocked, then
// the rest.
func (m *oracle) after(c call, first step) []dag.Settled[step] {
	before := m.states()
	m.calls = append(m.calls, c)
	now := m.states()
	var result []dag.Settled[step]
	if first != "" {
		result = append(result, now[first])
	}
	for _, state := range []dag.Result{dag.Blocked, dag.NotStarted} {
		for _, v := range m.vertices {
			if before[v].State == oracleWaiting && now[v].State == state {
				result = append(result, now[v])
			}
		}
	}
	return result
}

// running lists what is claimed and not settled.
func (m *oracle) running() []step {
	var result []step
	states := m.states()
	for _, v := range m.vertices {
		if states[v].State == oracleRunning {
			result = append(result, v)
		}
	}
	return result
}

// done reports whether nothing waits or runs.
func (m *oracle) done() bool {
	for _, s := range m.states() {
		if s.State == oracleWaiting || s.State == oracleRunning {
			return false
		}
	}
	return true
}
