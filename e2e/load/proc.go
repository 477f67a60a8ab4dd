package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// countable reports whether CPU time and memory of a process can be read: they
// come from /proc, which only Linux has. Elsewhere the table shows a dash.
const countable = runtime.GOOS == "linux"

// tick is the unit of CPU time in /proc/<pid>/stat: 1/100 s (USER_HZ) on every
// platform that Go knows.
const tick = 10 * time.Millisecond

// usage is what a process used while something ran.
type usage struct {
	cores float64 // CPU time by time: 1 is one core, busy all the time
	peak  int64   // the most memory it had at once, in bytes
}

// watch runs something and returns what the process used meanwhile; elsewhere
// than on Linux that is nothing.
func watch(pid int, run func() error) (usage, error) {
	if !countable {
		return usage{}, run()
	}
	before, err := cpuTime(pid)
	if err = errors.Join(err, resetPeak(pid)); err != nil {
		return usage{}, err
	}
	began := time.Now()
	if err := run(); err != nil {
		return usage{}, err
	}
	span := time.Since(began)
	after, err := cpuTime(pid)
	if err != nil {
		return usage{}, err
	}
	peak, err := memory(pid, "VmHWM")
	return usage{cores: (after - before).Seconds() / span.Seconds(), peak: peak}, err
}

// memoryNow is what the process has in memory, in bytes, or 0 where that cannot be
// read.
func memoryNow(pid int) (int64, error) {
	if !countable {
		return 0, nil
	}
	return memory(pid, "VmRSS")
}

// resetPeak starts the peak from scratch (5 is the word for that, see proc(5)).
// Where that is not permitted, the peak is the one since the start.
func resetPeak(pid int) error {
	err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(string(text))
}

// parseCPU adds user and system time, the 14th and 15th field. The second is the
// name in brackets, which may hold blanks and brackets, so fields are counted
// from the last bracket.
func parseCPU(stat string) (time.Duration, error) {
	_, rest, ok := cutLast(stat, ")")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("/proc has a stat line that was not understood: %q", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err, err2)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func memory(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseMemory(string(text), field)
}

// parseMemory reads a line such as "VmHWM:	   12345 kB" as bytes.
func parseMemory(status, field string) (int64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc has no %s for the process", field)
}
