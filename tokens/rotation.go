package tokens

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"restaurant/models"
)

// Register enters our keys into the database, which says which of them signs and how
// long the others verify, and deletes those that have expired. Keys that the database
// does not know yet are added in the order of their files.
func (ks *Keys) Register(ctx context.Context, store *models.Store, instance Instance) error {
	ks.store, ks.instance = store, instance
	until, used, err := store.AccessWatermarks(ctx)
	if err != nil {
		return err
	}
	ks.clock = newClock(ks.databaseTime(used.Time()))
	for _, k := range slices.SortedFunc(maps.Values(ks.own), byAge) {
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

// byAge sorts keys, the oldest first.
func byAge(a, b *key) int { return a.created.Compare(b.created) }

// maxClockLead is how far the database may be ahead of the computer's clock and still
// set the time of the server. A larger lead means that the clock was wrong when it was
// written: it is ignored.
const maxClockLead = 24 * time.Hour

// databaseTime is a moment that has certainly passed: when the database was last used,
// unless that is too far ahead.
func (ks *Keys) databaseTime(used time.Time) time.Time {
	lead := time.Until(used)
	ks.databaseLead = max(0, lead)
	if lead > maxClockLead {
		return time.Time{}
	}
	return used
}

// DatabaseClockLead is how far the database was ahead of the computer's clock at the
// start.
func (ks *Keys) DatabaseClockLead() time.Duration { return ks.databaseLead }

// ClockBehind is how far the computer's clock has been set back behind the time that
// has really passed. Tokens are checked against the later time.
func (ks *Keys) ClockBehind() time.Duration { return ks.clock.behind() }

// applySchedule takes over what the database says about our keys. If the one that
// should sign is lost, the newest that is left signs again: revived.
func (ks *Keys) applySchedule(rows []models.SigningKey) (revived string) {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	var signing *key
	for _, row := range rows {
		k := ks.own[row.KID]
		if k == nil {
			continue // a key of another instance
		}
		k.created, k.until = row.CreatedAt.Time(), time.Time{}
		if row.VerifyUntil != nil {
			k.until = row.VerifyUntil.Time()
			continue
		}
		signing = k
	}
	if signing == nil {
		signing = slices.MaxFunc(slices.Collect(maps.Values(ks.own)), byAge)
		signing.until = time.Time{}
		revived = signing.id
	}
	ks.signing = signing
	return revived
}

// maxKeys is how many keys of one server verify tokens at a time: every client that
// checks tokens fetches them all, and each costs the time to create it.
const maxKeys = 5

// A TooManyKeysError says that no key can be created before an older one expires.
type TooManyKeysError struct {
	// Wait is how long that takes.
	Wait time.Duration
}

func (e TooManyKeysError) Error() string {
	return fmt.Sprintf("tokens: %d keys are valid already; the first of them expires in %v", maxKeys, e.Wait.Round(time.Second))
}

// Rotate creates a key, which signs from now on, and returns its kid. The key before it
// verifies until the last token that it has signed expires; life is the longest life of
// new tokens. The error is a TooManyKeysError while the most are valid.
func (ks *Keys) Rotate(ctx context.Context, life time.Duration) (kid string, err error) {
	ks.rotating.Lock()
	defer ks.rotating.Unlock()
	if wait := ks.untilRoom(); wait > 0 {
		return "", TooManyKeysError{wait}
	}
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

// untilRoom is how long it takes until there are fewer than maxKeys valid keys of our own.
func (ks *Keys) untilRoom() time.Duration {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	valid := ks.newestFirst(ks.own)
	if len(valid) < maxKeys {
		return 0
	}
	retired := valid[1:] // behind the one that signs
	first := slices.MinFunc(retired, func(a, b *key) int { return a.until.Compare(b.until) })
	return first.until.Sub(ks.clock.now())
}

// activate enters k into the database as the key that signs, and returns how long the
// key before it verifies.
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

// Sweep deletes expired keys, from the disk and from the database.
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
