package dag

import (
	"cmp"
	"slices"
	"time"
)

// priority returns all vertices, the one to start first at the front: the
// longest expected chain behind a vertex decides (its own cost and that of the
// costliest chain of dependents), then manifest order. Starting the longest
// chain first keeps it from being all that is left at the end.
func (a *adjacency) priority(order []int, cost func(int) time.Duration) []int {
	chain := make([]time.Duration, len(order))
	for _, i := range slices.Backward(order) {
		var longest time.Duration
		for _, d := range a.dependents[i] {
			longest = max(longest, chain[d])
		}
		chain[i] = cost(i) + longest
	}
	byChain := make([]int, len(order))
	for i := range byChain {
		byChain[i] = i
	}
	slices.SortFunc(byChain, func(i, j int) int {
		return cmp.Or(cmp.Compare(chain[j], chain[i]), cmp.Compare(i, j))
	})
	return byChain
}
