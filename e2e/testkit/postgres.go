// Package testkit gives each test an order book of its own in PostgreSQL. It
// is for tests only, and does nothing unless TEST_DATABASE_URL names a server
// that may be filled and emptied at will; deploy/with-postgres.sh starts one.
package testkit

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Wanted tells whether tests shall use PostgreSQL instead of SQLite.
func Wanted() bool { return server() != "" }

// server is the address of a server where we may create databases. Give its
// host as an address: looking up a name does not work inside a synctest bubble.
func server() string { return os.Getenv("TEST_DATABASE_URL") }

// Template is a database that is made once and copied for each test, which is
// faster than to make each anew.
type Template struct {
	// Prepare fills the new, empty database at url and leaves it.
	Prepare func(url string) error

	once sync.Once
	name string
	err  error
}

// Copy makes a database like the template and returns its address. It is dropped
// at the end of the test.
func (tp *Template) Copy(t testing.TB) (url string) {
	t.Helper()
	tp.once.Do(func() {
		tp.name = newName()
		made.add(tp.name)
		if tp.err = administer("CREATE DATABASE " + tp.name); tp.err == nil {
			tp.err = tp.Prepare(addressOf(tp.name))
		}
	})
	if tp.err != nil {
		t.Fatal(tp.err)
	}
	return create(t, " TEMPLATE "+tp.name)
}

// Empty makes an empty database and returns its address. It is dropped at the
// end of the test.
func Empty(t testing.TB) (url string) {
	t.Helper()
	return create(t, "")
}

func create(t testing.TB, how string) (url string) {
	t.Helper()
	name := newName()
	if err := administer("CREATE DATABASE " + name + how + byCopying()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return addressOf(name)
}

// Run runs the tests of a package and then drops the templates that they made.
// TestMain calls it.
func Run(m *testing.M) (code int) {
	code = m.Run()
	for _, name := range made.names {
		if err := administer("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			panic(err)
		}
	}
	return code
}

// made are the templates of this process.
var made templates

type templates struct {
	mu    sync.Mutex
	names []string
}

func (m *templates) add(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = append(m.names, name)
}

// byCopying makes PostgreSQL 15 and newer copy files, as older ones do: four times
// as fast as to write every page to the log.
var byCopying = sync.OnceValue(func() string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server())
	if err != nil {
		return "" // CREATE DATABASE will say the same
	}
	defer func() { _ = conn.Close(ctx) }() // what it was for is done
	if major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), "."); len(major) > 1 && major >= "15" {
		return " STRATEGY FILE_COPY"
	}
	return ""
})

func newName() string { return "restaurant_" + strings.ToLower(rand.Text()[:16]) }

// administer runs one statement over a connection of its own: one that is kept
// would belong to the synctest bubble that it was opened in.
func administer(stmt string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // what it was for is done
	_, err = conn.Exec(ctx, stmt)
	return err
}

func addressOf(name string) string {
	u, err := url.Parse(server())
	if err != nil {
		panic("TEST_DATABASE_URL is no URL") // without repeating it: there is a password in it
	}
	u.Path = "/" + name
	return u.String()
}
