package class

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// undoTime is how long a reset can be undone.
	undoTime = 10 * time.Minute
	// purgeEvery is how often copies that are too old are looked for.
	purgeEvery = time.Minute
)

// tableCopy is a copy of what a table has kept, from before a reset. It is copy.json beside
// the databases.
type tableCopy struct {
	ID    string    `json:"id"`
	Table int       `json:"table"`
	At    time.Time `json:"at"`
	// What was reset afterwards.
	What string `json:"what"`
	// OfUndo is whether it was made before an undo, and not before a reset.
	OfUndo bool `json:"of_undo,omitzero"`
	// Seat is what the roster said of the table; its codes do not come back.
	Seat seat `json:"seat"`

	folder string
}

func (c *Class) undoFolder() string { return filepath.Join(c.Folder, "undo") }

// makeCopy copies what a table keeps, before what is to be done.
func (t *table) makeCopy(ctx context.Context, before tableCopy) (made tableCopy, err error) {
	restaurant, leave, err := t.enter(ctx)
	if err != nil {
		return made, err
	}
	defer leave()
	if err := restaurant.Lessons().Flush(ctx); err != nil {
		return made, err
	}
	id := t.text() + "-" + strings.ToLower(rand.Text())
	made = tableCopy{ID: id, Table: t.number, At: time.Now().UTC().Truncate(time.Millisecond), What: before.What, OfUndo: before.OfUndo, Seat: t.seat(), folder: filepath.Join(t.class.undoFolder(), id)}
	if err = t.class.Copy(ctx, t.folder(), made.folder); err == nil {
		err = made.describe()
	}
	if err != nil {
		_ = os.RemoveAll(made.folder) // half a copy
	}
	return made, err
}

// describe writes copy.json, which makes a folder a copy.
func (m tableCopy) describe() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.folder, "copy.json"), text, 0o600)
}

// allCopies returns the copies, newest first. What cannot be read is none.
func (c *Class) allCopies() (all []tableCopy) {
	folders, _ := os.ReadDir(c.undoFolder())
	for _, f := range folders {
		m := tableCopy{folder: filepath.Join(c.undoFolder(), f.Name())}
		text, err := os.ReadFile(filepath.Join(m.folder, "copy.json"))
		if err == nil && json.Unmarshal(text, &m) == nil && m.ID == f.Name() && m.Table >= 1 && m.Table <= len(c.tables) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b tableCopy) int { return b.At.Compare(a.At) })
	return all
}

func (c *Class) findCopy(id string) (tableCopy, bool) {
	all := c.allCopies()
	n := slices.IndexFunc(all, func(m tableCopy) bool { return m.ID == id })
	if n < 0 {
		return tableCopy{}, false
	}
	return all[n], true
}

// newestReset is the copy with which the newest reset of a table can be undone now, if there is one.
func (t *table) newestReset() (tableCopy, bool) {
	all := t.class.allCopies()
	n := slices.IndexFunc(all, func(m tableCopy) bool { return m.Table == t.number && !m.OfUndo })
	if n < 0 || time.Since(all[n].At) > undoTime {
		return tableCopy{}, false
	}
	return all[n], true
}

// purgeCopies deletes copies that are too old, until ctx ends.
func (c *Class) purgeCopies(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		c.purge(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// purge deletes what can no longer be undone. The newest copy of each learner stays, in case
// the table breaks; what somebody left behind who has gone does not.
func (c *Class) purge(now time.Time) {
	c.copies.Lock()
	defer c.copies.Unlock()
	kept := map[int]bool{}
	for _, m := range c.allCopies() {
		ofToday := m.Seat.TakenAt.Equal(c.roster.seat(m.Table).TakenAt)
		if now.Sub(m.At) > undoTime && (kept[m.Table] || !ofToday) {
			if err := os.RemoveAll(m.folder); err != nil {
				c.Log.Warn("an old copy of a table cannot be deleted", "folder", m.folder, "err", err)
			}
			continue
		}
		kept[m.Table] = kept[m.Table] || ofToday
	}
}
