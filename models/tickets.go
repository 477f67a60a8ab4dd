package models

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"

	"gorm.io/gorm"
)

// Tickets are the login sessions of the lab, as a server without tokens keeps them: a row
// for each, in a temporary database of their own. The statements of a request are counted
// as all others are.
type Tickets struct {
	db  *gorm.DB
	dir string
}

// maxTickets bounds how many are kept; the oldest go first.
const maxTickets = 1000

// ticketConnections is how many connections the database has, for all requests together.
const ticketConnections = 2

// OpenTickets creates the temporary database in a folder of its own, in place of one that a
// killed program has left there. Close removes the folder.
func OpenTickets(ctx context.Context, dir string) (*Tickets, error) {
	err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700))
	if err != nil {
		return nil, err
	}
	t := &Tickets{dir: dir}
	if t.db, err = openPool(filepath.Join(dir, "tickets.db"), ticketConnections, "_txlock=immediate"); err == nil {
		err = t.db.WithContext(ctx).Exec(`CREATE TABLE tickets (hash TEXT NOT NULL PRIMARY KEY, guest TEXT NOT NULL, until INTEGER NOT NULL) STRICT`).Error
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Close closes the database and removes it.
func (t *Tickets) Close() error {
	var pool *sql.DB
	var err error
	if t.db != nil {
		if pool, err = t.db.DB(); err == nil {
			err = pool.Close()
		}
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}

// Add keeps a ticket, of which only the hash is known, and what it stands for.
func (t *Tickets) Add(ctx context.Context, hash, guest string, until time.Time) error {
	return t.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := tx.Exec(`DELETE FROM tickets WHERE hash NOT IN (SELECT hash FROM tickets WHERE until > ? ORDER BY until DESC LIMIT ?)`, Now(), maxTickets-1).Error
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO tickets (hash, guest, until) VALUES (?, ?, ?)`, hash, guest, Millis(until.UnixMilli())).Error
	})
}

// Guest returns what a ticket stands for; ok is false if there is no such ticket any more.
func (t *Tickets) Guest(ctx context.Context, hash string) (guest string, ok bool, err error) {
	res := t.db.WithContext(ctx).Raw(`SELECT guest FROM tickets WHERE hash = ? AND until > ?`, hash, Now()).Scan(&guest)
	return guest, res.RowsAffected > 0, res.Error
}

// Remove ends a ticket, and reports whether there was one.
func (t *Tickets) Remove(ctx context.Context, hash string) (ok bool, err error) {
	res := t.db.WithContext(ctx).Exec(`DELETE FROM tickets WHERE hash = ?`, hash)
	return res.RowsAffected > 0, res.Error
}
