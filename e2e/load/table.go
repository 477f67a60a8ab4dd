package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// table is one for people, which is Markdown as well.
type table struct {
	lines [][]string
}

func (t *table) add(cells ...string) { t.lines = append(t.lines, cells) }

// print aligns the columns: the first to the left, numbers to the right.
func (t *table) print(out io.Writer) {
	width := make([]int, len(t.lines[0]))
	for _, line := range t.lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	for n, line := range t.lines {
		for i, cell := range line {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				cell += gap
			} else {
				cell = gap + cell
			}
			fmt.Fprint(out, "| ", cell, " ")
		}
		fmt.Fprintln(out, "|")
		if n == 0 {
			fmt.Fprint(out, "|", strings.Repeat("-", width[0]+2))
			for _, w := range width[1:] {
				fmt.Fprint(out, "|", strings.Repeat("-", w+1), ":")
			}
			fmt.Fprintln(out, "|")
		}
	}
}

// startStats are what the restarts of one program gave.
type startStats struct {
	ready time.Duration // from start to ready
	rest  int64         // bytes of memory at rest
}

// printThroughput prints what a measurement under load gave.
func printThroughput(out io.Writer, o options, rows []*row, starts []startStats) {
	fmt.Fprintf(out, "Medians of %d rounds of %s each on %d cores (%s/%s), which generator, server and baseline share. %d connections, %d for logins.\n"+
		"A ratio is server by baseline in the same round: 1.00 is as good as the baseline. A peak includes what the measurement before left behind.\n\n",
		o.rounds, o.span, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, connections, loginConnections)
	var t table
	t.add("what", "requests/s", "min to max", "p50 ms", "p99 ms", "errors", "cores", "peak MiB", "ratio of requests/s", "ratio of p99")
	for _, r := range rows {
		t.add(r.cells()...)
	}
	t.print(out)
	fmt.Fprintln(out)

	var s table
	s.add([]string{"the server by itself", "", "before"}[:1+len(starts)]...)
	s.add(append([]string{fmt.Sprintf("from start to ready on existing data, ms (median of %d)", restarts)},
		each(starts, func(s startStats) string { return millis(s.ready) })...)...)
	s.add(append([]string{"memory at rest after that, MiB"}, each(starts, func(s startStats) string { return mebibytes(s.rest) })...)...)
	s.print(out)
	if len(starts) > 1 {
		fmt.Fprintln(out)
		printRatios(out, rows, starts[0], starts[1])
	}
}

// printRatios compares the program with the older one.
func printRatios(out io.Writer, rows []*row, after, before startStats) {
	fmt.Fprint(out, "After by before: medians of the ratios of the rounds. Above 1.00 is better for requests/s, below for all others.\n\n")
	compared(rows, "after / before", func(r *row) *row { return r.before }).print(out)
	fmt.Fprintf(out, "\nFrom start to ready %s", ratio(float64(after.ready)/float64(before.ready)))
	if countable {
		fmt.Fprintf(out, ", memory at rest %s", ratio(float64(after.rest)/float64(before.rest)))
	}
	fmt.Fprintln(out, ".")
}

// printPeer compares the program with PocketBase.
func printPeer(out io.Writer, rows []*row, synchronous string) {
	fmt.Fprintf(out, "\nThe program by PocketBase, whose SQLite has synchronous=%s (the program's has FULL): medians of the ratios of the rounds. Above 1.00 is better for requests/s, below for all others.\n\n", synchronous)
	compared(rows, "program / PocketBase", func(r *row) *row { return r.peer }).print(out)
}

// compared is a table of the rows that have another one to be compared with.
func compared(rows []*row, title string, with func(*row) *row) *table {
	t := new(table)
	t.add(title, "requests/s", "min to max", "p50", "p99", "CPU time of a request", "peak memory")
	for _, r := range rows {
		other := with(r)
		if other == nil {
			continue
		}
		rates := ratios(r, other, stats.rate)
		cells := []string{
			r.what, ratio(median(rates)), ratio(slices.Min(rates)) + " to " + ratio(slices.Max(rates)),
			ratio(median(ratios(r, other, func(s stats) float64 { return float64(s.P50) }))),
			ratio(median(ratios(r, other, func(s stats) float64 { return float64(s.P99) }))), none, none,
		}
		if countable {
			cells[5] = ratio(median(ratios(r, other, func(s stats) float64 { return s.cores / s.rate() })))
			cells[6] = ratio(median(ratios(r, other, func(s stats) float64 { return float64(s.peak) })))
		}
		t.add(cells...)
	}
	return t
}

// none stands for what cannot be measured.
const none = "–"

func (r *row) cells() []string {
	rates := each(r.rounds, stats.rate)
	cells := []string{
		r.what, count(median(rates)), count(slices.Min(rates)) + " to " + count(slices.Max(rates)),
		millis(median(each(r.rounds, func(s stats) time.Duration { return s.P50 }))),
		millis(median(each(r.rounds, func(s stats) time.Duration { return s.P99 }))),
		count(sum(each(r.rounds, stats.failed))), none, none, none, none,
	}
	if countable {
		cells[6] = ratio(median(each(r.rounds, func(s stats) float64 { return s.cores })))
		cells[7] = mebibytes(slices.Max(each(r.rounds, func(s stats) int64 { return s.peak })))
	}
	if r.baseline != nil {
		cells[8] = ratio(median(ratios(r, r.baseline, stats.rate)))
		cells[9] = ratio(median(ratios(r, r.baseline, func(s stats) float64 { return float64(s.P99) })))
	}
	return cells
}

// ratios returns one row by another in each round.
func ratios(r, by *row, of func(stats) float64) []float64 {
	values := each(r.rounds, of)
	for i, v := range each(by.rounds, of) {
		values[i] /= v
	}
	return values
}

func each[S, T any](all []S, of func(S) T) []T {
	var values []T
	for _, s := range all {
		values = append(values, of(s))
	}
	return values
}

func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

// count is a whole number with its thousands apart: 29,100.
func count[N int | int64 | float64](n N) string {
	digits := strconv.FormatInt(int64(math.Round(float64(n))), 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func ratio(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

func millis(d time.Duration) string { return ratio(float64(d) / float64(time.Millisecond)) }

func mebibytes(n int64) string {
	if n == 0 {
		return none
	}
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64)
}
