package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// memoryEvery is how often memory that is not needed is looked for.
	memoryEvery = 5 * time.Second
	// spareMemory is how much may have come since the last look, for the next busy time.
	spareMemory = 4 << 20
	// crowd is how many goroutines must have ended.
	crowd = 50
)

// returnMemory gives memory back to the operating system once a busy time is over, until
// ctx ends. The runtime does so by itself only in the course of collections, and a server
// at rest hardly needs any: after a crowd it kept its peak for minutes. While there are
// collections it does nothing, so it costs a busy server nothing.
//
// How much of it is needed only a collection can tell. So there is one when the server holds
// more than the last one left, or when many goroutines have ended since, such as those that
// wait for clients.
func returnMemory(ctx context.Context) {
	ticks := time.NewTicker(memoryEvery)
	defer ticks.Stop()
	last := readMemory()
	var needed memory // what the last one left
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := readMemory()
		if now.collections == last.collections && (now.held > needed.held+spareMemory || now.goroutines+crowd < needed.goroutines) {
			runtime.GC() // a sync.Pool lets go of what it keeps at the second
			debug.FreeOSMemory()
			now = readMemory()
			needed = now
		}
		last = now
	}
}

// memory is what the runtime says of itself: its collections so far, the bytes that it holds
// of the operating system, and its goroutines.
type memory struct{ collections, held, goroutines uint64 }

func readMemory() memory {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}, {Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return memory{value(0), value(1) - value(2), value(3)}
}
