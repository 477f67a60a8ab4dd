package models

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"restaurant/e2e/testkit"
)

// onPostgres is a test that speaks of PostgreSQL alone. It needs a server, see
// testkit; without one there is nothing that it could say.
func onPostgres(t *testing.T, test func(t *testing.T)) {
	testkit.NeedPostgres(t)
	test(t)
}

// secondConnection opens a database without any of our settings, as another program would.
func secondConnection(t testing.TB, url string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	noError(t, err)
	t.Cleanup(func() { noError(t, pool.Close()) })
	return pool
}

// withSettings adds settings to an address.
func withSettings(t testing.TB, address string, settings ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	noError(t, err)
	query := u.Query()
	for i := 0; i < len(settings); i += 2 {
		query.Set(settings[i], settings[i+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// dump is the schema and all rows of a database, as text.
func dump(t testing.TB, pool *sql.DB) string {
	t.Helper()
	var text strings.Builder
	read := func(query string) (names []string) {
		rows, err := pool.Query(query)
		noError(t, err)
		defer rows.Close()
		for rows.Next() {
			var name, line string
			noError(t, rows.Scan(&name, &line))
			names = append(names, name)
			fmt.Fprintln(&text, name, line)
		}
		noError(t, rows.Err())
		return names
	}
	tables := read(`SELECT table_schema || '.' || table_name, '' FROM information_schema.tables
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	read(`SELECT table_schema || '.' || table_name, concat_ws(' ', column_name, data_type, collation_name, is_nullable, is_identity) FROM information_schema.columns
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`)
	read(`SELECT schemaname || '.' || tablename, indexdef FROM pg_indexes WHERE schemaname <> 'pg_catalog' ORDER BY 1, 2`)
	read(`SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0 ORDER BY 1, 2`)
	for _, table := range tables {
		read("SELECT '" + table + "', t::text FROM " + table + " t ORDER BY 2")
	}
	return text.String()
}

func TestMigrations_bothEnginesHaveTheSameVersions(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := migrationsOf(engine)
		noError(t, err)
		for i, file := range files {
			if !strings.HasPrefix(filepath.Base(file), fmt.Sprintf("%04d_", i+1)) {
				t.Errorf("%s is the migration %d", file, i+1)
			}
		}
	}
	lite, err := migrations.ReadDir("migrations/sqlite")
	noError(t, err)
	post, err := migrations.ReadDir("migrations/postgres")
	noError(t, err)
	if !slices.EqualFunc(lite, post, func(a, b os.DirEntry) bool { return a.Name() == b.Name() }) {
		t.Errorf("SQLite has %v, PostgreSQL %v", lite, post)
	}
}

func TestOpenPostgres_createsTheSchema(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openPostgres(t, testkit.EmptyDatabase(t))
		files, err := migrationsOf("postgres")
		noError(t, err)
		if got := queryInt(t, s, "SELECT version FROM restaurant_schema"); got != int64(len(files)) {
			t.Errorf("version %d, want %d", got, len(files))
		}
		if got := queryInt(t, s, `SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'
			AND data_type NOT IN ('bigint', 'text', 'boolean')`); got != 0 {
			t.Errorf("%d columns are of another type than bigint, text and boolean", got)
		}
	})
}

// databaseAtVersion makes a database as a release left it that knew only so many
// migrations.
func databaseAtVersion(t testing.TB, version int) (url string) {
	t.Helper()
	url = testkit.EmptyDatabase(t)
	cfg, size, err := postgresConfig(url)
	noError(t, err)
	db, err := openPostgresPool(cfg, size)
	noError(t, err)
	defer closePool(db)
	files, err := migrationsOf("postgres")
	noError(t, err)
	for done := version == 0; !done; {
		noError(t, db.Transaction(func(tx *gorm.DB) (err error) {
			done, err = migrateStep(tx, files[:version])
			return err
		}))
	}
	return url
}

func TestMigrations_earlierVersionsOfPostgres(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		fresh := testkit.EmptyDatabase(t)
		openPostgres(t, fresh)
		want := dump(t, secondConnection(t, fresh))
		files, err := migrationsOf("postgres")
		noError(t, err)
		for version := range len(files) + 1 {
			url := databaseAtVersion(t, version)
			if version > 0 && queryInt(t, openWithoutMigration(t, url), "SELECT version FROM restaurant_schema") != int64(version) {
				t.Fatalf("the control is not at version %d", version)
			}
			openPostgres(t, url)
			if got := dump(t, secondConnection(t, url)); got != want {
				t.Errorf("from version %d it becomes\n%s\nwant\n%s", version, got, want)
			}
		}
	})
}

// openWithoutMigration looks at a database without bringing it up to date.
func openWithoutMigration(t testing.TB, url string) *Store {
	t.Helper()
	cfg, _, err := postgresConfig(url)
	noError(t, err)
	db, err := openPostgresPool(cfg, 1)
	noError(t, err)
	t.Cleanup(func() { noError(t, closePool(db)) })
	return &Store{engine: &postgresWriter{db: db}, reader: db}
}

func TestMigrations_failureLeavesNothing(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := databaseAtVersion(t, 1)
		pool := secondConnection(t, url)
		_, err := pool.Exec("CREATE TABLE signing_keys (mine INT)") // the last statement of version 2 will fail
		noError(t, err)
		before := dump(t, pool)
		_, err = OpenPostgres(t.Context(), url)
		wantSentence(t, err, "0002_the_bouncer.sql", "Nothing was changed")
		if got := dump(t, pool); got != before {
			t.Errorf("it left\n%s\nwant\n%s", got, before)
		}
		_, err = pool.Exec("DROP TABLE signing_keys")
		noError(t, err)
		openPostgres(t, url) // the control
	})
}

func TestOpenPostgres_concurrently(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		const houses = 8
		url := testkit.EmptyDatabase(t)
		stores, errs := make([]*Store, houses), make([]error, houses)
		var starting sync.WaitGroup
		for i := range houses {
			starting.Go(func() {
				if stores[i], errs[i] = OpenPostgres(t.Context(), url); errs[i] == nil {
					errs[i] = stores[i].SeedMenu(t.Context(), "menu", []MenuItem{margherita(), margherita()})
				}
				if errs[i] == nil {
					errs[i] = stores[i].SeedUsers(t.Context(), "users", []User{testUsers["alice"], testUsers["marco"]})
				}
			})
		}
		starting.Wait()
		noError(t, errors.Join(errs...))
		for i, s := range stores {
			if n := len(s.Menu().Items); n != 2 {
				t.Errorf("instance %d shows %d dishes", i, n)
			}
			noError(t, s.Close())
		}
		s := openPostgres(t, url)
		if dishes, users := queryInt(t, s, "SELECT count(*) FROM menu_items"), queryInt(t, s, "SELECT count(*) FROM users"); dishes != 2 || users != 2 {
			t.Errorf("%d dishes and %d users, want 2 and 2", dishes, users)
		}
	})
}

// An instance waits for another one's migration, also longer than a statement may
// take.
func TestOpenPostgres_waitsForAMigration(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := testkit.EmptyDatabase(t)
		first, err := secondConnection(t, url).BeginTx(t.Context(), nil)
		noError(t, err)
		_, err = first.Exec("SELECT pg_advisory_xact_lock($1)", applicationID)
		noError(t, err)
		opened := make(chan error, 1)
		go func() {
			s, err := OpenPostgres(t.Context(), withSettings(t, url, "lock_timeout", "200ms", "statement_timeout", "200ms"))
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
		pool := secondConnection(t, url)
		for waiting := 0; waiting == 0 && len(opened) == 0; {
			noError(t, pool.QueryRow("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").Scan(&waiting))
		}
		_, err = pool.Exec("SELECT pg_sleep(0.5)") // longer than both of its limits
		noError(t, err)
		noError(t, first.Rollback())
		if err := <-opened; err != nil {
			t.Errorf("it gave up: %v", err)
		}
		files, err := migrationsOf("postgres")
		noError(t, err)
		if got := queryInt(t, openWithoutMigration(t, url), "SELECT version FROM restaurant_schema"); int(got) != len(files) {
			t.Errorf("it left version %d", got)
		}
	})
}

func TestOpenPostgres_refusesNewerOrForeign(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		const foreign = "CREATE TABLE pets (name TEXT); INSERT INTO pets VALUES ('Rex')"
		for _, tc := range []struct {
			name, stmts string
			ours        bool
			settings    []string
			says        string // "" where it is opened
		}{
			{"a database of a newer release", "UPDATE restaurant_schema SET version = 99", true, nil, "newer release"},
			{"a database of another program", foreign, false, nil, "another program"},
			{"a search path that leads nowhere", "", false, []string{"search_path", "none"}, "search_path"},
			{"tables of another program in another schema", "CREATE SCHEMA zoo; CREATE TABLE zoo.users (name TEXT)", false, nil, ""},
			{"a schema of its own", "CREATE SCHEMA ours; " + foreign, false, []string{"search_path", "ours"}, ""},
			{"another program beside ours", foreign, true, nil, ""},
		} {
			t.Run(tc.name, func(t *testing.T) {
				url := testkit.EmptyDatabase(t)
				if tc.ours {
					noError(t, openPostgres(t, url).Close())
				}
				pool := secondConnection(t, url)
				_, err := pool.Exec(tc.stmts)
				noError(t, err)
				before := dump(t, pool)
				s, err := OpenPostgres(t.Context(), withSettings(t, url, tc.settings...))
				if tc.says == "" {
					noError(t, err)
					noError(t, s.Close())
					return
				}
				wantSentence(t, err, tc.says, "Nothing was changed")
				if got := dump(t, pool); got != before {
					t.Errorf("it became\n%s\nwant\n%s", got, before)
				}
			})
		}
	})
}

// Only a primary is of use, so the two words for one are allowed, and a server that takes
// no writes is named as such.
func TestOpenPostgres_targetSessionAttrs(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := testkit.EmptyDatabase(t)
		for attrs, guest := range map[string]string{"read-write": "alice", "primary": "bob"} {
			s := openPostgres(t, withSettings(t, url, "target_session_attrs", attrs))
			placeOrder(t, s, newUser(t, s, guest), newDish(t, s))
			if _, err := poolOf(t, s, false).Exec("DELETE FROM orders"); sqlState(err) != "25006" {
				t.Errorf("%s: a connection for reading writes: %v", attrs, err)
			}
		}
		pool := secondConnection(t, url)
		_, err := pool.Exec("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
		noError(t, err)
		_, err = OpenPostgres(t.Context(), withSettings(t, url, "target_session_attrs", "read-write"))
		wantSentence(t, err, "the server answers", "takes writes", "Nothing was changed")
	})
}

func TestOpenPostgres_usesTheSearchPath(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := testkit.EmptyDatabase(t)
		pool := secondConnection(t, url)
		for _, schema := range []string{"north", "south"} { // two instances of the schema in one database
			_, err := pool.Exec("CREATE SCHEMA " + schema)
			noError(t, err)
			s := openPostgres(t, withSettings(t, url, "search_path", schema))
			placeOrder(t, s, newUser(t, s, "alice"), newDish(t, s))
			var n int
			noError(t, pool.QueryRow("SELECT count(*) FROM "+schema+".orders").Scan(&n))
			if n != 1 {
				t.Errorf("%s has %d orders", schema, n)
			}
		}
		var strays int
		noError(t, pool.QueryRow("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&strays))
		if strays != 0 {
			t.Errorf("%d tables stand elsewhere", strays)
		}
	})
}

const secret = "mozzarella"

// These need no server, or something that is not one.
func TestOpenPostgres_errorsWithoutAServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	noError(t, closed.Close())
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer silent.Close()
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer rude.Close()
	go func() {
		for {
			conn, err := rude.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			conn.Close()
		}
	}()
	for name, at := range map[string]net.Listener{"nothing listens": closed, "a server that does not answer": silent, "a server of another protocol": rude} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := OpenPostgres(t.Context(), "postgres://alice:"+secret+"@"+at.Addr().String()+"/restaurant?sslmode=disable")
			wantSentence(t, err, `"restaurant"`, at.Addr().String(), "check that the server runs")
			if took := time.Since(start); took > 2*connectTimeout || strings.Contains(err.Error(), secret) {
				t.Errorf("after %v it says %v", took, err)
			}
		})
	}
}

func TestOpenPostgres_errorsOfTheServer(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		address := testkit.EmptyDatabase(t)
		pool := secondConnection(t, address)
		role := "guest_" + strings.Trim(filepath.Base(t.TempDir()), "/") + fmt.Sprint(time.Now().UnixNano())
		alone := role + "_alone" // has one connection, and nobody but its test opens one: the server ends a backend some time after its client
		for _, stmt := range []string{
			"CREATE ROLE " + role + " LOGIN PASSWORD '" + secret + "'", "CREATE ROLE " + alone + " LOGIN PASSWORD '" + secret + "' CONNECTION LIMIT 1",
			"REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		} {
			_, err := pool.Exec(stmt)
			noError(t, err)
		}
		t.Cleanup(func() {
			_, err := pool.Exec("DROP ROLE " + role + ", " + alone)
			noError(t, err)
		})
		as := func(user, password, database string) string {
			u, err := url.Parse(address)
			noError(t, err)
			u.User = url.UserPassword(user, password)
			if database != "" {
				u.Path = "/" + database
			}
			return u.String()
		}
		for _, tc := range []struct{ name, url, says string }{
			{"a wrong password", as(role, "wrong-"+secret, ""), "password"},
			{"a database that is not there", as(role, secret, "none"), "createdb"},
			{"a user who may do nothing", as(role, secret, ""), "GRANT"},
			{"a server that has no such setting", withSettings(t, as(role, secret, ""), "pasta", "al dente"), "pasta"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				_, err := OpenPostgres(t.Context(), tc.url)
				wantSentence(t, err, tc.says, "RESTAURANT_DATABASE_URL", "Nothing was changed")
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it tells the password: %v", err)
				}
			})
		}
		t.Run("a user with no connection left", func(t *testing.T) {
			held, err := secondConnection(t, as(alone, secret, "")).Conn(t.Context())
			noError(t, err)
			defer held.Close()
			_, err = OpenPostgres(t.Context(), as(alone, secret, ""))
			wantSentence(t, err, "connection left")
		})
	})
}

func TestPostgresName(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"postgres://alice:" + secret + "@db.example:5433/restaurant?sslmode=disable&password=" + secret, "postgres://db.example:5433/restaurant"},
		{"postgresql://db.example/restaurant", "postgres://db.example:5432/restaurant"},
		{"postgres://alice:" + secret + "@[::1]:5432/restaurant", "postgres://[::1]:5432/restaurant"},
		{"mysql://alice:" + secret + "@db.example/restaurant", ""},
		{"postgres:" + secret, ""},
		{"host=db.example password=" + secret, ""},
		{"postgres://alice:" + secret + "@db.example:port/restaurant", ""},
		{"postgres://db.example/restaurant?pool_max_conns=" + secret, ""},
		{"postgres://db.example/restaurant?pool_max_conns=1", ""},
		{"postgres://db.example/restaurant?sslmode=" + secret, ""},
		{"restaurant.db", ""},
	} {
		got, err := PostgresName(tc.url)
		if got != tc.want || (err == nil) != (tc.want != "") || err != nil && (!errors.Is(err, ErrNotPostgres) || strings.Contains(err.Error(), secret)) {
			t.Errorf("%s is %q, %v, want %q", tc.url, got, err, tc.want)
		}
	}
}

// TestPostgresName_saysWhatIsWrong: not that it is no address of a PostgreSQL database.
func TestPostgresName_saysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.pem")
	noError(t, os.WriteFile(text, []byte("mushrooms"), 0o600))
	for setting, want := range map[string]string{
		"pool_max_conns=1": "needs a pool_max_conns of 2 or more", "pool_max_conns=many": "needs a pool_max_conns of 2 or more", "pool_max_conns=2": "",
		"sslrootcert=" + folder + "/none.pem": "none.pem, which cannot be read", "sslrootcert=" + text: "sslrootcert that holds no certificate",
		"sslcert=" + text: "both sslcert and sslkey", "sslcert=" + text + "&sslkey=" + text: "sslkey that holds no key", "sslcert=" + text + "&sslkey=none.key": "none.key, which cannot be read",
		"sslmode=on": "verify-full, verify-ca", "sslmode=require": "",
		"connect_timeout=soon": "must be the address of a PostgreSQL database",
	} {
		_, err := PostgresName("postgres://alice:" + secret + "@db.example/restaurant?" + setting)
		if want == "" {
			noError(t, err)
			continue
		}
		wantSentence(t, err, want)
		if !errors.Is(err, ErrNotPostgres) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// strangeTLS answers as a PostgreSQL server does whose certificate nobody here knows.
func strangeTLS(t *testing.T) (addr string) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS() // only its certificate is of use
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.ReadFull(conn, make([]byte, 8)) // SSLRequest
				_, _ = io.WriteString(conn, "S")
				_ = tls.Server(conn, &tls.Config{Certificates: web.TLS.Certificates}).HandshakeContext(t.Context())
			}()
		}
	}()
	return l.Addr().String()
}

// TestOpenPostgres_errorsOfTLS: a server that answers is not said to be away. With two addresses
// another part of the program makes the sentence.
func TestOpenPostgres_errorsOfTLS(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		address, strange := testkit.EmptyDatabase(t), strangeTLS(t)
		u, err := url.Parse(address)
		noError(t, err)
		for _, tc := range []struct{ name, hosts, sslmode, says string }{
			{"a server without TLS", u.Host, "require", "ssl = on"},
			{"a server without TLS, twice", u.Host + ",localhost:" + u.Port(), "require", "ssl = on"},
			{"a strange certificate", strange, "verify-full", "unknown authority"},
			{"a strange certificate in a list", strange + "," + strings.Replace(strange, "127.0.0.1", "localhost", 1), "verify-ca", "unknown authority"},
			{"a certificate for other names", strings.Replace(strange, "127.0.0.1", "localhost", 1), "verify-full", "not localhost"},
			{"the control", u.Host, "prefer", ""},
		} {
			t.Run(tc.name, func(t *testing.T) {
				at := *u
				at.Host = tc.hosts
				store, err := OpenPostgres(t.Context(), withSettings(t, at.String(), "sslmode", tc.sslmode))
				if tc.says == "" {
					noError(t, err)
					noError(t, store.Close())
					return
				}
				wantSentence(t, err, tc.says, "Nothing was changed")
				password, _ := u.User.Password()
				if strings.Contains(err.Error(), "no PostgreSQL server answers") || strings.Contains(err.Error(), password) {
					t.Error(err)
				}
			})
		}
	})
}

func TestPostgresConfig_urlChangesEachLimit(t *testing.T) {
	cfg, size, err := postgresConfig("postgres://db.example/restaurant")
	noError(t, err)
	if size != poolSize || cfg.ConnectTimeout != connectTimeout || cfg.RuntimeParams["statement_timeout"] != "5s" || cfg.RuntimeParams["lock_timeout"] != "3s" {
		t.Errorf("by default %d, %v, %v", size, cfg.ConnectTimeout, cfg.RuntimeParams)
	}
	cfg, size, err = postgresConfig("postgres://db.example/restaurant?pool_max_conns=3&connect_timeout=9&statement_timeout=1min&options=-c%20lock_timeout%3D7s")
	noError(t, err)
	_, lock := cfg.RuntimeParams["lock_timeout"]
	_, pool := cfg.RuntimeParams["pool_max_conns"]
	if size != 3 || cfg.ConnectTimeout != 9*time.Second || cfg.RuntimeParams["statement_timeout"] != "1min" || lock || pool {
		t.Errorf("%d, %v, %v", size, cfg.ConnectTimeout, cfg.RuntimeParams)
	}
}

func TestClassifyPostgres(t *testing.T) {
	state := func(code string) error { return fmt.Errorf("while cooking: %w", &pgconn.PgError{Code: code}) }
	for _, tc := range []struct {
		err  error
		want error // nil: it keeps its own
	}{
		{nil, nil},
		{state("53100"), ErrStorageFull},
		{state("53300"), ErrDatabaseUnavailable},
		{state("53200"), ErrDatabaseUnavailable},
		{state("08006"), ErrDatabaseUnavailable},
		{state("57P01"), ErrDatabaseUnavailable},
		{state("57P03"), ErrDatabaseUnavailable},
		{state("57014"), ErrDatabaseUnavailable},
		{state("55P03"), ErrDatabaseUnavailable},
		{state("40P01"), ErrDatabaseUnavailable},
		{state("25006"), ErrDatabaseUnavailable},
		{io.ErrUnexpectedEOF, ErrDatabaseUnavailable},
		{&net.OpError{Op: "read", Err: io.EOF}, ErrDatabaseUnavailable},
		{context.DeadlineExceeded, ErrDatabaseUnavailable}, // ours: no other code sets one
		{context.Canceled, nil},                            // the guest has left
		{state("22021"), ErrNotFound},
		{state("23505"), nil},
		{state("42P01"), nil}, // a mistake of ours is none of the database's
		{gorm.ErrRecordNotFound, nil},
		{sql.ErrNoRows, nil},
	} {
		got := classify(tc.err)
		for _, name := range []error{ErrStorageFull, ErrDatabaseUnavailable, ErrNotFound} {
			if errors.Is(got, name) != errors.Is(tc.want, name) || !errors.Is(got, tc.err) {
				t.Errorf("%v is named %v, want %v", tc.err, got, tc.want)
			}
		}
	}
}

// A disk cannot be filled from here, but a trigger can say what PostgreSQL says
// on a full one.
func TestPostgres_fullDiskIsErrStorageFull(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		exec(t, s, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
		for _, table := range []string{"orders", "menu_items"} {
			exec(t, s, "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON "+table+" FOR EACH ROW EXECUTE FUNCTION no_room()")
		}
		if _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a")); !errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable) {
			t.Errorf("an order: %v, want ErrStorageFull", err)
		}
		if err := s.ReplaceMenuItem(t.Context(), &dish); !errors.Is(err, ErrStorageFull) {
			t.Errorf("a dish: %v, want ErrStorageFull", err)
		}
		if got, err := storedDish(t, s, dish.ID); err != nil || got.Version != 1 {
			t.Errorf("half a change stays: %+v, %v", got, err)
		}
		exec(t, s, "DROP TRIGGER full_disk ON orders")
		if o, replayed, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a")); err != nil || replayed || o.ID == 0 {
			t.Errorf("writing does not go on: %+v, %v", o, err)
		}
	})
}

// wantUnavailableWithin wants a call to be refused as unavailable, and soon.
func wantUnavailableWithin(t *testing.T, limit time.Duration, call func() error) {
	t.Helper()
	start := time.Now()
	if err := call(); !errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("err = %v, want ErrDatabaseUnavailable", err)
	}
	if took := time.Since(start); took > limit {
		t.Errorf("it took %v, more than %v", took, limit)
	}
}

func TestPostgres_lockTimeout(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		url := stores.New(t, t.TempDir())
		s := openPostgres(t, withSettings(t, url, "lock_timeout", "100ms"))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		other, err := secondConnection(t, url).BeginTx(t.Context(), nil)
		noError(t, err)
		_, err = other.Exec("LOCK TABLE orders")
		noError(t, err)
		wantUnavailableWithin(t, time.Second, func() error { _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "", "")); return err })
		wantUnavailableWithin(t, time.Second, func() error { _, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); return err })
		wantUnavailableWithin(t, time.Second, func() error { _, err := s.AdvanceDue(t.Context(), Due{}, 20); return err })
		noError(t, other.Rollback())
		placeOrder(t, s, alice, dish)
	})
}

func TestPostgres_statementTimeout(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t, withSettings(t, stores.New(t, t.TempDir()), "statement_timeout", "100ms"))
		wantUnavailableWithin(t, time.Second, func() error { return s.read(t.Context()).Exec("SELECT pg_sleep(20)").Error })
		wantUnavailableWithin(t, time.Second, func() error {
			return s.write(t.Context(), func(tx *gorm.DB) error { return tx.Exec("SELECT pg_sleep(20)").Error })
		})
		noError(t, s.Ready(t.Context()))
	})
}

// The server is stopped during a statement, so it cannot time out itself: as when a
// cable is cut.
func TestPostgres_answerTimeout(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t, withSettings(t, stores.New(t, t.TempDir()), "statement_timeout", "0"))
		wantUnavailableWithin(t, answerTimeout+2*time.Second, func() error { return s.read(t.Context()).Exec("SELECT pg_sleep(30)").Error })
		noError(t, s.Ready(t.Context())) // over a new connection
	})
}

func TestPostgres_queueTimeout(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t, withSettings(t, stores.New(t, t.TempDir()), "pool_max_conns", "2"))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		reading, err := poolOf(t, s, false).Conn(t.Context())
		noError(t, err)
		writing, err := poolOf(t, s, true).Conn(t.Context())
		noError(t, err)
		var waiting sync.WaitGroup
		for _, call := range []func() error{
			func() error { return s.Ready(t.Context()) },
			func() error { _, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); return err },
			func() error { _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "", "")); return err },
			func() error { _, err := s.AdvanceDue(t.Context(), Due{}, 10); return err },
		} {
			waiting.Go(func() { wantUnavailableWithin(t, queueTimeout+time.Second, call) })
		}
		impatient, leave := context.WithCancel(t.Context())
		waiting.Go(func() {
			if err := s.Ready(impatient); !errors.Is(err, context.Canceled) || errors.Is(err, ErrDatabaseUnavailable) {
				t.Errorf("who left the line was told %v", err)
			}
		})
		leave()
		waiting.Wait()
		noError(t, reading.Close())
		wantUnavailableWithin(t, readyTimeout+time.Second, func() error { return s.Ready(t.Context()) }) // no order could be taken
		noError(t, writing.Close())
		placeOrder(t, s, alice, dish)
		noError(t, s.Ready(t.Context()))
	})
}

// A context that ends in the midst of a statement costs neither the connection
// nor the write.
func TestPostgres_canceledCallerCostsNoConnection(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		backends := func() (pids [2]int64) {
			noError(t, s.read(t.Context()).Raw("SELECT pg_backend_pid()").Scan(&pids[0]).Error)
			noError(t, writerDB(s).Raw("SELECT pg_backend_pid()").Scan(&pids[1]).Error)
			return pids
		}
		before := backends()
		ctx, leave := context.WithCancel(t.Context())
		noError(t, s.write(ctx, func(tx *gorm.DB) error {
			leave()
			return insertRows("a")(tx)
		}))
		if err := s.write(ctx, insertRows("b")); !errors.Is(err, context.Canceled) {
			t.Errorf("who had left before was told %v", err)
		}
		ctx, leave = context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, leave)
		noError(t, s.read(ctx).Exec("SELECT pg_sleep(1)").Error)
		if ctx.Err() == nil {
			t.Error("the guest has not left meanwhile")
		}
		if after := backends(); after != before {
			t.Errorf("of the connections %d some were lost, now they are %d", before, after)
		}
		if got := queryInt(t, s, "SELECT count(*) FROM deliveries"); got != 1 {
			t.Errorf("%d were written", got)
		}
	})
}

// Reads and writes have pools of their own, so neither blocks the other.
func TestPostgres_readersCannotWrite(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		const stmt = "INSERT INTO deliveries VALUES ('wine', 1)"
		if _, err := poolOf(t, s, false).Exec(stmt); sqlState(err) != "25006" {
			t.Errorf("a reader could write: %v", err)
		}
		if _, err := poolOf(t, s, true).Exec(stmt); err != nil {
			t.Errorf("a writer could not: %v", err)
		}
		if got := poolOf(t, s, false).Stats().MaxOpenConnections + poolOf(t, s, true).Stats().MaxOpenConnections; got != poolSize {
			t.Errorf("%d connections, want %d", got, poolSize)
		}
	})
}

func TestPostgres_reconnects(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := stores.New(t, t.TempDir())
		s := openPostgres(t, url)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		var all sync.WaitGroup
		for range 2 * poolSize { // as many connections as there may be
			all.Go(func() { _, _ = s.OrdersOf(t.Context(), alice.ID, "", 100, 20) })
		}
		all.Wait()
		_, err := secondConnection(t, url).Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		noError(t, err)
		for range 2*poolSize + 1 { // each of them may be found dead once
			if _, _, err = s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a")); err == nil {
				break
			}
			if !errors.Is(err, ErrDatabaseUnavailable) {
				t.Fatalf("err = %v", err)
			}
		}
		noError(t, err)
		for range 2*poolSize + 1 {
			if err = s.Ready(t.Context()); err == nil {
				break
			}
		}
		noError(t, err)
	})
}

// Of two transactions that need each other's rows PostgreSQL aborts one, which runs
// again.
func TestPostgres_retriesADeadlock(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t, withSettings(t, stores.New(t, t.TempDir()), "deadlock_timeout", "50ms"))
		ids := []int64{newUser(t, s, "alice").ID, newUser(t, s, "bob").ID}
		var tries [2]int
		var both, met sync.WaitGroup
		met.Add(2)
		for i := range 2 {
			both.Go(func() {
				err := s.write(t.Context(), func(tx *gorm.DB) error {
					tries[i]++
					for n := range 2 {
						if n == 1 && tries[i] == 1 {
							met.Done()
							met.Wait()
						}
						if err := tx.Model(&User{}).Where("id = ?", ids[(i+n)%2]).Update("name", gorm.Expr("name || ?", fmt.Sprint(i))).Error; err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if tries[0]+tries[1] < 3 {
			t.Errorf("they tried %v times, so they have not met", tries)
		}
		if got := queryInt(t, s, "SELECT count(*) FROM users WHERE name ~ '^[A-Z][a-z]+(01|10)$'"); got != 2 {
			t.Error("not each has written to both exactly once")
		}
	})
}

func TestPostgres_retriesAreLimited(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		tries := 0
		wantUnavailableWithin(t, time.Second, func() error {
			return s.write(t.Context(), func(tx *gorm.DB) error {
				tries++
				return tx.Exec("DO $$ BEGIN RAISE EXCEPTION 'gave way' USING ERRCODE = 'serialization_failure'; END $$").Error
			})
		})
		if tries != maxAttempts {
			t.Errorf("%d tries, want %d", tries, maxAttempts)
		}
	})
}

// Whatever is written may have to be written twice.
func TestPostgres_eachWriteMayRunTwice(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		s.engine = twice{s.engine}
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		noError(t, s.SeedMenu(t.Context(), "menu", []MenuItem{margherita(), margherita()}))
		noError(t, s.SeedUsers(t.Context(), "users", []User{testUsers["bob"], testUsers["marco"]}))
		noError(t, s.ReplaceMenuItem(t.Context(), &dish, 1))
		if dish.Version != 2 {
			t.Errorf("a dish that was replaced once has version %d", dish.Version)
		}
		o, replayed, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a"))
		if err != nil || o.ID == 0 || replayed {
			t.Errorf("order %+v, replayed %v, %v", o, replayed, err)
		}
		o, err = s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		if err != nil || len(o.History()) != 2 {
			t.Errorf("order %+v, %v", o, err)
		}
		newSession(t, s, alice, "alice")
		endings := watchEnded(s)
		_, _, err = s.Rotate(t.Context(), newRotation("alice", 1))
		if ended := endings.take(); err != nil || ended != nil {
			t.Errorf("a refresh: %v, %v", ended, err)
		}
		_, _, err = s.Rotate(t.Context(), newRotation("alice", 1))
		if ended := endings.take(); !errors.Is(err, ErrRefreshReused) || len(ended) != 1 {
			t.Errorf("reuse: %v, %v", ended, err)
		}
		newSession(t, s, alice, "other")
		_, err = s.UpdateUser(t.Context(), alice.ID, UserChanges{VIP: new(true)})
		if ended := endings.take(); err != nil || len(ended) != 1 {
			t.Errorf("a change: %v, %v", ended, err)
		}
		for query, want := range map[string]int64{
			"SELECT count(*) FROM menu_items": 3, "SELECT count(*) FROM users": 3, "SELECT count(*) FROM orders": 1, "SELECT count(*) FROM refresh_tokens": 3,
		} {
			if got := queryInt(t, s, query); got != want {
				t.Errorf("%s says %d, want %d", query, got, want)
			}
		}
	})
}

// twice lets each transaction fail once at its end.
type twice struct{ engine }

func (e twice) do(ctx context.Context, once bool, fn func(tx *gorm.DB) error) error {
	tries := 0
	return e.engine.do(ctx, once, func(tx *gorm.DB) error {
		err := fn(tx)
		if tries++; tries == 1 && err == nil && !once {
			err = &pgconn.PgError{Code: "40001"}
		}
		return err
	})
}
