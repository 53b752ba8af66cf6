package parallel

import (
	"runtime"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		calls := make([]atomic.Int32, n)
		Each(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("of %d: %d calls with %d", n, got, i)
			}
		}
	}
}

// Two calls that wait for each other both return: they ran at the same time.
func TestEachIsParallel(*testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	met := make(chan bool)
	Each(2, func(i int) {
		if i == 0 {
			met <- true
		} else {
			<-met
		}
	})
}
