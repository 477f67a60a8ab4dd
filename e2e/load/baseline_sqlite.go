package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	_ "github.com/glebarez/go-sqlite" // the driver "sqlite", that of the program
)

// maxBatch is how many rows one transaction of the baseline takes. So many waiting
// guests then share one flush to the disk.
const maxBatch = 64

// rowStore is a database of the baseline: one table, and one goroutine that writes
// everything that waits in one transaction. A row is on the disk before insert
// returns, as an order of the program is before its 201.
type rowStore struct {
	db      *sql.DB
	row     string // the statement that inserts one
	waiting chan insertion
}

// The least that a row can be.
const (
	rowSchema = "CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"
	insertRow = "INSERT INTO rows (text) VALUES (?)"
)

// insertOrder inserts a row of some guest, as the program does for an order without a key.
var insertOrder = fmt.Sprintf("INSERT INTO orders (user_id, status, lines, total_cents, placed_at, updated_at) VALUES (1 + abs(random() %% %d), 'placed', ?, 1, 1, 1)", guests)

// openOrderStore opens a database with the program's own table of orders and its indexes.
func openOrderStore(ctx context.Context, dir string) (*rowStore, error) {
	schema, err := os.ReadFile(filepath.Join(dir, schemaFile))
	if err != nil {
		return nil, err
	}
	return openRowStore(ctx, filepath.Join(dir, "orders.db"), string(schema), insertOrder)
}

// schemaOf returns the statements that create a table and its indexes in a database.
func schemaOf(ctx context.Context, file, table string) ([]byte, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	var schema []byte
	err = db.QueryRowContext(ctx, "SELECT group_concat(sql, ';' ORDER BY rowid) FROM sqlite_schema WHERE tbl_name = ?", table).Scan(&schema)
	return schema, err
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

func openRowStore(ctx context.Context, file, schema, row string) (*rowStore, error) {
	db, err := openDatabase(file)
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil { //nolint:gosec // the program's own schema
		return nil, err
	}
	b := &rowStore{db: db, row: row, waiting: make(chan insertion, maxBatch)}
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
		if _, err := tx.ExecContext(ctx, b.row, string(r.text)); err != nil {
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
