// Package dag is the ordering of a run: what depends on what, which of it may
// start now, and why the rest may not.
//
// A [Graph] holds vertices and "depends on" edges and answers in the order in
// which the vertices were added (the manifest order), so that equal manifests
// give equal bytes. A [Frontier] is the moving boundary between what is done
// and what is still to come. It is pure state, with no goroutine and no clock,
// so whoever owns one, a loop in this process or a workflow on a distributed
// engine, decides the same way:
//
//	for each vertex: missing = number of its dependencies
//	ready = every vertex that misses none
//
//	Next:            while a slot is free and something is ready:
//	                     take the ready vertex with the longest chain behind it
//	                     start it, or park it if its limit is saturated
//	Settle v:        free v's slot; offer the best vertex parked at its limit
//	    succeeded:   each dependent misses one less; at zero it is ready
//	    otherwise:   everything downstream of v is Blocked, because of v,
//	                 except what only has to come after: that misses one less
//	    failed:      and unless KeepGoing, everything not started is NotStarted
//
// Every vertex and every edge is looked at a bounded number of times, so a
// whole run costs O((V+E) log V).
//
// [Walk] is the local driver: it runs each vertex in a goroutine of its own
// and keeps the Frontier to one.
package dag
