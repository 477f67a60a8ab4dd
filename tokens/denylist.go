package tokens

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"restaurant/models"
)

// Denylist holds the login sessions that were ended before their last access token
// expired. It is in memory, so that revocation costs a request no query; the database
// keeps it over a restart.
//
// It keeps a hash of each sid, with a random seed: a text would take twice the
// memory. That two sids share a hash is as likely as guessing 64 bits, and would only
// make a user log in again.
type Denylist struct {
	mu       sync.RWMutex
	seed     maphash.Seed
	ended    map[uint64]ending
	watchers map[string]map[chan struct{}]struct{}
	changes  atomic.Int64
}

// ending takes eight bytes, because there may be a million.
type ending struct {
	until uint32 // Unix seconds at which the last access token expires, good until 2106
	why   uint8  // counts from 1 in models.EndReasons; 0 is none of them
}

// NewDenylist makes an empty list.
func NewDenylist() *Denylist {
	return &Denylist{seed: maphash.MakeSeed(), ended: map[uint64]ending{}, watchers: map[string]map[chan struct{}]struct{}{}}
}

// Add denies a login session until its last access token expires, and closes the
// channels of Watch.
func (d *Denylist) Add(sid string, until time.Time, why models.EndReason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	hash := maphash.String(d.seed, sid)
	e := ending{uint32(until.Unix()), uint8(slices.Index(models.EndReasons, why) + 1)} //nolint:gosec // see ending
	if e.until > d.ended[hash].until {
		d.ended[hash] = e
	}
	d.changes.Add(1)
	for ch := range d.watchers[sid] {
		close(ch)
	}
	delete(d.watchers, sid)
}

// Changes counts the calls of Add. Who remembers what is ended sees by it whether that is
// still all.
func (d *Denylist) Changes() int64 { return d.changes.Load() }

// Has reports whether the login session has been ended.
func (d *Denylist) Has(sid string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.has(sid)
}

// Why returns why the login session was ended, or an empty text if that is not known.
func (d *Denylist) Why(sid string) models.EndReason {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if e := d.ended[maphash.String(d.seed, sid)]; e.why > 0 {
		return models.EndReasons[e.why-1]
	}
	return ""
}

func (d *Denylist) has(sid string) bool {
	_, ended := d.ended[maphash.String(d.seed, sid)]
	return ended
}

// Watch returns a channel that is closed when the login session ends. Call cancel
// when done.
func (d *Denylist) Watch(sid string) (ended <-chan struct{}, cancel func()) {
	ch := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.has(sid) {
		close(ch)
		return ch, func() {}
	}
	if d.watchers[sid] == nil {
		d.watchers[sid] = map[chan struct{}]struct{}{}
	}
	d.watchers[sid][ch] = struct{}{}
	return ch, func() { d.unwatch(sid, ch) }
}

func (d *Denylist) unwatch(sid string, ch chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.watchers[sid], ch)
	if len(d.watchers[sid]) == 0 {
		delete(d.watchers, sid)
	}
}

// Sweep forgets sessions all of whose access tokens have expired.
func (d *Denylist) Sweep(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.ended, func(_ uint64, e ending) bool { return int64(e.until) < now.Unix() })
	if len(d.ended) == 0 {
		d.ended = map[uint64]ending{} // a map never shrinks
	}
}
