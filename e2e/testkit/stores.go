package testkit

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Stores opens databases for the tests of a package: in files, or in PostgreSQL if
// TEST_DATABASE_URL asks for that.
type Stores[S io.Closer] struct {
	// SQLite opens a file, Postgres the database at a URL.
	SQLite, Postgres func(ctx context.Context, location string) (S, error)
	// Fill fills a new database in PostgreSQL; nil leaves it empty.
	Fill func(S) error

	once     sync.Once
	template string
	err      error
}

// New returns where a new database is: a file in the folder, which Open creates, or
// a database that is dropped at the end of the test. It is the copy of one that is
// created once, which is faster than to create each from scratch.
func (s *Stores[S]) New(t testing.TB, dir string) (location string) {
	t.Helper()
	if !UsesPostgres() {
		return filepath.Join(dir, "restaurant.db")
	}
	s.once.Do(func() { s.template, s.err = newTemplate(s.prepare) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return create(t, " TEMPLATE "+s.template)
}

func (s *Stores[S]) prepare(url string) error {
	store, err := s.Postgres(context.Background(), url)
	if err != nil {
		return err
	}
	if s.Fill != nil {
		err = s.Fill(store)
	}
	if closing := store.Close(); err == nil {
		err = closing
	}
	return err
}

// Open opens the database at a location, and closes it at the end of the test.
// Inside a synctest bubble that end is still inside the bubble.
func (s *Stores[S]) Open(t testing.TB, location string) S {
	t.Helper()
	open := s.SQLite
	if strings.Contains(location, "://") {
		open = s.Postgres
	}
	store, err := open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// OpenNew opens a new database.
func (s *Stores[S]) OpenNew(t testing.TB) S {
	t.Helper()
	return s.Open(t, s.New(t, t.TempDir()))
}
