package main

import (
	"strings"
	"testing"
	"time"
)

// TestTable_isAlignedMarkdown counts characters, not bytes.
func TestTable_isAlignedMarkdown(t *testing.T) {
	var table table
	table.add("what", "n")
	table.add("a – b", "1,000")
	table.add("`x`", "7")
	var out strings.Builder
	table.print(&out)
	want := "| what  |     n |\n" +
		"|-------|------:|\n" +
		"| a – b | 1,000 |\n" +
		"| `x`   |     7 |\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestTable_numbers rounds and groups digits.
func TestTable_numbers(t *testing.T) {
	for got, want := range map[string]string{
		count(0): "0", count(999.6): "1,000", count(29_100.4): "29,100", count(int64(1_000_000)): "1,000,000",
		millis(1234567 * time.Nanosecond): "1.23", ratio(0.996): "1.00", mebibytes(3 << 19): "1.5", mebibytes(0): none,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestRatio_isTheMedianOfThoseOfTheRounds, because a slow minute hits both; the ratio
// of the medians would be another number here.
func TestRatio_isTheMedianOfThoseOfTheRounds(t *testing.T) {
	round := func(requests int64, p99 time.Duration) stats {
		return stats{Requests: requests, Span: time.Second, P99: p99, Wrong: 1}
	}
	baseline := &row{what: "baseline", rounds: []stats{round(100, 10), round(1000, 10), round(10, 10)}}
	server := &row{what: "server", rounds: []stats{round(50, 20), round(200, 40), round(9, 30)}, baseline: baseline}
	cells := server.cells()
	for at, want := range map[int]string{1: "50", 2: "9 to 200", 5: "3", 8: "0.50", 9: "3.00"} {
		if cells[at] != want {
			t.Errorf("cell %d = %q, want %q", at, cells[at], want)
		}
	}
	if cells := baseline.cells(); cells[8] != none || cells[9] != none {
		t.Errorf("a baseline has ratios: %v", cells)
	}
}

// TestStats_percentiles sums up a hundred requests.
func TestStats_percentiles(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(100-i)) // 100 to 1
	}
	f := summarize(took, time.Second)
	if f.P50 != 51 || f.P90 != 91 || f.P99 != 100 || f.Max != 100 || f.Requests != 100 {
		t.Errorf("got %+v", f)
	}
}

// TestRatio_afterByBefore: every figure is compared in the round in which both were
// measured.
func TestRatio_afterByBefore(t *testing.T) {
	round := func(requests int64, p99 time.Duration, cores float64, peak int64) stats {
		return stats{Requests: requests, Span: time.Second, P50: p99, P99: p99, usage: usage{cores, peak}}
	}
	before := &row{what: "before: x", rounds: []stats{round(100, 10, 1, 200), round(1000, 10, 1, 200)}}
	after := &row{what: "x", rounds: []stats{round(90, 20, 1.8, 100), round(1100, 20, 1.1, 100)}, before: before}
	var out strings.Builder
	printRatios(&out, []*row{{what: "baseline"}, after, before}, startStats{time.Second, 30}, startStats{time.Second / 2, 60})
	line := "| x              |       1.10 | 0.90 to 1.10 | 2.00 | 2.00 |                  2.00 |        0.50 |"
	if !countable {
		line = "| x              |       1.10 | 0.90 to 1.10 | 2.00 | 2.00 |"
	}
	if !strings.Contains(out.String(), line) || strings.Contains(out.String(), "before: x") || !strings.Contains(out.String(), "From start to ready 2.00") {
		t.Errorf("got\n%s", out.String())
	}
}
