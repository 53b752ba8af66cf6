// Package parallel divides work that is only computed or read among the processors, and keeps apart what must not happen at
// the same time.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls do with each number below n, on as many processors as there are, and returns when all calls have. do must be
// safe for concurrent use.
func Each(n int, do func(int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}
