package class

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/problem"
)

// What can be reset at a table.
const (
	resetLesson  = "lesson"
	resetLessons = "lessons"
	resetKitchen = "kitchen"
	resetAll     = "all" // the next learner finds a free table
)

type resetRequest struct {
	What   string `json:"what"`
	Lesson string `json:"lesson"`
	// Dry only asks what would be lost.
	Dry bool `json:"dry"`
}

type resetResponse struct {
	Lost []learn.Loss `json:"lost"`
	// Undo is the id for undoing it, or null after a dry one.
	Undo *string `json:"undo"`
	// UndoUntil is how long that works.
	UndoUntil *time.Time `json:"undo_until"`
}

// resetTable resets a lesson, all lessons, the restaurant or all of a table, after a copy.
func (c *Class) resetTable(gc *gin.Context, t *table) error {
	var req resetRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	if !slices.Contains([]string{resetLesson, resetLessons, resetKitchen, resetAll}, req.What) {
		return httpjson.Invalid("what", "must be lesson, lessons, kitchen or all")
	}
	ctx := context.WithoutCancel(gc.Request.Context()) // half a reset is worse than one that nobody waits for
	c.copies.Lock()
	defer c.copies.Unlock()
	lost, err := t.losses(ctx, req)
	if err != nil {
		return err
	}
	res := resetResponse{Lost: lost}
	if !req.Dry {
		made, err := t.startOver(ctx, req)
		if err != nil {
			return err
		}
		res.Undo, res.UndoUntil = &made.ID, new(made.At.Add(undoTime))
	}
	return c.changed(gc, res)
}

// losses are what a reset takes away.
func (t *table) losses(ctx context.Context, req resetRequest) ([]learn.Loss, error) {
	restaurant, leave, err := t.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	lessons := restaurant.Lessons()
	if req.What != resetAll {
		return lessons.Losses(ctx, req.What, req.Lesson)
	}
	lost, err := lessons.Losses(ctx, resetKitchen, "")
	if err != nil {
		return nil, err
	}
	more, err := lessons.Losses(ctx, resetLessons, "")
	return append(lost, more...), err
}

// startOver makes a copy and resets.
func (t *table) startOver(ctx context.Context, req resetRequest) (made tableCopy, err error) {
	if made, err = t.makeCopy(ctx, tableCopy{What: req.What}); err != nil {
		return made, err
	}
	t.history.forget()
	if req.What == resetAll {
		t.reports.forget()
		return made, t.becomeFree(ctx)
	}
	restaurant, leave, err := t.enter(ctx)
	if err != nil {
		return made, err
	}
	defer leave()
	return made, restaurant.Lessons().StartOver(ctx, req.What, req.Lesson)
}

// becomeFree makes a table as it was in the beginning. Its code stays, because it may be on a
// card.
func (t *table) becomeFree(ctx context.Context) error {
	if err := t.whileClosed(func() error { return os.RemoveAll(t.folder()) }); err != nil {
		return err
	}
	t.last.Store(0)
	t.settings.forget()
	if err := t.setSeat(func(s *seat) { s.Taken, s.TakenAt, s.Name = false, time.Time{}, "" }); err != nil {
		return err
	}
	return t.open(ctx)
}

func (t *table) setSeat(change func(*seat)) error {
	return t.class.roster.change(func(r *roster) error {
		change(&r.Tables[t.number-1])
		return nil
	})
}

type undoRequest struct {
	ID string `json:"id"`
}

type undoResponse struct {
	Table string `json:"table"`
	// Undo is the id for undoing this.
	Undo string `json:"undo"`
}

// undo puts back what a reset has taken, and keeps a copy of what was there until now.
func (c *Class) undo(gc *gin.Context) error {
	var req undoRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	c.copies.Lock()
	defer c.copies.Unlock()
	ctx := context.WithoutCancel(gc.Request.Context())
	found, known := c.findCopy(req.ID)
	if !known || time.Since(found.At) > undoTime {
		return problem.UndoExpired.New("")
	}
	t := c.tables[found.Table-1]
	before, err := t.makeCopy(ctx, tableCopy{What: found.What, OfUndo: true})
	if err != nil {
		return err
	}
	if err := t.putBack(ctx, found); err != nil {
		return err
	}
	return c.changed(gc, undoResponse{t.text(), before.ID})
}

// putBack puts a copy in the place of what was reset since, and deletes it.
func (t *table) putBack(ctx context.Context, from tableCopy) error {
	database := from.What == resetKitchen || from.What == resetAll
	err := t.whileClosed(func() error {
		return t.class.PutBack(ctx, t.folder(), from.folder, database, from.What != resetKitchen)
	})
	if err != nil {
		return err
	}
	if from.What == resetAll {
		if err := t.setSeat(func(s *seat) { s.Taken, s.TakenAt, s.Name = from.Seat.Taken, from.Seat.TakenAt, from.Seat.Name }); err != nil {
			return err
		}
		t.last.Store(time.Now().UnixNano())
	}
	t.history.forget()
	if err := t.open(ctx); err != nil {
		return err
	}
	return os.RemoveAll(from.folder)
}

