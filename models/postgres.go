package models

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// OpenPostgres opens the order book in the PostgreSQL database at url and brings
// its schema up to date; several houses may do so at once. The tables stand in
// the first schema of the connection's search_path. The error is a sentence for
// whoever starts the house, without the password; a database that is foreign or
// newer than this program is left as it is.
func OpenPostgres(ctx context.Context, url string) (*Store, error) {
	cfg, size, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	writer, err := openPostgresPool(cfg, size-size/2)
	if err != nil {
		return nil, explainPostgres(cfg, err)
	}
	if err := migratePostgres(ctx, writer); err != nil {
		return nil, errors.Join(explainPostgres(cfg, err), closePool(writer))
	}
	cfg = cfg.Copy()
	cfg.RuntimeParams["default_transaction_read_only"] = "on"
	reader, err := openPostgresPool(cfg, size/2) // writes that wait for each other shall leave reading alone
	if err != nil {
		return nil, errors.Join(explainPostgres(cfg, err), closePool(writer))
	}
	s := &Store{engine: newPostgresWriter(writer, cfg), reader: reader}
	if err := s.readMenu(ctx); err != nil {
		return nil, errors.Join(explainPostgres(cfg, err), s.Close())
	}
	return s, nil
}

// PostgresName is the part of a PostgreSQL address that may be shown: without
// user, password and settings. The error is ErrNotPostgres.
func PostgresName(url string) (string, error) {
	cfg, _, err := postgresConfig(url)
	if err != nil {
		return "", err
	}
	return "postgres://" + net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))) + "/" + cfg.Database, nil
}

// ErrNotPostgres means that an address is none of a PostgreSQL database.
var ErrNotPostgres = errors.New("must be the address of a PostgreSQL database: postgres://user:password@host:5432/database")

// What a connection is given unless the address says otherwise. Whoever waits
// for longer is told so, rather than kept waiting.
const (
	connectWithin = 3 * time.Second
	poolSize      = 16
)

var postgresSettings = map[string]string{
	"application_name":                    "restaurant",
	"client_encoding":                     "UTF8",
	"default_transaction_isolation":       "read committed",
	"statement_timeout":                   "5s",
	"lock_timeout":                        "3s",
	"idle_in_transaction_session_timeout": "10s", // so that a house that is frozen lets go of its locks
}

// postgresConfig reads an address. Its errors hold nothing of it, because there
// is a password in it.
func postgresConfig(url string) (cfg *pgx.ConnConfig, size int, err error) {
	cfg, err = pgx.ParseConfig(url)
	if err != nil || !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, 0, ErrNotPostgres
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectWithin
	}
	size = poolSize
	if most, given := cfg.RuntimeParams["pool_max_conns"]; given { // as pgxpool calls it; no setting of the server
		delete(cfg.RuntimeParams, "pool_max_conns")
		if size, err = strconv.Atoi(most); err != nil || size < 2 { // one writes, one reads
			return nil, 0, ErrNotPostgres
		}
	}
	for name, value := range postgresSettings {
		if _, given := cfg.RuntimeParams[name]; !given && !strings.Contains(cfg.RuntimeParams["options"], name) {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.Tracer = deadlines{newOutage()}
	return cfg, size, nil
}

func openPostgresPool(cfg *pgx.ConnConfig, size int) (*gorm.DB, error) {
	pool := newPatientPool(cfg, size)
	db, err := gorm.Open(postgresDialector{&postgres.Dialector{Config: &postgres.Config{Conn: pool}}}, &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true, // the first statement says more
		QueryFields:            true, // a newer house beside this one may add columns
		Logger:                 logger.Discard,
	})
	if err == nil {
		err = clockStatements(db)
	}
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// postgresDialector names the failures of the engine wherever they come up.
type postgresDialector struct{ *postgres.Dialector }

// Translate makes postgresDialector a gorm.ErrorTranslator.
func (d postgresDialector) Translate(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		err = d.Dialector.Translate(e)
	}
	return classify(err)
}

