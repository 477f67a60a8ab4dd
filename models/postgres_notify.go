package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// How soon a branch notices that it no longer hears the others. PostgreSQL sends
// nothing while there is no news, so silence is followed by a question.
const (
	silence      = 300 * time.Millisecond // until we ask whether the server is still there
	answerToPing = 500 * time.Millisecond
	firstRetry   = 50 * time.Millisecond // doubled up to the last
	lastRetry    = time.Second
	closeWithin  = 100 * time.Millisecond
)

// A notice of PostgreSQL holds less than 8,000 bytes (postgresql.org/docs,
// NOTIFY), so long lists are told in parts.
const (
	endedInNotice  = 60
	ordersInNotice = 300
)

// channel is what a branch listens to: there is one for each order book of a
// database.
const channel = "left('restaurant_' || current_schema(), 63)"

// notify is kept or lost with the transaction (pg_notify), so nobody hears of
// what has not happened. Whoever wants to be told has to ask for it with LISTEN.
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

// parts cuts a notice into some that are short enough.
func (n notification) parts() (parts []notification) {
	if n.Keys || n.Menu {
		parts = append(parts, notification{Keys: n.Keys, Menu: n.Menu})
	}
	for ended := range slices.Chunk(n.Ended, endedInNotice) {
		parts = append(parts, notification{Ended: ended})
	}
	for orders := range slices.Chunk(n.Orders, ordersInNotice) {
		parts = append(parts, notification{Orders: orders})
	}
	return parts
}

// listen holds one connection of its own, and takes another one when it is lost.
// It asks for what was missed after it has begun to listen, so that nothing falls
// in between.
func (w *postgresWriter) listen(ctx context.Context, hear func(notification), missed func(), lost func(error)) {
	l := listener{w.listening, w.outage, w.self, w.opened, hear, missed}
	for retry := firstRetry; ctx.Err() == nil; retry = min(2*retry, lastRetry) {
		before := l.heard
		if err := l.listen(ctx); ctx.Err() == nil {
			lost(err)
		}
		if l.heard != before {
			retry = firstRetry
		}
		pause(ctx, retry)
	}
}

type listener struct {
	cfg    *pgx.ConnConfig
	outage *outage
	self   string
	heard  Millis // when all that had happened was known
	hear   func(notification)
	missed func()
}

// listen returns when the connection is lost.
func (l *listener) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, l.cfg)
	if err != nil {
		if pgconn.Timeout(err) && ctx.Err() == nil {
			l.outage.declare()
		}
		return err
	}
	l.outage.end()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		_ = conn.Close(ctx) // what it was for is done
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
	for l.heard = now; ; l.heard = now {
		if now, err = l.next(ctx, conn); err != nil {
			return err
		}
	}
}

const (
	missedQuery = "SELECT id, user_id, access_until FROM login_sessions WHERE ended_at >= $1 AND access_until > $2"
	// catchUpWithin is for a storm of logouts and a slow disk; it mostly takes a
	// millisecond.
	catchUpWithin = time.Minute
	// clocksDiffer is how far the clocks of two branches may differ.
	clocksDiffer = time.Minute
)

// catchUp asks which sessions have ended since the branch heard the others last.
// It does so over this connection, which is known to work: those of the pools may
// have fallen silent with the one before it.
func (l *listener) catchUp(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpWithin)
	defer cancel()
	rows, err := conn.Query(ctx, missedQuery, l.heard.Add(-clocksDiffer), Now())
	if err != nil {
		return err
	}
	var one RevokedSession
	some := make([]RevokedSession, 0, endedInNotice) // there may be very many
	_, err = pgx.ForEachRow(rows, []any{&one.ID, &one.UserID, &one.AccessUntil}, func() error {
		if some = append(some, one); len(some) == cap(some) {
			l.hear(notification{Ended: some})
			some = some[:0]
		}
		return nil
	})
	if err == nil {
		l.hear(notification{Ended: some})
		l.missed()
	}
	return err
}

// next waits for a notice, or makes sure that there is none. It returns the
// moment before which nothing was missed.
func (l *listener) next(ctx context.Context, conn *pgx.Conn) (Millis, error) {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	now := Now()
	news, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return now, l.read(news)
	case !pgconn.Timeout(err) || ctx.Err() != nil:
		return now, err
	}
	asking, cancel := context.WithTimeout(ctx, answerToPing)
	defer cancel()
	now = Now()
	return now, conn.Ping(asking)
}

func (l *listener) read(news *pgconn.Notification) error {
	var n notification
	if err := json.Unmarshal([]byte(news.Payload), &n); err != nil {
		return fmt.Errorf("a branch says what this release does not understand: %w", err)
	}
	if n.From != l.self {
		l.hear(n)
	}
	return nil
}
