package main

import (
	"context"
	"database/sql"
	"net/http"

	_ "github.com/glebarez/go-sqlite" // the driver "sqlite", that of the program
)

// maxBatch is how many rows one transaction of the baseline takes. So many waiting
// guests then share one flush to the disk.
const maxBatch = 64

// rowStore is the database of the baseline: one table, and one goroutine that writes
// everything that waits in one transaction. A row is on the disk before insert
// returns, as an order of the program is before its 201.
type rowStore struct {
	db      *sql.DB
	waiting chan insertion
}

type insertion struct {
	text []byte
	end  chan error
}

func openDatabase(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func openRowStore(ctx context.Context, file string) (*rowStore, error) {
	db, err := openDatabase(file)
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"); err != nil {
		return nil, err
	}
	b := &rowStore{db: db, waiting: make(chan insertion, maxBatch)}
	go b.write(ctx)
	return b, nil
}

// insert writes a row and returns when it is durable.
func (b *rowStore) insert(text []byte) error {
	r := insertion{text, make(chan error, 1)}
	b.waiting <- r
	return <-r.end
}

// write goes on until the process ends.
func (b *rowStore) write(ctx context.Context) {
	for first := range b.waiting {
		rows := b.gather(first)
		err := b.commit(ctx, rows)
		for _, r := range rows {
			r.end <- err
		}
	}
}

// gather takes what waits now and never waits for more: then a single guest is
// not slower than without grouping.
func (b *rowStore) gather(first insertion) []insertion {
	rows := []insertion{first}
	for len(rows) < maxBatch {
		select {
		case r := <-b.waiting:
			rows = append(rows, r)
		default:
			return rows
		}
	}
	return rows
}

func (b *rowStore) commit(ctx context.Context, rows []insertion) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, "INSERT INTO rows (text) VALUES (?)", string(r.text)); err != nil {
			_ = tx.Rollback() // the first error says why
			return err
		}
	}
	return tx.Commit()
}

// insertFirst answers when a row is written.
func (b *rowStore) insertFirst(text []byte, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := b.insert(text); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}
