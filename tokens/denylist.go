package tokens

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// Denylist is the list of cut wristbands: login sessions that were ended before
// their last access token expired. It is looked at in memory at every door, so
// revocation costs a request no query; the order book keeps it over a restart.
//
// It holds little more than 8 bytes for each session: a hash of the sid with a
// seed that nobody knows, in a drawer for the minute in which it may be
// forgotten. As tokens live for half an hour at the most, there are few drawers,
// and clearing away is dropping one. That two sids meet in one hash is as likely
// as guessing 64 bits, and would only send somebody back to the login.
type Denylist struct {
	mu       sync.RWMutex
	seed     maphash.Seed
	drawers  []bucket
	watchers map[string]map[chan struct{}]struct{}
}

// bucket holds the sessions that may be forgotten at the end of one minute.
type bucket struct {
	until int64 // Unix seconds
	ended map[sidHash]struct{}
}

// sidHash is 8 bytes without alignment: as a uint64 each entry of the map would
// take twice as much.
type sidHash [8]byte

func (d *Denylist) hash(sid string) (h sidHash) {
	binary.LittleEndian.PutUint64(h[:], maphash.String(d.seed, sid))
	return h
}

// drawerSpan is the width of a drawer in seconds.
const drawerSpan = 60

// NewDenylist makes an empty list.
func NewDenylist() *Denylist {
	return &Denylist{seed: maphash.MakeSeed(), watchers: map[string]map[chan struct{}]struct{}{}}
}

// Add puts a login session on the list until its last access token expires, and
// tells whoever watches it.
func (d *Denylist) Add(sid string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bucketOf(until).ended[d.hash(sid)] = struct{}{}
	for ch := range d.watchers[sid] {
		close(ch)
	}
	delete(d.watchers, sid)
}

// Has tells whether the login session has been ended.
func (d *Denylist) Has(sid string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.holds(sid)
}

// holds looks through the drawers; the caller holds the lock.
func (d *Denylist) holds(sid string) bool {
	hash := d.hash(sid)
	for _, drawer := range d.drawers {
		if _, ended := drawer.ended[hash]; ended {
			return true
		}
	}
	return false
}

// bucketOf finds or makes the drawer of a moment; the caller holds the lock.
func (d *Denylist) bucketOf(until time.Time) bucket {
	end := (until.Unix()/drawerSpan + 1) * drawerSpan
	for _, drawer := range d.drawers {
		if drawer.until == end {
			return drawer
		}
	}
	made := bucket{end, map[sidHash]struct{}{}}
	d.drawers = append(d.drawers, made)
	return made
}

// Watch gives a channel that is closed when the login session ends. Call cancel
// when done.
func (d *Denylist) Watch(sid string) (ended <-chan struct{}, cancel func()) {
	ch := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holds(sid) {
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

// Sweep takes off what no living token can belong to any more.
func (d *Denylist) Sweep(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drawers = slices.DeleteFunc(d.drawers, func(dr bucket) bool { return dr.until <= now.Unix() })
}

// Len is the number of sessions on the list.
func (d *Denylist) Len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n := 0
	for _, drawer := range d.drawers {
		n += len(drawer.ended)
	}
	return n
}
