package dag

// readyQueue holds the vertices whose dependencies have all succeeded and
// gives back the best one whose limit has room.
//
// A vertex that comes up while its limit is saturated is parked at the limit,
// out of everyone's way; each slot given back brings the best parked one back
// into the queue. Hence the invariant: of the ready vertices of a limit with n
// free slots, the best n are in the queue. And hence the cost: a vertex comes
// up once for being pushed and once for each slot given back.
type readyQueue struct {
	byRank []int    // byRank[r]: the vertex of rank r; rank 0 starts first
	rank   []int    // the inverse of byRank
	limit  []*limit // limit[i]: the limit of vertex i, nil for none
	ranks  minHeap
}

// limit is a number of vertices that may run at once.
type limit struct {
	free   int
	parked minHeap // ranks
}

func newReadyQueue(byRank []int, limits []*limit) *readyQueue {
	q := &readyQueue{byRank: byRank, rank: make([]int, len(byRank)), limit: limits}
	for r, i := range byRank {
		q.rank[i] = r
	}
	return q
}

// push adds a vertex that has become ready.
func (q *readyQueue) push(i int) { q.ranks.push(q.rank[i]) }

// take removes the best vertex that may start and takes a slot of its limit.
// It reports false if there is none.
func (q *readyQueue) take() (int, bool) {
	for q.ranks.Len() > 0 {
		r := q.ranks.pop()
		i := q.byRank[r]
		switch l := q.limit[i]; {
		case l == nil:
			return i, true
		case l.free > 0:
			l.free--
			return i, true
		default:
			l.parked.push(r)
		}
	}
	return 0, false
}

// release gives back the slot that take took for vertex i.
func (q *readyQueue) release(i int) {
	l := q.limit[i]
	if l == nil {
		return
	}
	l.free++
	if l.parked.Len() > 0 {
		q.ranks.push(l.parked.pop())
	}
}