type restoreResponse struct {
	Table string `json:"table"`
	// CopiedAt is when that was copied which was put back in the place of what was damaged; null
	// where there was no copy, so that it begins again, and where there was no need for one.
	CopiedAt *time.Time `json:"copied_at"`
	// RestaurantKept is whether orders, menu and accounts are as they were.
	RestaurantKept bool `json:"restaurant_kept"`
	// LessonsKept is whether the progress in the lessons is as it was.
	LessonsKept bool `json:"lessons_kept"`
	// Aside is where the damaged files are now, or null if there were none.
	Aside *string `json:"aside"`
}

// restoreTable puts the newest copy that can be used in the place of what is damaged of a broken
// table, or lets that begin again. What is whole stays, and what is damaged is moved aside.
func (c *Class) restoreTable(gc *gin.Context, t *table) error {
	c.copies.Lock()
	defer c.copies.Unlock()
	if in := t.inside.Load(); in == nil || in.broken == nil {
		return httpjson.Invalid("table", "is not broken, so nothing has to be restored. To start over, reset it")
	}
	ctx := context.WithoutCancel(gc.Request.Context())
	res := restoreResponse{Table: t.text()}
	if err := t.whileClosed(func() error { return t.restore(ctx, &res) }); err != nil {
		return err
	}
	if err := t.open(ctx); err != nil {
		return problem.TableBroken.New("").Because(err)
	}
	t.history.forget()
	return c.changed(gc, res)
}

// restore restores a table that is closed.
func (t *table) restore(ctx context.Context, res *restoreResponse) error {
	aside := filepath.Join(t.class.Folder, "broken", t.text()+"-"+time.Now().UTC().Format("20060102T150405.000"))
	kept, err := t.class.SetAside(ctx, t.folder(), aside)
	if err != nil {
		return err
	}
	if os.Remove(aside) != nil { // there is something in it
		res.Aside = &aside
	}
	res.RestaurantKept, res.LessonsKept = kept.Database, kept.Progress
	if !kept.Database || !kept.Progress {
		res.CopiedAt = t.restoreNewest(ctx, kept)
	}
	return nil
}

// restoreNewest puts back what was not kept from the newest copy that can be used, and returns
// when it was made; nil if there is none. A copy of somebody who has left is none of them.
func (t *table) restoreNewest(ctx context.Context, kept Kept) *time.Time {
	for _, made := range t.class.allCopies() {
		if made.Table != t.number || !made.Seat.TakenAt.Equal(t.seat().TakenAt) {
			continue
		}
		err := t.class.PutBack(ctx, t.folder(), made.folder, !kept.Database, !kept.Progress)
		if err == nil {
			return &made.At
		}
		t.class.Log.Warn("a copy of a table cannot be used; the next older one is tried", "table", t.text(), "copy", made.folder, "err", err)
	}
	return nil
}

// newCodeOf gives a table a new code. The old one leads to a sentence.
func (c *Class) newCodeOf(gc *gin.Context, t *table) error {
	err := t.whileClosed(func() error { // its addresses hold the code
		return t.setSeat(func(s *seat) { s.Old, s.Code = append(slices.Clone(s.Old), s.Code), s.freshCode(t.number) })
	})
	if err != nil {
		return err
	}
	return c.reopened(gc, t)
}

// freshCode returns a code that the table never had.
func (s *seat) freshCode(number int) string {
	for {
		if code := newCode(number); code != s.Code && !slices.Contains(s.Old, code) {
			return code
		}
	}
}

// closeTable closes a table: requests get 503, and streams end.
func (c *Class) closeTable(gc *gin.Context, t *table) error {
	if err := t.setSeat(func(s *seat) { s.Closed = true }); err != nil {
		return err
	}
	if err := t.whileClosed(nil); err != nil {
		return err
	}
	return c.reopened(gc, t)
}

// openTable opens a table that was closed.
func (c *Class) openTable(gc *gin.Context, t *table) error {
	if err := t.setSeat(func(s *seat) { s.Closed = false }); err != nil {
		return err
	}
	return c.reopened(gc, t)
}

// reopened opens the restaurant, so that the teacher goes on to see what was done, and answers
// with the table.
func (c *Class) reopened(gc *gin.Context, t *table) error {
	_ = t.open(gc.Request.Context()) // a failure is the state of the table
	c.feed.publish(nil)
	joined := c.joined(t)
	httpjson.NoStore(gc)
	return httpjson.Respond(gc, http.StatusOK, struct {
		joinResponse
		State State `json:"state"`
	}{joined, t.state()})
}
