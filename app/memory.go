package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// memoryEvery is how often unused memory is looked for.
	memoryEvery = 15 * time.Second
	// spareMemory is how much unused memory is kept, for the next busy time.
	spareMemory = 16 << 20
)

// returnMemory gives memory back to the operating system once a busy time is over, until
// ctx ends. The runtime does so by itself only in the course of collections, and a server
// at rest hardly needs any: after a crowd it kept its peak for minutes. While there are
// collections it does nothing, so it costs a busy server nothing.
func returnMemory(ctx context.Context) {
	ticks := time.NewTicker(memoryEvery)
	defer ticks.Stop()
	last := readMemory()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := readMemory()
		if now.collections == last.collections && now.unused > spareMemory {
			debug.FreeOSMemory()
			now = readMemory()
		}
		last = now
	}
}

// memory is what the runtime says of itself: its collections so far, and the bytes that
// it holds beyond what was in use at the last of them.
type memory struct{ collections, unused uint64 }

func readMemory() memory {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return memory{value(0), value(1) - value(2) - min(value(3), value(1)-value(2))}
}
