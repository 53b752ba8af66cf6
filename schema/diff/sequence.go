package diff

import "slices"

// A pair is two positions whose elements are equal: in the sequence before, and in the one after.
type pair struct{ was, is int }

// mostCells bounds the table of an exact comparison.
const mostCells = 1 << 16

// align returns which elements of two sequences are the same ones, in their order. Between elements that are unique on both
// sides, short stretches are compared exactly, and long ones count as different.
func align(before, after []string) []pair {
	if slices.Compare(before, after) > 0 { // the answer must not depend on which of them is which
		all := align(after, before)
		for i := range all {
			all[i].was, all[i].is = all[i].is, all[i].was
		}
		return all
	}
	return stretch{before, after, 0, 0}.align()
}

// A stretch is a part of both sequences.
type stretch struct {
	before, after []string
	was, is       int // where the parts begin
}

func (s stretch) align() []pair {
	var head, tail []pair
	for len(s.before) > 0 && len(s.after) > 0 && s.before[0] == s.after[0] {
		head = append(head, pair{s.was, s.is})
		s = s.part(1, len(s.before), 1, len(s.after))
	}
	for n, m := len(s.before), len(s.after); n > 0 && m > 0 && s.before[n-1] == s.after[m-1]; n, m = len(s.before), len(s.after) {
		tail = append(tail, pair{s.was + n - 1, s.is + m - 1})
		s = s.part(0, n-1, 0, m-1)
	}
	slices.Reverse(tail)
	return slices.Concat(head, s.middle(), tail)
}

func (s stretch) part(fromWas, toWas, fromIs, toIs int) stretch {
	return stretch{s.before[fromWas:toWas], s.after[fromIs:toIs], s.was + fromWas, s.is + fromIs}
}

// middle aligns a stretch whose first and last elements differ.
func (s stretch) middle() []pair {
	if len(s.before) == 0 || len(s.after) == 0 {
		return nil
	}
	if len(s.before)*len(s.after) <= mostCells {
		return s.exact()
	}
	anchors := s.anchors()
	if len(anchors) == 0 {
		return nil
	}
	var all []pair
	was, is := 0, 0
	for _, a := range anchors {
		all = append(all, s.part(was, a.was, is, a.is).align()...)
		all = append(all, pair{s.was + a.was, s.is + a.is})
		was, is = a.was+1, a.is+1
	}
	return append(all, s.part(was, len(s.before), is, len(s.after)).align()...)
}

// exact returns a longest common subsequence.
func (s stretch) exact() []pair {
	n, m := len(s.before), len(s.after)
	longest := make([][]uint16, n+1) // of what follows
	for i := range longest {
		longest[i] = make([]uint16, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if s.before[i] == s.after[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	var all []pair
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case s.before[i] == s.after[j]:
			all = append(all, pair{s.was + i, s.is + j})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return all
}

// anchors returns elements that are there once on both sides, as many as keep their order, by their positions in the stretch.
func (s stretch) anchors() []pair {
	once := func(all []string) map[string]int {
		at := map[string]int{}
		for i, e := range all {
			if _, again := at[e]; again {
				i = -1
			}
			at[e] = i
		}
		return at
	}
	was, is := once(s.before), once(s.after)
	var all []pair
	for i, e := range s.before {
		if j, there := is[e]; there && j >= 0 && was[e] >= 0 {
			all = append(all, pair{i, j})
		}
	}
	return increasing(all)
}

// increasing returns a longest part of the pairs, which are sorted by was, in which is grows too.
func increasing(all []pair) []pair {
	var ends []int                    // ends[n] is the pair that ends the best run of n+1 pairs
	previous := make([]int, len(all)) // in the run that a pair ends
	for i, p := range all {
		at, _ := slices.BinarySearchFunc(ends, p.is, func(end, is int) int { return all[end].is - is })
		previous[i] = -1
		if at > 0 {
			previous[i] = ends[at-1]
		}
		if at == len(ends) {
			ends = append(ends, i)
		} else {
			ends[at] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	var run []pair
	for i := ends[len(ends)-1]; i >= 0; i = previous[i] {
		run = append(run, all[i])
	}
	slices.Reverse(run)
	return run
}
