package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sync/singleflight"
	"gorm.io/gorm"
)

// fence keeps an instance away from a stale primary. It holds which primary is the newest
// that was seen, asks all addresses before a connection is made, and refuses each server
// that is older. All connections of a store share it.
type fence struct {
	cfg       *pgconn.Config // to ask with
	moved     *outage        // begins, and ends at once, when another server becomes the primary
	addresses []address

	mu     sync.Mutex
	known  Primary
	memory PrimaryMemory
	log    *slog.Logger
	stale  map[string]int64 // the timelines of stale primaries that were logged, by address
	best   address          // what the newest survey has found
	until  time.Time        // when best or failed is too old
	failed error
	retry  time.Duration

	surveys singleflight.Group
}

func newFence(cfg *pgconn.Config) *fence {
	f := &fence{moved: newOutage(), log: slog.New(slog.DiscardHandler), stale: map[string]int64{}, addresses: addressesOf(cfg)}
	validate := cfg.ValidateConnect
	asking := cfg.Copy()
	asking.ValidateConnect = nil // a survey wants to hear from standbys, too
	asking.ConnectTimeout = min(asking.ConnectTimeout, surveyTimeout)
	f.cfg = asking
	cfg.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		state, err := f.ask(ctx, conn)
		if err == nil {
			err = f.admit(state, conn.Conn().RemoteAddr().String())
		}
		if err == nil && validate != nil {
			if refused := validate(ctx, conn); refused != nil {
				err = &unsuitableError{kind: ErrDatabaseUnavailable, text: "the server answers, but not as target_session_attrs asks for (" + refused.Error() + "); " +
					"this program needs a primary, which takes writes"}
			}
		}
		conn.CustomData()[stateKey] = state.Primary
		return err
	}
	return f
}

// remind tells the fence what is known from an earlier run.
func (f *fence) remind(m PrimaryMemory) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.memory, f.known = m, m.Known
	if m.Log != nil {
		f.log = m.Log
	}
}

// stateKey finds in a connection's custom data which primary it leads to.
const stateKey = "primary"

// serverState is what a server says of itself.
type serverState struct {
	Primary
	standby  bool
	started  string // when; tells two servers from one server with two names
	succeeds bool   // its database lists the known cluster as an earlier one of its own
}

// The timeline is that of the log that is written now. pg_control_checkpoint() has the one
// of the last checkpoint, which is the old one for minutes after a promotion.
const askQuery = `SELECT pg_is_in_recovery(), system_identifier, pg_postmaster_start_time(),
	CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END FROM pg_control_system()`

func (f *fence) ask(ctx context.Context, conn *pgconn.PgConn) (s serverState, err error) {
	row, err := queryRow(ctx, conn, askQuery)
	if sqlState(err) == "42501" {
		return s, &unsuitableError{kind: ErrDatabaseUnavailable, causes: []error{err}, text: fmt.Sprintf("the user %q may not ask the server which primary it is: "+
			"GRANT EXECUTE ON FUNCTION pg_control_system(), pg_current_wal_lsn(), pg_walfile_name(pg_lsn) TO that user", f.cfg.User)}
	}
	if err != nil {
		return s, err
	}
	s = serverState{standby: row[0] == "t", started: row[2], Primary: Primary{System: row[1], Since: Now()}}
	if s.Timeline, err = strconv.ParseInt(row[3], 16, 64); err != nil {
		return s, fmt.Errorf("the server names its timeline %q: %w", row[3], err)
	}
	if known := f.newest(); known.System != "" && known.System != s.System && !s.standby {
		both, err := queryRow(ctx, conn, fmt.Sprintf("SELECT count(DISTINCT system) FROM database_primaries WHERE system IN ('%s', '%s')",
			strings.ReplaceAll(known.System, "'", ""), s.System))
		s.succeeds = err == nil && both[0] == "2"
	}
	return s, nil
}

// queryRow runs a query without arguments that has one row, before GORM has the connection.
func queryRow(ctx context.Context, conn *pgconn.PgConn, query string) (row []string, err error) {
	results, err := conn.Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, column := range results[0].Rows[0] {
		row = append(row, string(column))
	}
	return row, nil
}

// unsuitableError says that a server answers, but is not to be used.
type unsuitableError struct {
	text   string
	kind   error // ErrStalePrimary, ErrOnlyStandby or ErrDatabaseUnavailable
	causes []error
}

func (e *unsuitableError) Error() string { return e.text }

// Unwrap returns the kind, and what was said by servers.
func (e *unsuitableError) Unwrap() []error { return append([]error{e.kind}, e.causes...) }

