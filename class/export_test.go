package class

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"restaurant/learn"
)

// TestExport compares with a file: names that a spreadsheet would take for formulas, quotes,
// separators of both kinds, and what is not known yet. Wherever a spreadsheet separates, no cell is a
// formula.
func TestExport(t *testing.T) {
	start := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	done := learn.LessonOverview{
		ID: "L01", Title: "Read the menu", State: learn.StateDone, StartedAt: &start, DoneAt: new(start.Add(4*time.Minute + time.Second)),
		Guess: new(2), GuessRight: new(true), Wrong: 3, Hints: []int{1, 2}, Restarts: 1, Restored: true,
	}
	open := learn.LessonOverview{ID: "L04", Title: "One large Margherita, please", State: learn.StateOpen}
	var rows [][]string
	for _, name := range []string{"Alice", "=1+1", "+49", "-Bob", "@SUM(A1)", "\tTab", "\rReturn", "x;=1+1", "x,@SUM(A1)", `x;"-1`, "x;＋1", "＝1+1", "－1", "＠A1", "Bob, Vera", "a=b-c", `Cárla "C"; the cook's`, ""} {
		rows = append(rows, newRow("Pizza class", "07", name, done))
	}
	rows = append(rows, newRow("=Class", "07", "Alice", open))
	for file, sep := range map[string]rune{"testdata/export.csv": ',', "testdata/export-semicolon.csv": ';'} {
		var got bytes.Buffer
		if err := writeCSV(&got, sep, rows); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s (%v): got\n%s", file, err, got.Bytes())
		}
		for _, line := range strings.Split(got.String(), "\r\n") {
			for _, cell := range strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ';' }) {
				if strings.IndexAny(strings.TrimLeft(cell, ` "`), "=+-@＝＋－＠\t\r") == 0 {
					t.Errorf("%s: a formula, if both separate: %q", file, cell)
				}
			}
		}
	}
}
