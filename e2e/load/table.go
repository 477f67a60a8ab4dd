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

// printRush prints what the rush hour gave.
func printRush(out io.Writer, o options, rows []*row, ready time.Duration, rest int64) {
	fmt.Fprintf(out, "Medians of %d rounds of %s each on %d cores (%s/%s), which guests, house and limits share. %d connections, %d for logins.\n"+
		"A ratio is house by limit in the same round: 1.00 is as good as the limit. A peak includes what the measurement before left behind.\n\n",
		o.rounds, o.span, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, connections, loginConnections)
	var t table
	t.add("what", "requests/s", "min to max", "p50 ms", "p99 ms", "errors", "cores", "peak MiB", "ratio of requests/s", "ratio of p99")
	for _, r := range rows {
		t.add(r.cells()...)
	}
	t.print(out)
	fmt.Fprintln(out)

	var s table
	s.add("the house by itself", "")
	s.add(fmt.Sprintf("from start to ready on existing data, ms (median of %d)", reopenings), millis(ready))
	s.add("memory at rest after that, MiB", mebibytes(rest))
	s.print(out)
}

// none stands for what nobody can tell.
const none = "–"

func (r *row) cells() []string {
	rates := each(r.rounds, figures.rate)
	cells := []string{
		r.what, count(median(rates)), count(slices.Min(rates)) + " to " + count(slices.Max(rates)),
		millis(median(each(r.rounds, func(f figures) time.Duration { return f.P50 }))),
		millis(median(each(r.rounds, func(f figures) time.Duration { return f.P99 }))),
		count(sum(each(r.rounds, figures.failed))), none, none, none, none,
	}
	if countable {
		cells[6] = ratio(median(each(r.rounds, func(f figures) float64 { return f.cores })))
		cells[7] = mebibytes(slices.Max(each(r.rounds, func(f figures) int64 { return f.peak })))
	}
	if r.limit != nil {
		cells[8] = ratio(median(r.against(figures.rate)))
		cells[9] = ratio(median(r.against(func(f figures) float64 { return float64(f.P99) })))
	}
	return cells
}

// against gives house by limit in each round.
func (r *row) against(of func(figures) float64) []float64 {
	ratios := each(r.rounds, of)
	for i, limit := range each(r.limit.rounds, of) {
		ratios[i] /= limit
	}
	return ratios
}

func each[T any](rounds []figures, of func(figures) T) []T {
	var values []T
	for _, f := range rounds {
		values = append(values, of(f))
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
