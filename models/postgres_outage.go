package models

import (
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// outage is the state of a server that accepts connections but does not answer,
// as when it is frozen or a cable is cut. Statements then fail at once instead of
// waiting. The connection that listens for notifications detects begin and end,
// because only it asks all the time. A server that refuses connections is no
// outage: statements fail at once anyway.
type outage struct {
	mu       sync.Mutex
	on       bool
	watchers map[*func()]struct{} // to call when the next outage begins
}

var errUnreachable = fmt.Errorf("%w: the server does not answer", ErrDatabaseUnavailable)

// errMoved means that another server has become the primary.
var errMoved = fmt.Errorf("%w: another server has become the primary", ErrDatabaseUnavailable)

func newOutage() *outage { return &outage{watchers: map[*func()]struct{}{}} }

func (o *outage) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.on = true
	for fn := range o.watchers {
		(*fn)()
	}
	clear(o.watchers)
}

func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.on = false
}

// onBegin makes fn run when an outage begins, at once during one, unless forget is
// called before. fn must not block.
func (o *outage) onBegin(fn func()) (forget func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.on {
		fn()
		return func() {}
	}
	o.watchers[&fn] = struct{}{}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.watchers, &fn)
	}
}

// outageOf returns the outage that all connections of cfg share.
func outageOf(cfg *pgx.ConnConfig) *outage { return cfg.Tracer.(timeouts).outage }

// fenceOf returns the fence that all connections of cfg share.
func fenceOf(cfg *pgx.ConnConfig) *fence { return cfg.Tracer.(timeouts).fence }
