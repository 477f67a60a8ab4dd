package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// How soon a broken connection is detected. PostgreSQL sends nothing while there
// are no notifications, so after a silence we ping.
const (
	silenceBeforePing = 300 * time.Millisecond
	pingTimeout       = 500 * time.Millisecond
	firstRetry        = 50 * time.Millisecond // doubles up to lastRetry
	lastRetry         = time.Second
	closeTimeout      = 100 * time.Millisecond
)

// PostgreSQL limits a notification to 8,000 bytes (postgresql.org/docs, NOTIFY),
// so long lists are sent in parts.
const (
	endedPerNotification  = 60
	ordersPerNotification = 300
)

// channel is the SQL of the channel's name, one for each schema.
const channel = "left('restaurant_' || current_schema(), 63)"

// notify uses pg_notify, which sends when the transaction commits.
func (w *postgresWriter) notify(tx *gorm.DB, n notification) error {
	for _, part := range n.parts() {
		part.From = w.self
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		if err := tx.Exec("SELECT pg_notify("+channel+", ?)", string(text)).Error; err != nil {
			return err
		}
	}
	return nil
}

// parts splits n into notifications that are short enough.
func (n notification) parts() (parts []notification) {
	if n.Keys || n.Menu || n.Board {
		parts = append(parts, notification{Keys: n.Keys, Menu: n.Menu, Board: n.Board})
	}
	for ended := range slices.Chunk(n.Ended, endedPerNotification) {
		parts = append(parts, notification{Ended: ended})
	}
	for orders := range slices.Chunk(n.Orders, ordersPerNotification) {
		parts = append(parts, notification{Orders: orders})
	}
	return parts
}

// listen holds a connection of its own and reconnects when it breaks. It asks for
// what it missed after LISTEN, so that there is no gap between the two.
func (w *postgresWriter) listen(ctx context.Context, hear func(notification), missed func(), lost func(error)) {
	l := listener{w.listenConfig, w.outage, w.fence, w.lookForStuck, w.self, w.opened, hear, func(at string) { w.found(at); missed() }}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { w.watchPrimary(ctx) })
	watching.Go(func() { w.awaitConfirmations(ctx) })
	for retry := firstRetry; ctx.Err() == nil; retry = min(2*retry, lastRetry) {
		before := l.heard
		err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		w.lost(err)
		if l.heard != before {
			retry = firstRetry
			lost(err)
		}
		sleep(ctx, jitter(retry))
	}
}

type listener struct {
	cfg    *pgx.ConnConfig
	outage *outage
	fence  *fence
	ping   func(context.Context, *pgx.Conn) error
	self   string
	heard  Millis // nothing before this moment was missed
	hear   func(notification)
	missed func(at string)
}

// listen returns when the connection is lost.
func (l *listener) listen(ctx context.Context) error {
	conn, err := l.connect(ctx)
	if err != nil {
		if pgconn.Timeout(err) && ctx.Err() == nil {
			l.outage.begin()
		}
		return err
	}
	l.outage.end()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx) // broken already, or not needed any more
	}()
	var name string
	if err := conn.QueryRow(ctx, "SELECT "+channel).Scan(&name); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
		return err
	}
	now := Now()
	if err := l.catchUp(ctx, conn); err != nil {
		return err
	}
	for l.heard = now; l.fence.current(conn.PgConn()); l.heard = now {
		if now, err = l.next(ctx, conn); err != nil {
			return err
		}
	}
	return errMoved
}

// connect connects to the newest primary of all addresses.
func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg := l.cfg.Copy()
	if err := l.fence.choose(ctx, cfg); err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, cfg)
}

const (
	missedQuery = "SELECT id, user_id, access_until, coalesce(end_reason, '') FROM login_sessions WHERE ended_at >= $1 AND access_until > $2"
	// catchUpTimeout allows for very many logouts on a slow disk; a millisecond is
	// usual.
	catchUpTimeout = time.Minute
	// maxClockDifference is how far the clocks of two instances may differ.
	maxClockDifference = time.Minute
)

// catchUp reads which sessions have ended since l.heard. It uses this connection,
// which is known to work: those of the pools may have broken with the one before.
func (l *listener) catchUp(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	rows, err := conn.Query(ctx, missedQuery, l.heard.Add(-maxClockDifference), Now())
	if err != nil {
		return err
	}
	var one RevokedSession
	batch := make([]RevokedSession, 0, endedPerNotification) // there may be very many
	_, err = pgx.ForEachRow(rows, []any{&one.ID, &one.UserID, &one.AccessUntil, &one.EndReason}, func() error {
		if batch = append(batch, one); len(batch) == cap(batch) {
			l.hear(notification{Ended: batch})
			batch = batch[:0]
		}
		return nil
	})
	if err == nil {
		l.hear(notification{Ended: batch})
		l.missed(conn.PgConn().Conn().RemoteAddr().String())
	}
	return err
}

// next handles one notification or, after a silence, pings. It returns the moment
// before which nothing was missed.
func (l *listener) next(ctx context.Context, conn *pgx.Conn) (Millis, error) {
	waiting, cancel := context.WithTimeout(ctx, silenceBeforePing)
	defer cancel()
	now := Now()
	received, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return now, l.handle(received)
	case !pgconn.Timeout(err) || ctx.Err() != nil:
		return now, err
	}
	asking, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	now = Now()
	return now, l.ping(asking, conn)
}

func (l *listener) handle(received *pgconn.Notification) error {
	var n notification
	if err := json.Unmarshal([]byte(received.Payload), &n); err != nil {
		return fmt.Errorf("notification of another instance: %w", err)
	}
	if n.From == l.self { // which knows of these, also where the commit has failed to answer
		n.Ended, n.Board = nil, false
	}
	l.hear(n)
	return nil
}
