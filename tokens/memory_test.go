package tokens

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"restaurant/models"
)

// millionEnded is a denylist after a million logouts, and its MiB.
func millionEnded() (d *Denylist, mib float64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d = NewDenylist()
	until := time.Now()
	for n := range 1_000_000 {
		d.Add(fmt.Sprintf("%016d", n), until.Add(time.Duration(n%900)*time.Second), models.EndLogout)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return d, (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (1 << 20)
}

// TestDenylist_millionSessionsFitIntoMemory: 36 MiB were measured with Go 1.26; the
// limit leaves room for another growth of maps, and middleware the rest of 64 MiB.
func TestDenylist_millionSessionsFitIntoMemory(t *testing.T) {
	d, mib := millionEnded()
	if mib > 40 || len(d.ended) != 1_000_000 {
		t.Errorf("%d ended sessions take %.1f MiB", len(d.ended), mib)
	}
	if !d.Has(fmt.Sprintf("%016d", 77)) || d.Has("never-seen") {
		t.Error("the list is wrong")
	}
}

// BenchmarkDenylist looks into the list, and sweeps it while nothing has expired: for
// so long every look-up waits.
func BenchmarkDenylist(b *testing.B) {
	d, mib := millionEnded()
	b.Run("has", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Has("hG7fPq2LxWZ9cT4a")
		}
		b.ReportMetric(mib, "MiB")
	})
	b.Run("sweep", func(b *testing.B) {
		for b.Loop() {
			d.Sweep(time.Unix(0, 0))
		}
	})
}
