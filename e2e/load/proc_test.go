package main

import (
	"os"
	"testing"
	"time"
)

// TestProc_cpuTimeIsUserAndSystemTime finds the fields behind a strange name.
func TestProc_cpuTimeIsUserAndSystemTime(t *testing.T) {
	// The name of a process may look like the fields behind it.
	const stat = "4242 (a) 1 (b) S 1 4242 4242 0 -1 4194304 999 0 1 0 1234 66 7 8 20 0 9 0 100 0 0"
	got, err := parseCPU(stat)
	if want := 13 * time.Second; err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "4242 (x) S 1 2", "4242 (x) S 1 4242 4242 0 -1 4194304 999 0 1 0 many 66 7 8"} {
		if got, err := parseCPU(bad); err == nil {
			t.Errorf("%q gave %v, want an error", bad, got)
		}
	}
}

// TestProc_memoryIsInBytes reads two fields.
func TestProc_memoryIsInBytes(t *testing.T) {
	const status = "Name:\tVmRSS:\nVmPeak:\t  900000 kB\nVmHWM:\t   12345 kB\nVmRSS:\t    1024 kB\nThreads:\t9\n"
	for field, want := range map[string]int64{"VmHWM": 12345 << 10, "VmRSS": 1 << 20} {
		if got, err := parseMemory(status, field); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", field, got, err, want)
		}
	}
	if got, err := parseMemory("Name:\tx\n", "VmRSS"); err == nil {
		t.Errorf("a process without memory has %d bytes, want an error", got)
	}
}

// TestProc_watchesThisProcess reads what the system shows of the test.
func TestProc_watchesThisProcess(t *testing.T) {
	u, err := watch(os.Getpid(), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	rest, err := memoryNow(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if countable != (u.peak > 1<<20) || countable != (rest > 1<<20) {
		t.Errorf("peak %d, now %d bytes; countable here: %v", u.peak, rest, countable)
	}
}
