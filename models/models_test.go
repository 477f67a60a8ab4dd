package models

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"restaurant/e2e/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// openStore opens a new database: a file, or in PostgreSQL if TEST_DATABASE_URL is
// set. Tests of one engine use openFile or openPostgres.
func openStore(t testing.TB) *Store {
	t.Helper()
	return stores.OpenNew(t)
}

var stores = testkit.Stores[*Store]{SQLite: OpenSQLite, Postgres: OpenPostgres}

// openFile opens a new database file.
func openFile(t testing.TB) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "restaurant.db"))
}

// openAt opens a database file and closes it at the end of the test.
func openAt(t testing.TB, path string) *Store {
	t.Helper()
	return stores.Open(t, path)
}

// openPostgres opens a PostgreSQL database and closes it at the end of the test.
func openPostgres(t testing.TB, url string) *Store {
	t.Helper()
	return stores.Open(t, url)
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testUsers are the five demo users, without passwords, because hashing takes time.
var testUsers = map[string]User{
	"alice": {Username: "alice", Name: "Alice", Role: RoleGuest, BirthDate: new("1994-05-21")},
	"bob":   {Username: "bob", Name: "Bob", Role: RoleGuest},
	"vera":  {Username: "vera", Name: "Vera", Role: RoleGuest, VIP: true, BirthDate: new("1976-11-02")},
	"carla": {Username: "carla", Name: "Carla", Role: RoleChef, BirthDate: new("1989-01-30")},
	"marco": {Username: "marco", Name: "Marco", Role: RoleManager, BirthDate: new("1968-08-15")},
}

// newUser adds one of testUsers.
func newUser(t testing.TB, s *Store, name string) User {
	t.Helper()
	u := testUsers[name]
	u.PasswordHash = unusableHash
	noError(t, s.createUser(t.Context(), &u))
	return u
}

// newDish adds a Margherita, changed as the test needs it.
func newDish(t testing.TB, s *Store, change ...func(*MenuItem)) MenuItem {
	t.Helper()
	m := margherita()
	for _, c := range change {
		c(&m)
	}
	noError(t, s.CreateMenuItem(t.Context(), &m))
	return m
}

// storedDish reads a dish and checks that the menu in memory has the same.
func storedDish(t testing.TB, s *Store, id int64) (MenuItem, error) {
	t.Helper()
	var stored MenuItem
	err := mapNotFound(s.read(t.Context()).Take(&stored, id).Error)
	shown, known := s.Menu().Item(id)
	if known != (err == nil) || known && !reflect.DeepEqual(*shown, stored) {
		t.Errorf("the menu says %+v, the database %+v, %v", shown, stored, err)
	}
	return stored, err
}

// linesOf decodes the lines of an order.
func linesOf(t testing.TB, o Order) []OrderLine {
	t.Helper()
	var lines []OrderLine
	noError(t, json.Unmarshal([]byte(o.Lines), &lines))
	return lines
}

func margherita() MenuItem {
	return MenuItem{
		Name: "Margherita", Category: "Pizza", Description: "Tomato, mozzarella and basil.",
		Sizes:      []Size{{SizeSmall, 750}, {SizeLarge, 1250}},
		Vegetarian: true, Allergens: []string{"gluten", "milk"}, Available: true,
	}
}

// placeOrder orders one small portion of each dish.
func placeOrder(t testing.TB, s *Store, u User, dishes ...MenuItem) Order {
	t.Helper()
	n := NewOrder{UserID: u.ID, VIP: u.VIP, AgeOver18: u.AgeOver18(time.Now())}
	for _, d := range dishes {
		n.Lines = append(n.Lines, NewLine{MenuItemID: d.ID, Size: SizeSmall, Quantity: 1})
	}
	o, replayed, err := s.PlaceOrder(t.Context(), n)
	noError(t, err)
	if replayed {
		t.Fatal("a new order is said to be replayed")
	}
	return o
}

// queryInt reads one number.
func queryInt(t testing.TB, s *Store, query string, args ...any) int64 {
	t.Helper()
	var n int64
	noError(t, s.read(t.Context()).Raw(query, args...).Scan(&n).Error)
	return n
}

// exec runs a statement that no method of the store has.
func exec(t testing.TB, s *Store, query string, args ...any) {
	t.Helper()
	noError(t, writerDB(s).WithContext(t.Context()).Exec(query, args...).Error)
}

// writerDB returns the connections that may write.
func writerDB(s *Store) *gorm.DB {
	switch e := s.engine.(type) {
	case *sqliteWriter:
		return e.db
	case *postgresWriter:
		return e.db
	default:
		return s.engine.(twice).engine.(*postgresWriter).db
	}
}

func TestSQLite_versionIsOutsideTheCorruptionRange(t *testing.T) {
	var text string
	noError(t, openFile(t).read(t.Context()).Raw("SELECT sqlite_version()").Scan(&text).Error)
	var major, minor, patch int
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &major, &minor, &patch); err != nil {
		t.Fatalf("version %q: %v", text, err)
	}
	// SQLite before 3.51.3 can damage a database when its WAL is reset.
	if got := major*1_000_000 + minor*1_000 + patch; got < 3_051_003 {
		t.Errorf("SQLite %s, want 3.51.3 or newer", text)
	}
}

