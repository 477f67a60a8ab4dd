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
	t := NewThrottle(nil)
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

// TestThrottleAndRateLimit_memoryIsBounded is the share of the door in the 64 MiB that the house may
// take for a million addresses; the rest is the denylist's, see tokens.
func TestThrottleAndRateLimit_memoryIsBounded(t *testing.T) {
	if mib := heapOf(fillThrottle) + heapOf(fillRateLimit); mib > 32 {
		t.Errorf("a million addresses take %.1f MiB", mib)
	}
}

func BenchmarkMillionAddresses(b *testing.B) {
	for name, crowd := range map[string]func() any{"throttle": fillThrottle, "limit": fillRateLimit} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(heapOf(crowd), "MiB")
			}
		})
	}
}

// TestThrottle_remembersThroughManyOthers fills the books up to just below the
// point where they are forgotten, and asks for somebody from before. The clock
// stands still meanwhile: filling takes more than alice's second on a slow computer.
func TestThrottle_remembersThroughManyOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle(nil)
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
