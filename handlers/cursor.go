package handlers

import (
	"encoding/base64"
	"strconv"
	"strings"
)

const (
	defaultPage = 20
	maxPage     = 100
)

// cursor is where a page ended: the id of its last row. Guests pass it back as
// it is and need not know what is in it.
type cursor int64

const cursorPrefix = "id:"

func (cur cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatInt(int64(cur), 10)))
}

// parseCursor accepts exactly what String makes.
func parseCursor(text string) (cursor, bool) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(plain), cursorPrefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	cur := cursor(id)
	return cur, ok && err == nil && id > 0 && cur.String() == text
}

// page reads limit and cursor from the query. The first page starts at start.
func (q query) page(start int64) (from int64, limit int) {
	limit = int(q.int("limit", defaultPage, 1, maxPage))
	if !q.Has("cursor") {
		return start, limit
	}
	cur, ok := parseCursor(q.Get("cursor"))
	q.cs.require(ok, "cursor", "must be the next_cursor of an earlier page, unchanged")
	return int64(cur), limit
}

// splitPage takes the row off that was read beyond the page to see whether there is
// another page, and says where that begins.
func splitPage[Row any](rows []Row, limit int, id func(Row) int64) ([]Row, *string) {
	if len(rows) <= limit {
		return rows, nil
	}
	next := cursor(id(rows[limit-1])).String()
	return rows[:limit], &next
}