// migratePostgres brings the schema up to date, each version in a transaction of
// its own. Of several houses that start at once one does it; the others wait.
func migratePostgres(ctx context.Context, db *gorm.DB) error {
	files, err := migrationsOf("postgres")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		err = db.WithContext(withoutTimeout(ctx)).Transaction(func(tx *gorm.DB) (err error) {
			done, err = migrateStep(tx, files)
			return err
		})
	}
	return err
}

// migrateStep adds the next version, and tells whether there was none to add.
func migrateStep(tx *gorm.DB, files []string) (done bool, err error) {
	for _, stmt := range []string{
		"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0",
		fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", applicationID),
	} {
		if err := tx.Exec(stmt).Error; err != nil {
			return false, err
		}
	}
	version, err := recognisePostgres(tx, len(files))
	if err != nil || version == len(files) {
		return true, err
	}
	script, err := migrations.ReadFile(files[version])
	if err != nil {
		return false, err
	}
	if _, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, string(script)); err != nil { // several statements in one text
		return false, fmt.Errorf("migration %s: %w", files[version], err)
	}
	return false, tx.Exec("UPDATE restaurant_schema SET version = ?", version+1).Error
}

// recognisePostgres tells which version of our schema is there, 0 if none. What
// is not ours or newer than this program is an error.
func recognisePostgres(tx *gorm.DB, known int) (version int, err error) {
	var there struct {
		Name   *string // of the schema
		Tables int     // in it, other than those of extensions
		Ours   bool
	}
	err = tx.Raw(`SELECT current_schema() AS name, count(c.oid) AS tables, coalesce(bool_or(c.relname = 'restaurant_schema'), false) AS ours
		FROM (SELECT current_schema() AS name) s JOIN pg_catalog.pg_namespace n ON n.nspname = s.name
		LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`).Scan(&there).Error
	switch {
	case err != nil:
		return 0, err
	case there.Name == nil:
		return 0, errors.New("no schema of its search_path exists: create one, or leave search_path out of DATABASE_URL")
	case there.Tables > 0 && !there.Ours:
		return 0, fmt.Errorf("its schema %q holds tables of another program: choose an empty database", *there.Name)
	case !there.Ours:
		return 0, nil
	}
	if err := tx.Raw("SELECT version FROM restaurant_schema").Scan(&version).Error; err != nil {
		return 0, err
	}
	if version > known {
		return 0, fmt.Errorf("it was written by a newer release (schema %d, this one knows %d): start that release, or restore a backup", version, known)
	}
	return version, nil
}

