// Package testkit is what tests share: one way to start the real program, one to
// start a cluster of it, a workload, and a database of its own in PostgreSQL for
// each test, if TEST_DATABASE_URL names a server that may be filled and emptied at
// will; deploy/with-postgres.sh starts one.
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

// UsesPostgres reports whether tests shall use PostgreSQL instead of SQLite.
func UsesPostgres() bool { return serverURL() != "" }

// NeedPostgres skips a test that is about PostgreSQL where there is none.
func NeedPostgres(t testing.TB) {
	t.Helper()
	if !UsesPostgres() {
		t.Skip("TEST_DATABASE_URL names no PostgreSQL: make test-postgres starts one")
	}
}

// serverURL is the address of a server where we may create databases. Give its
// host as an address: looking up a name does not work inside a synctest bubble.
func serverURL() string { return os.Getenv("TEST_DATABASE_URL") }

// newTemplate creates a database that others are copied from, and lets prepare fill
// it.
func newTemplate(prepare func(url string) error) (name string, err error) {
	name = newName()
	created.add(name)
	if err := administer("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	return name, prepare(addressOf(name))
}

// EmptyDatabase creates an empty database and returns its address. It is dropped
// at the end of the test.
func EmptyDatabase(t testing.TB) (url string) {
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

// Run runs the tests of a package and then removes the program that was built and
// drops the templates that were created for them. TestMain calls it.
func Run(m *testing.M) (code int) {
	code = m.Run()
	if built != "" {
		_ = os.RemoveAll(built) // it is in the folder for temporary files
	}
	for _, name := range created.names {
		if err := administer("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			panic(err)
		}
	}
	return code
}

// created are the templates of this process.
var created templates

type templates struct {
	mu    sync.Mutex
	names []string
}

func (m *templates) add(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = append(m.names, name)
}

// byCopying has PostgreSQL 15 and newer copy files, as older ones do: four times
// as fast as to write every page to the log.
var byCopying = sync.OnceValue(func() string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, serverURL())
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
	conn, err := pgx.Connect(ctx, serverURL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // what it was for is done
	_, err = conn.Exec(ctx, stmt)
	return err
}

func addressOf(name string) string {
	u, err := url.Parse(serverURL())
	if err != nil {
		panic("TEST_DATABASE_URL is no URL") // without repeating it: there is a password in it
	}
	u.Path = "/" + name
	return u.String()
}
