package tokens

import (
	"hash/maphash"
	"sync"
	"time"
)

// Denylist is the list of cut wristbands: login sessions that were ended before
// their last access token expired. It is looked at in memory at every door, so
// revocation costs a request no query; the order book keeps it over a restart.
//
// It holds 16 bytes for each session: a hash of the sid with a seed that nobody
// knows, and the time until which it counts. That two sids meet in one hash is
// as likely as guessing 64 bits, and would only send somebody back to the login.
type Denylist struct {
	mu       sync.RWMutex
	seed     maphash.Seed
	until    map[uint64]int64 // Unix seconds
	watchers map[string]map[chan struct{}]struct{}
}

// NewDenylist makes an empty list.
func NewDenylist() *Denylist {
	return &Denylist{
		seed: maphash.MakeSeed(), until: map[uint64]int64{}, watchers: map[string]map[chan struct{}]struct{}{},
	}
}

// Add puts a login session on the list until its last access token expires, and
// tells whoever watches it.
func (d *Denylist) Add(sid string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[maphash.String(d.seed, sid)] = until.Unix() + 1
	for ch := range d.watchers[sid] {
		close(ch)
	}
	delete(d.watchers, sid)
}

// Has tells whether the login session has been ended.
func (d *Denylist) Has(sid string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ended := d.until[maphash.String(d.seed, sid)]
	return ended
}

// Watch gives a channel that is closed when the login session ends. Call cancel
// when done.
func (d *Denylist) Watch(sid string) (ended <-chan struct{}, cancel func()) {
	ch := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, already := d.until[maphash.String(d.seed, sid)]; already {
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
	for sid, until := range d.until {
		if until <= now.Unix() {
			delete(d.until, sid)
		}
	}
}

// Len is the number of sessions on the list.
func (d *Denylist) Len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.until)
}