// Is makes each of them ErrDatabaseUnavailable.
func (e *unsuitableError) Is(target error) bool { return target == ErrDatabaseUnavailable }

var errOnlyStandby = &unsuitableError{text: "it is a standby, which takes no writes: promote it if the primary stays away", kind: ErrOnlyStandby}

// judge returns why a server may not be used, or nil.
func (s serverState) judge(known Primary) error {
	switch {
	case s.standby:
		return errOnlyStandby
	case known.System == "" || s.succeeds:
		return nil
	case s.System != known.System:
		return &unsuitableError{kind: ErrStalePrimary, text: "it belongs to another cluster of servers than the one that this instance has used. " + accept}
	case s.Timeline < known.Timeline:
		return &unsuitableError{kind: ErrStalePrimary, text: fmt.Sprintf("it is an old primary (timeline %d, the newest is timeline %d), and what is written there is lost. "+
			"Start the new one. "+accept, s.Timeline, known.Timeline)}
	}
	return nil
}

// accept says how an operator can decide otherwise.
const accept = "To use this one all the same, delete keys/primary.json in the data folder of each instance"

// newest is the newest primary that was seen.
func (f *fence) newest() Primary {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known
}

// admit judges a server, and remembers it if it is newer than all that were seen.
func (f *fence) admit(s serverState, at string) error {
	f.mu.Lock()
	before, err := f.known, s.judge(f.known)
	isNew := err == nil && (s.System != before.System || s.Timeline != before.Timeline)
	if isNew {
		f.known = s.Primary
		f.remember(before, at)
	}
	f.mu.Unlock()
	if isNew {
		f.moved.begin() // statements that wait for the old one end
		f.moved.end()
	}
	return err
}

// remember logs and keeps which primary is the newest.
func (f *fence) remember(before Primary, at string) {
	if before.System != "" {
		f.log.Warn("another database server has become the primary; from now on this instance writes there, and refuses the old one", "at", at, "timeline", f.known.Timeline, "before", before.Timeline)
	}
	if f.memory.Remember != nil {
		if err := f.memory.Remember(f.known); err != nil { // better than to stay without a database
			f.log.Error("cannot save which primary is the newest; after a restart, this instance would not recognize an old one", "err", err)
		}
	}
}

// current reports whether a connection leads to the newest primary.
func (f *fence) current(conn *pgconn.PgConn) bool {
	at, _ := conn.CustomData()[stateKey].(Primary)
	known := f.newest()
	return at.System == known.System && at.Timeline == known.Timeline
}

// choose lets a connection lead to the newest primary of all addresses. With one address
// there is nothing to choose.
func (f *fence) choose(ctx context.Context, cfg *pgx.ConnConfig) error {
	if len(f.addresses) == 1 {
		return nil
	}
	best, err := f.find(ctx)
	if err == nil {
		best.use(&cfg.Config)
	}
	return err
}

// reuse lets a connection go that leads to an older primary.
func (f *fence) reuse(_ context.Context, conn *pgx.Conn) error {
	if !f.current(conn.PgConn()) {
		return driver.ErrBadConn
	}
	return nil
}

// shouldPing looks only at connections that are still of use whether they work.
func (f *fence) shouldPing(_ context.Context, p stdlib.ShouldPingParams) bool {
	return p.IdleDuration > time.Second && f.current(p.Conn.PgConn())
}

// roleOf says what the database is if it cannot be used because of err.
func roleOf(err error) DatabaseRole {
	switch {
	case errors.Is(err, ErrStalePrimary):
		return DatabaseStale
	case errors.Is(err, ErrOnlyStandby):
		return DatabaseStandby
	}
	return DatabaseAway
}

// sharePrimary tells the other instances, also later ones, of a primary. They need it
// where one cluster follows another: see serverState.succeeds.
func (w *postgresWriter) sharePrimary(ctx context.Context, p Primary) error {
	known, err := sharedSince(w.db.WithContext(ctx), p)
	if err != nil || known != 0 {
		return err
	}
	return w.db.WithContext(ctx).Exec("INSERT INTO database_primaries (system, timeline, seen_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", p.System, p.Timeline, p.Since).Error
}

// readSince takes over when the first of all instances has seen the primary.
func (f *fence) readSince(db *gorm.DB) {
	seen, err := sharedSince(db, f.newest())
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && seen != 0 {
		f.known.Since = seen
	}
}

// sharedSince returns when the first of all instances has seen a primary, or 0.
func sharedSince(db *gorm.DB, p Primary) (seen Millis, err error) {
	return seen, db.Raw("SELECT coalesce(max(seen_at), 0) FROM database_primaries WHERE system = ? AND timeline = ?", p.System, p.Timeline).Scan(&seen).Error
}
