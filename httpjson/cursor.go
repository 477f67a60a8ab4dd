package httpjson

import (
	"encoding/base64"
	"strconv"
	"strings"
)

const (
	defaultPage = 20
	maxPage     = 100
)

// Cursor is the id of the last row of a page. Clients send it back unchanged and need
// not know what it holds.
type Cursor int64

const cursorPrefix = "id:"

// String returns the cursor as next_cursor shows it.
func (cur Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatInt(int64(cur), 10)))
}

// ParseCursor accepts exactly what String returns.
func ParseCursor(text string) (Cursor, bool) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(plain), cursorPrefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	cur := Cursor(id)
	return cur, ok && err == nil && id > 0 && cur.String() == text
}

// Page reads limit and cursor. The first page starts at start.
func (q Query) Page(start int64) (from int64, limit int) {
	limit = int(q.Int("limit", defaultPage, 1, maxPage))
	if !q.Has("cursor") {
		return start, limit
	}
	cur, ok := ParseCursor(q.Get("cursor"))
	q.checks.Require(ok, "cursor", "must be the next_cursor of an earlier page, unchanged")
	return int64(cur), limit
}

// SplitPage cuts off the row that was read beyond the limit to see whether there is
// another page, and returns the cursor of that page or nil.
func SplitPage[Row any](rows []Row, limit int, id func(Row) int64) ([]Row, *string) {
	if len(rows) <= limit {
		return rows, nil
	}
	next := Cursor(id(rows[limit-1])).String()
	return rows[:limit], &next
}