// explainPostgres makes one sentence of what stopped the house from opening its
// book.
func explainPostgres(cfg *pgx.ConnConfig, err error) error {
	where := net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	switch state := sqlState(err); {
	case state == "28P01" || state == "28000":
		err = fmt.Errorf("the server refuses the user %q or the password in DATABASE_URL: check both, and pg_hba.conf there", cfg.User)
	case state == "3D000":
		err = errors.New("the server knows no database of that name: create it first, with createdb")
	case state == "42501":
		err = fmt.Errorf("the user %q may not create or read its tables: GRANT it that, or let it own the database", cfg.User)
	case state == "53300":
		err = errors.New("the server has no connection left: raise max_connections there, or say less with pool_max_conns in DATABASE_URL")
	case state == "" && errors.Is(classify(err), ErrDatabaseUnavailable):
		err = fmt.Errorf("nothing answers at %s as PostgreSQL does: check that the server runs there, listens on that address and lets this machine in", where)
	default:
		err = errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return fmt.Errorf("the database %q at %s, which DATABASE_URL names, cannot be opened: %w. Nothing was changed", cfg.Database, where, err)
}

// postgresWriter writes to PostgreSQL, which lets many write at once and gathers
// their commits by itself.
type postgresWriter struct {
	writeStats
	db     *gorm.DB
	closed atomic.Bool

	listening *pgx.ConnConfig // of the connection that hears news
	self      string          // by which notices of this process are known
	opened    Millis
	outage    *outage
}

func newPostgresWriter(db *gorm.DB, cfg *pgx.ConnConfig) *postgresWriter {
	listening := cfg.Copy()
	listening.RuntimeParams["application_name"] += " (news)"
	listening.RuntimeParams["statement_timeout"] = "0"
	listening.Tracer = nil // it has deadlines of its own
	listening.ConnectTimeout = min(listening.ConnectTimeout, lastRetry)
	return &postgresWriter{db: db, listening: listening, self: rand.Text(), opened: Now(), outage: outageOf(cfg)}
}

func (w *postgresWriter) dialect() dialect {
	return dialect{
		version: "SHOW server_version", openOrders: "orders", skipLocked: " FOR UPDATE SKIP LOCKED",
		noOrders: []string{"TRUNCATE orders RESTART IDENTITY"},
		idsTaken: `SELECT setval(pg_get_serial_sequence('menu_items', 'id'),
			greatest(nextval(pg_get_serial_sequence('menu_items', 'id')), (SELECT max(id) FROM menu_items)))`,
	}
}

func (w *postgresWriter) shared() bool { return true }

// insert leaves a row that is there already alone: a failure would stand in the
// server's log each time that a guest repeats an order.
func (w *postgresWriter) insert(tx *gorm.DB, query string, args ...any) (id int64, err error) {
	err = tx.Statement.ConnPool.QueryRowContext(tx.Statement.Context, query+" ON CONFLICT DO NOTHING RETURNING id", args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, gorm.ErrDuplicatedKey
	}
	return id, err
}

func (w *postgresWriter) close() error {
	w.closed.Store(true)
	return closePool(w.db)
}

// maxTries bounds how often a write is begun anew that PostgreSQL gave up in
// favour of another one.
const maxTries = 5

// do runs fn in a transaction. As in SQLite, a guest who leaves meanwhile does
// not break it off.
func (w *postgresWriter) do(ctx context.Context, once bool, fn func(tx *gorm.DB) error) (err error) {
	defer timeStatement(ctx)()
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	ctx = context.WithValue(ctx, clockedKey{}, true)
	for range maxTries {
		start := time.Now()
		if err = transact(w.db.WithContext(ctx), once, fn); err == nil {
			w.committed(1, start)
		}
		if !retryable(err) {
			break
		}
	}
	if err != nil && w.closed.Load() {
		return fmt.Errorf("%w: the order book is closed", ErrDatabaseUnavailable)
	}
	return err
}

// transact runs fn once. A single statement is a transaction already.
func transact(db *gorm.DB, once bool, fn func(tx *gorm.DB) error) error {
	if once {
		return fn(db)
	}
	return db.Transaction(func(tx *gorm.DB) error {
		return fn(tx.WithContext(context.WithoutCancel(tx.Statement.Context)))
	})
}

// retryable tells whether a transaction that failed may succeed when it is begun
// anew: it met another one, or a newer house has just changed a table.
func retryable(err error) bool {
	switch e, _ := errors.AsType[*pgconn.PgError](err); {
	case e == nil:
		return false
	case e.Code == "0A000":
		return strings.Contains(e.Message, "cached plan")
	default:
		return e.Code == "40001" || e.Code == "40P01"
	}
}

// sqlState gives the code of an error that the server has reported, or "" where
// it is not PostgreSQL's.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// namedPostgres gives the failures of PostgreSQL that are nobody's mistake their
// names.
func namedPostgres(err error) error {
	state := sqlState(err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err) // says "canceled" also when the line was left for another reason
	switch {
	case errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable) || errors.Is(err, context.Canceled) && !connecting:
		return err
	case state == "22021": // a text with a zero byte, or none at all: PostgreSQL keeps none, so there is no such row
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case state == "53100":
		return fmt.Errorf("%w: %w", ErrStorageFull, err)
	case unavailable(state) || connecting || connectionLost(err):
		return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
	}
	return err
}

// unavailable tells whether the server has refused because of its own state
// (postgresql.org/docs/current/errcodes-appendix.html).
func unavailable(state string) bool {
	switch state {
	case "25006", // a standby, read only
		"25P03",          // too long idle in a transaction
		"40001", "40P01", // gave way to others, again and again
		"55P03", // waited too long for a lock
		"57014", // ran too long
		"57P01", "57P02", "57P03", "57P04", "57P05":
		return true
	}
	class := state[:min(2, len(state))]
	return class == "08" || class == "53" || class == "58" // connection, resources, system
}

// connectionLost tells whether there is no connection any more.
func connectionLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
