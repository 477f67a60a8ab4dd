package models

import (
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// outage is the time in which the server is out of reach and says nothing, as
// when it is frozen or a cable is cut. Whoever would wait for it is told so at
// once. The connection that hears news notices both ends of it: it alone asks all
// the time. A server that refuses connections is no outage: that is told at once
// anyway, and so is when it is back.
type outage struct {
	mu      sync.Mutex
	on      bool
	waiting map[*func()]struct{} // to be called when the next one begins
}

var errOutage = fmt.Errorf("%w: the server does not answer", ErrDatabaseUnavailable)

func newOutage() *outage { return &outage{waiting: map[*func()]struct{}{}} }

// declare tells all who wait, until the end.
func (o *outage) declare() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.on = true
	for fn := range o.waiting {
		(*fn)()
	}
	clear(o.waiting)
}

// end lets statements through again.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.on = false
}

// onBegin calls fn when an outage begins, or at once during one, unless forget is
// called before. It must not wait for anything.
func (o *outage) onBegin(fn func()) (forget func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.on {
		fn()
		return func() {}
	}
	o.waiting[&fn] = struct{}{}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.waiting, &fn)
	}
}

// outageOf is the one that all connections of a configuration know of.
func outageOf(cfg *pgx.ConnConfig) *outage { return cfg.Tracer.(deadlines).outage }
