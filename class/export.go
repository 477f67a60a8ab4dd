package class

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn"
)

// columns are those of the export.
var columns = []string{
	"class", "table", "name", "lesson", "title", "state", "started_at", "done_at", "minutes", "first_guess", "first_guess_right", "wrong_answers", "hints", "resets", "restored",
}

// exportCSV writes a line for each lesson of each table that is taken. It begins with a byte
// order mark, without which a spreadsheet takes UTF-8 for something else.
func (c *Class) exportCSV(gc *gin.Context) error {
	sep := separator(gc.Request.URL.RawQuery)
	if sep != "," && sep != ";" {
		return httpjson.Invalid("sep", "must be , or ;")
	}
	httpjson.NoStore(gc)
	gc.Header("Content-Type", "text/csv; charset=utf-8")
	gc.Header("Content-Disposition", `attachment; filename="class.csv"`)
	gc.Status(http.StatusOK)
	return writeCSV(gc.Writer, rune(sep[0]), c.rows(gc.Request.Context()))
}

// separator reads what is between the columns. People type ?sep=; as it is, which net/url
// drops without a word: it once separated parameters.
func separator(query string) string {
	values, _ := url.ParseQuery(strings.ReplaceAll(query, ";", "%3B"))
	return cmp.Or(values.Get("sep"), ",")
}

func (c *Class) rows(ctx context.Context) (rows [][]string) {
	for _, t := range c.tables {
		s := t.seat()
		if !s.Taken {
			continue
		}
		row, lessons := newRow, t.keptLessons(ctx)
		if lessons == nil {
			row, lessons = unknownRow, learn.Contents()
		}
		for _, l := range lessons {
			rows = append(rows, row(c.roster.Title, t.text(), s.Name, l))
		}
	}
	return rows
}

// keptLessons are the lessons of a table, which may be broken: they are in a file of their own. They are
// nil if that cannot be read.
func (t *table) keptLessons(ctx context.Context) []learn.LessonOverview {
	if all := t.lessons(); all != nil {
		return all
	}
	if t.open(ctx) == nil {
		return t.lessons()
	}
	t.use.RLock() // or it might be restored meanwhile
	defer t.use.RUnlock()
	all, err := t.class.ReadLessons(ctx, t.folder(), t.class.isOpen)
	if err != nil {
		t.class.Log.Warn("the lessons of a broken table cannot be read", "table", t.text(), "err", err)
	}
	return all
}

// writeCSV writes the byte order mark, the columns and the rows (RFC 4180).
func writeCSV(w io.Writer, sep rune, rows [][]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = sep, true
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for n, cell := range row {
			cells[n] = harmless(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// formula is what a spreadsheet takes for the beginning of one, full-width characters too. In a
// spreadsheet that takes the other separator, which depends on the country, a cell begins behind that.
var formula = regexp.MustCompile(`((?:^|[,;])[ "]*)([=+\-@＝＋－＠\t\r])`)

// harmless puts an apostrophe before what a spreadsheet would take for a formula.
func harmless(cell string) string { return formula.ReplaceAllString(cell, "${1}'${2}") }

// newRow is a lesson of a table. What is not known yet is empty.
func newRow(title, table, name string, l learn.LessonOverview) []string {
	return []string{
		title, table, name, l.ID, l.Title, string(l.State), timeText(l.StartedAt), timeText(l.DoneAt), minutesText(l), numberOrNone(l.Guess), boolText(l.GuessRight),
		strconv.Itoa(l.Wrong), strconv.Itoa(len(l.Hints)), strconv.Itoa(l.Restarts), restoredText(l),
	}
}

// unknownRow is a lesson of a table whose progress cannot be read.
func unknownRow(title, table, name string, l learn.LessonOverview) []string {
	row := []string{title, table, name, l.ID, l.Title, "unknown"}
	return append(row, make([]string, len(columns)-len(row))...)
}

// restoredText is true for what came from a file, and unsigned if nobody vouches for that.
func restoredText(l learn.LessonOverview) string {
	if l.Restored && l.Unsigned {
		return "unsigned"
	}
	return strconv.FormatBool(l.Restored)
}

func timeText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// minutesText is how long a lesson took, in whole minutes that have begun.
func minutesText(l learn.LessonOverview) string {
	if l.StartedAt == nil || l.DoneAt == nil {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(l.DoneAt.Sub(*l.StartedAt).Minutes())))
}

func numberOrNone(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func boolText(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}