// The settings belong to a connection, so every connection of a pool is asked.
func TestOpenSQLite_everyConnectionHasItsSettings(t *testing.T) {
	s := openFile(t)
	for _, tc := range []struct {
		name      string
		pool      *sql.DB
		queryOnly int
	}{
		{"the writer", poolOf(t, s, true), 0},
		{"a reader", poolOf(t, s, false), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range tc.pool.Stats().MaxOpenConnections {
				conn, err := tc.pool.Conn(t.Context()) // held, so that the next one is another
				noError(t, err)
				defer conn.Close()
				for pragma, want := range map[string]string{
					"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
					"query_only": fmt.Sprint(tc.queryOnly),
				} {
					var got string
					noError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
					if got != want {
						t.Errorf("%s = %s, want %s", pragma, got, want)
					}
				}
			}
		})
	}
}

func poolOf(t testing.TB, s *Store, writer bool) *sql.DB {
	t.Helper()
	db := s.reader
	if writer {
		db = writerDB(s)
	}
	pool, err := db.DB()
	noError(t, err)
	return pool
}

func TestOpenSQLite_onlyTheWriterWrites(t *testing.T) {
	s := openFile(t)
	const stmt = "INSERT INTO deliveries VALUES ('wine', 1)"
	if _, err := poolOf(t, s, false).Exec(stmt); err == nil {
		t.Error("a reader could write")
	}
	if _, err := poolOf(t, s, true).Exec(stmt); err != nil {
		t.Errorf("the writer could not: %v", err)
	}
	if got := poolOf(t, s, true).Stats().MaxOpenConnections; got != 1 {
		t.Errorf("%d connections write, want 1", got)
	}
}

func TestReady_untilClosed(t *testing.T) {
	s := openStore(t)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("an open store is not ready: %v", err)
	}
	noError(t, s.Close())
	if err := s.Ready(t.Context()); err == nil {
		t.Error("a closed store is ready")
	}
}

func TestMillis(t *testing.T) {
	at := time.Date(2026, 1, 31, 20, 1, 53, 123_999_999, time.FixedZone("CET", 3600))
	m := Millis(at.UnixMilli())
	if got, want := m.Time().Format(time.RFC3339Nano), "2026-01-31T19:01:53.123Z"; got != want {
		t.Errorf("Time = %s, want %s", got, want)
	}
	if got := m.Add(-3 * time.Second); got != m-3000 {
		t.Errorf("Add(-3s) moved by %d ms", got-m)
	}
}

// wantSentence checks an error for the operator.
func wantSentence(t testing.TB, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if strings.ContainsAny(text, "\n\t") || len(text) > 400 {
		t.Errorf("not a sentence: %q", text)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
