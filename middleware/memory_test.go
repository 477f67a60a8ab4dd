package middleware

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

const million = 1_000_000

// addressNumber gives a million different addresses.
func addressNumber(n int) string {
	return fmt.Sprintf("%d.%d.%d.%d", 1+n>>24, n>>16&255, n>>8&255, n&255)
}

// heapOf is how many MiB stay allocated by what fill makes.
func heapOf(fill func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := fill()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (1 << 20)
}

func fillThrottle() any {
	t := NewThrottle(nil, 0)
	for n := range million {
		if wait, end := t.attempt(fmt.Sprintf("guest.%d", n), addressNumber(n)); wait == 0 {
			end(Failed)
		}
	}
	return t
}

func fillRateLimit() any {
	l := NewRateLimit(50)
	for n := range million {
		l.allow("address\x00" + addressNumber(n))
	}
	return l
}

// TestThrottleAndRateLimit_memoryIsBounded: a million addresses and as many ended sessions
// fit into 64 MiB. 18 MiB were measured here with Go 1.26; the denylist may take 40.
func TestThrottleAndRateLimit_memoryIsBounded(t *testing.T) {
	if mib := heapOf(fillThrottle) + heapOf(fillRateLimit); mib > 24 {
		t.Errorf("a million addresses take %.1f MiB", mib)
	}
}

func BenchmarkMillionAddresses(b *testing.B) {
	for name, fill := range map[string]func() any{"throttle": fillThrottle, "limit": fillRateLimit} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(heapOf(fill), "MiB")
			}
		})
	}
}

// TestThrottle_remembersThroughManyOthers fills the caches up to just below the point
// where they drop what they hold. The clock stands still meanwhile: filling takes more
// than alice's second on a slow computer.
func TestThrottle_remembersThroughManyOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle(nil, 0)
		for range freeFailuresAccount {
			if wait, end := th.attempt("alice", "10.0.0.1"); wait == 0 {
				end(Failed)
			}
		}
		for n := range throttleSize - 10 {
			if wait, end := th.attempt(fmt.Sprintf("guest.%d", n), addressNumber(n)); wait == 0 {
				end(Failed)
			}
		}
		if wait, _ := th.attempt("alice", "10.0.0.2"); wait <= 0 || wait > time.Second {
			t.Errorf("alice's account waits %v", wait)
		}
	})
}
