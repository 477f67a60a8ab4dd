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

// TestPhase_eachRowKnowsItsCounterparts: the program's rows those of the older program and
// of PocketBase, in the order in which they are measured.
func TestPhase_eachRowKnowsItsCounterparts(t *testing.T) {
	ph := phase{
		baseline: measurement{what: "least"},
		programs: [][]measurement{{{what: "a"}, {what: "b"}}, {{what: "old a"}, {what: "old b"}}},
		peer:     []measurement{{what: "peer"}},
	}
	rows := ph.rows()
	if len(rows) != 4 || len(ph.contestants()) != 3 || rows[0][0].baseline != nil {
		t.Fatalf("rows %v", rows)
	}
	for j, r := range rows[1] {
		if r.before != rows[2][j] || r.peer != rows[3][0] || r.baseline != rows[0][0] {
			t.Errorf("%s: %+v", r.what, r)
		}
	}
	if old := rows[2][0]; old.before != nil || old.peer != nil || rows[3][0].peer != nil {
		t.Error("a counterpart has counterparts")
	}
	alone := phase{programs: [][]measurement{{{what: "a"}}}}.rows()
	if alone[1][0].before != nil || alone[1][0].peer != nil {
		t.Error("a program alone has counterparts")
	}
}

// TestPeer_isComparedInItsRound: the median of the ratios, not the ratio of the medians.
func TestPeer_isComparedInItsRound(t *testing.T) {
	round := func(requests int64) stats {
		return stats{Requests: requests, Span: time.Second, P50: 1, P99: 1, usage: usage{1, 1}}
	}
	peer := &row{what: "PocketBase: x", rounds: []stats{round(100), round(1000), round(10)}}
	program := &row{what: "x", rounds: []stats{round(500), round(2000), round(60)}, peer: peer}
	var out strings.Builder
	printPeer(&out, []*row{{what: "baseline"}, program, peer}, "FULL")
	if !strings.Contains(out.String(), "synchronous=FULL") || !strings.Contains(out.String(), "| x                    |       5.00 | 2.00 to 6.00 |") || strings.Contains(out.String(), "PocketBase: x") {
		t.Errorf("got\n%s", out.String())
	}
}

// TestReadOptions_pocketBase refuses what SQLite would take in silence.
func TestReadOptions_pocketBase(t *testing.T) {
	for value, ok := range map[string]bool{"FULL": true, "NORMAL": true, "": true, "OFF": false, "full": false} {
		if _, err := readOptions([]string{"-pocketbase", value}); (err == nil) != ok {
			t.Errorf("-pocketbase %q: %v", value, err)
		}
	}
}
