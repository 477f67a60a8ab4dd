package tokens

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"restaurant/models"
)

// Register enters the keys of a branch into the order book, which says which of
// them signs and how long the others count. Keys that the book doesn't know yet
// are taken in the order of their files; those that no longer count are deleted.
// The branch has no name where no other shares the book.
func (ks *Keys) Register(ctx context.Context, store *models.Store, branch Instance) error {
	ks.store, ks.branch = store, branch
	until, used, err := store.AccessWatermarks(ctx)
	if err != nil {
		return err
	}
	ks.clock = newClock(ks.databaseTime(used.Time()))
	for _, k := range slices.SortedFunc(maps.Values(ks.own), func(a, b *key) int { return a.made.Compare(b.made) }) {
		othersUntil := maxTime(until.Time(), ks.clock.now().Add(MaxLifetime))
		row, err := ks.row(k)
		if err == nil {
			err = store.AddSigningKey(ctx, row, millis(othersUntil))
		}
		if err != nil {
			return err
		}
	}
	if err := ks.publish(ctx); err != nil {
		return err
	}
	rows, err := store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	ks.setRemote(rows)
	if revived := ks.applySchedule(rows); revived != "" {
		if err := store.ReviveSigningKey(ctx, revived); err != nil {
			return err
		}
	}
	return ks.Sweep(ctx)
}

// maxClockLead is how far the order book may be ahead of the computer's clock and
// still be believed. Beyond that the clock was rather wrong before than now, and
// the house must not live in the future for ever.
const maxClockLead = 24 * time.Hour

// databaseTime is the moment that has certainly passed: what stands in the book has
// happened, unless it is too far ahead.
func (ks *Keys) databaseTime(used time.Time) time.Time {
	lead := time.Until(used)
	ks.bookAhead = max(0, lead)
	if lead > maxClockLead {
		return time.Time{}
	}
	return used
}

// DatabaseClockLead is how far the order book was ahead of the computer's clock when the
// house opened.
func (ks *Keys) DatabaseClockLead() time.Duration { return ks.bookAhead }

// applySchedule takes over what the book says about the keys of this house. If the one
// that should sign is lost, the newest that is left signs again: revived.
func (ks *Keys) applySchedule(rows []models.SigningKey) (revived string) {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	var signing *key
	for _, row := range rows {
		k := ks.own[row.KID]
		if k == nil {
			continue // another branch has it
		}
		k.made, k.until = row.CreatedAt.Time(), time.Time{}
		if row.VerifyUntil != nil {
			k.until = row.VerifyUntil.Time()
			continue
		}
		signing = k
	}
	if signing == nil {
		signing = slices.MaxFunc(slices.Collect(maps.Values(ks.own)), func(a, b *key) int { return a.made.Compare(b.made) })
		signing.until = time.Time{}
		revived = signing.id
	}
	ks.signing = signing
	return revived
}

// Rotate makes a new key, which signs from now on, and returns its kid. The one
// before it counts until the last token that it has signed expires; tokens live
// for life at the most.
func (ks *Keys) Rotate(ctx context.Context, life time.Duration) (kid string, err error) {
	ks.rotating.Lock()
	defer ks.rotating.Unlock()
	k, err := createKey(ks.dir)
	if err != nil {
		return "", err
	}
	until, err := ks.activate(ctx, k, life)
	if err != nil {
		return "", errors.Join(err, os.Remove(ks.file(k.id)))
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	ks.signing.until = until
	ks.own[k.id], ks.signing = k, k
	return k.id, nil
}

// activate writes into the book that k signs from now on, and says how long the
// key before it counts.
func (ks *Keys) activate(ctx context.Context, k *key, life time.Duration) (until time.Time, err error) {
	last, _, err := ks.store.AccessWatermarks(ctx)
	if err != nil {
		return until, err
	}
	row, err := ks.row(k)
	if err != nil {
		return until, err
	}
	until = maxTime(last.Time(), ks.clock.now().Add(life)).Add(time.Second)
	return until, ks.store.AddSigningKey(ctx, row, millis(until))
}

// Sweep deletes keys that no longer count, from the disk and from the book.
func (ks *Keys) Sweep(ctx context.Context) error {
	for _, id := range ks.expired() {
		if err := os.Remove(ks.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := ks.store.RemoveSigningKey(ctx, id); err != nil {
			return err
		}
		ks.mu.Lock()
		delete(ks.own, id)
		ks.mu.Unlock()
	}
	return nil
}

func (ks *Keys) expired() (ids []string) {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	for id, k := range ks.own {
		if !k.validAt(ks.clock.now()) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (ks *Keys) file(id string) string { return filepath.Join(ks.dir, id+".pem") }

// ClockBehind is how far the computer's clock has been set back behind what this
// house has seen. Tokens are judged by the later time.
func (ks *Keys) ClockBehind() time.Duration { return ks.clock.behind() }
