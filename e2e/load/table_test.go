package main

import (
	"strings"
	"testing"
	"time"
)

func TestTheTableIsAlignedMarkdown(t *testing.T) {
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

func TestNumbersForPeople(t *testing.T) {
	for got, want := range map[string]string{
		count(0): "0", count(999.6): "1,000", count(29_100.4): "29,100", count(int64(1_000_000)): "1,000,000",
		millis(1234567 * time.Nanosecond): "1.23", ratio(0.996): "1.00", mebibytes(3 << 19): "1.5", mebibytes(0): none,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The ratio is that of each round, because a slow minute hits both; the ratio of
// the medians would be another number here.
func TestARatioIsTheMedianOfThoseOfTheRounds(t *testing.T) {
	round := func(requests int64, p99 time.Duration) stats {
		return stats{Requests: requests, Span: time.Second, P99: p99, Wrong: 1}
	}
	limit := &row{what: "limit", rounds: []stats{round(100, 10), round(1000, 10), round(10, 10)}}
	server := &row{what: "house", rounds: []stats{round(50, 20), round(200, 40), round(9, 30)}, baseline: limit}
	cells := server.cells()
	for at, want := range map[int]string{1: "50", 2: "9 to 200", 5: "3", 8: "0.50", 9: "3.00"} {
		if cells[at] != want {
			t.Errorf("cell %d = %q, want %q", at, cells[at], want)
		}
	}
	if cells := limit.cells(); cells[8] != none || cells[9] != none {
		t.Errorf("a limit has ratios: %v", cells)
	}
}

func TestCollectSortsIntoPercentiles(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(100-i)) // 100 to 1
	}
	f := summarize(took, time.Second)
	if f.P50 != 51 || f.P90 != 91 || f.P99 != 100 || f.Max != 100 || f.Requests != 100 {
		t.Errorf("got %+v", f)
	}
}
