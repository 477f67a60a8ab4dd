package tokens

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// millionEnded is a denylist after a million logouts, and its MiB.
func millionEnded() (d *Denylist, mib float64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d = NewDenylist()
	until := time.Now()
	for n := range 1_000_000 {
		d.Add(fmt.Sprintf("%016d", n), until.Add(time.Duration(n%900)*time.Second))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return d, (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (1 << 20)
}

// TestMillionEndedSessionsFitIntoMemory takes no more than the share that
// middleware leaves of 64 MiB.
func TestMillionEndedSessionsFitIntoMemory(t *testing.T) {
	d, mib := millionEnded()
	if mib > 24 || d.Len() != 1_000_000 {
		t.Errorf("%d ended sessions take %.1f MiB", d.Len(), mib)
	}
	if !d.Has(fmt.Sprintf("%016d", 77)) || d.Has("never-seen") {
		t.Error("the list is wrong")
	}
}

func BenchmarkDenylist(b *testing.B) {
	d, mib := millionEnded()
	b.ReportAllocs()
	for b.Loop() {
		d.Has("hG7fPq2LxWZ9cT4a")
	}
	b.ReportMetric(mib, "MiB")
}
