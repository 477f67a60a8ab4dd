package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// OpenPostgres opens the PostgreSQL database at url and migrates its schema;
// several instances may do so at once. The tables are in the first schema of the
// connection's search_path. The error is a sentence for the operator, without the
// password. A database of another program or of a newer release is left unchanged.
func OpenPostgres(ctx context.Context, url string) (*Store, error) {
	return ReopenPostgres(ctx, url, PrimaryMemory{})
}

// ReopenPostgres is OpenPostgres for an instance that remembers which primary it used
// last. If only an older one answers, the error is ErrStalePrimary.
func ReopenPostgres(ctx context.Context, url string, memory PrimaryMemory) (*Store, error) {
	cfg, size, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	fenceOf(cfg).remind(memory)
	writer, err := openPostgresPool(cfg, size-size/2)
	if err != nil {
		return nil, postgresOpenError(cfg, err)
	}
	if err := migratePostgres(ctx, writer); err != nil {
		return nil, errors.Join(postgresOpenError(cfg, err), closePool(writer))
	}
	fenceOf(cfg).readSince(writer.WithContext(ctx))
	reading := cfg.Copy()
	reading.AfterConnect = onlyRead
	reader, err := openPostgresPool(reading, size/2) // reads have connections of their own, so waiting writes do not block them
	if err != nil {
		return nil, errors.Join(postgresOpenError(cfg, err), closePool(writer))
	}
	s := &Store{engine: newPostgresWriter(writer, cfg), reader: reader, ready: newReadiness()}
	if err := s.readMenu(ctx); err != nil {
		return nil, errors.Join(postgresOpenError(cfg, err), s.Close())
	}
	return s, nil
}

// PostgresName returns the part of a PostgreSQL URL that may be shown: without
// user, password and settings. The error is ErrNotPostgres.
func PostgresName(url string) (string, error) {
	cfg, _, err := postgresConfig(url)
	if err != nil {
		return "", err
	}
	return "postgres://" + hostPorts(cfg) + "/" + cfg.Database, nil
}

// hostPorts lists the addresses of the URL, separated by commas.
func hostPorts(cfg *pgx.ConnConfig) string {
	var names []string
	for _, a := range addressesOf(&cfg.Config) {
		names = append(names, a.name)
	}
	return strings.Join(names, ",")
}

// ErrNotPostgres means that a URL is not the address of a PostgreSQL database.
var ErrNotPostgres = errors.New("must be the address of a PostgreSQL database: postgres://user:password@host:5432/database")

// Defaults of a connection; the URL may change them.
const (
	connectTimeout = 3 * time.Second
	poolSize       = 16
)

// postgresSettings are defaults, too. They limit how long a request can wait.
var postgresSettings = map[string]string{
	"application_name":                    "restaurant",
	"client_encoding":                     "UTF8",
	"default_transaction_isolation":       "read committed",
	"statement_timeout":                   "5s",
	"lock_timeout":                        "3s",
	"idle_in_transaction_session_timeout": "10s", // a frozen instance must lose its locks
}

// postgresConfig parses a URL. Its errors repeat nothing of it, because it holds a
// password.
func postgresConfig(url string) (cfg *pgx.ConnConfig, size int, err error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, 0, ErrNotPostgres
	}
	if cfg, err = pgx.ParseConfig(url); err != nil {
		return nil, 0, urlFaultOf(err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	size = poolSize
	if text, given := cfg.RuntimeParams["pool_max_conns"]; given { // pgxpool's name; not a setting of the server
		delete(cfg.RuntimeParams, "pool_max_conns")
		if size, err = strconv.Atoi(text); err != nil || size < 2 {
			return nil, 0, urlFault("needs a pool_max_conns of 2 or more: one connection to write, and one to read")
		}
	}
	for name, value := range postgresSettings {
		if _, given := cfg.RuntimeParams[name]; !given && !strings.Contains(cfg.RuntimeParams["options"], name) {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.Tracer = timeouts{newOutage(), newFence(&cfg.Config)}
	return cfg, size, nil
}

// onlyRead lets a connection only read. It is no setting of the start of a connection:
// with target_session_attrs=read-write, each server would look like one that takes no
// writes.
func onlyRead(ctx context.Context, conn *pgconn.PgConn) error {
	return conn.Exec(ctx, "SET default_transaction_read_only = on").Close()
}

func openPostgresPool(cfg *pgx.ConnConfig, size int) (*gorm.DB, error) {
	pool := newBoundedPool(cfg, size)
	db, err := openGORM(postgresDialector{&postgres.Dialector{Config: &postgres.Config{Conn: pool}}}, pool.db)
	if err == nil {
		db.QueryFields = true // an instance of a newer release may add columns
	}
	return db, err
}

// migratePostgres applies each missing version in a transaction of its own. Of
// several instances that start at once, one does it and the others wait.
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

// migrateStep applies the next version and reports whether there was none.
func migrateStep(tx *gorm.DB, files []string) (done bool, err error) {
	for _, stmt := range []string{
		"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0",
		fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", applicationID),
	} {
		if err := tx.Exec(stmt).Error; err != nil {
			return false, err
		}
	}
	version, err := postgresSchemaVersion(tx, len(files))
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

// postgresSchemaVersion returns the version of our schema, 0 if there is none. A
// schema of another program or of a newer release is an error.
func postgresSchemaVersion(tx *gorm.DB, known int) (version int, err error) {
	var found struct {
		Name   *string // of the schema
		Tables int     // in it, without those of extensions
		Ours   bool
	}
	err = tx.Raw(`SELECT current_schema() AS name, count(c.oid) AS tables, coalesce(bool_or(c.relname = 'restaurant_schema'), false) AS ours
		FROM (SELECT current_schema() AS name) s JOIN pg_catalog.pg_namespace n ON n.nspname = s.name
		LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`).Scan(&found).Error
	switch {
	case err != nil:
		return 0, err
	case found.Name == nil:
		return 0, errors.New("no schema in its search_path exists: create one, or leave search_path out of RESTAURANT_DATABASE_URL")
	case found.Tables > 0 && !found.Ours:
		return 0, fmt.Errorf("its schema %q holds tables of another program: choose an empty database", *found.Name)
	case !found.Ours:
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

// postgresOpenError makes a sentence for the operator of why the database cannot
// be opened.
func postgresOpenError(cfg *pgx.ConnConfig, err error) error {
	where := hostPorts(cfg)
	refused, _ := errors.AsType[*unsuitableError](err)
	switch state := sqlState(err); {
	case refused != nil:
		err = refused
	case state == "28P01" || state == "28000":
		err = fmt.Errorf("the server refuses the user %q or the password in RESTAURANT_DATABASE_URL: check both, and pg_hba.conf there", cfg.User)
	case state == "3D000":
		err = errors.New("the server has no database of that name: create it first, with createdb")
	case state == "42501":
		err = fmt.Errorf("the user %q may not create or read its tables: give it these rights with GRANT, or make it the owner of the database", cfg.User)
	case state == "53300":
		err = errors.New("the server has no connection left: raise max_connections there, or use a smaller pool_max_conns in RESTAURANT_DATABASE_URL")
	case tlsFault(err) != "":
		err = errors.New("the server answers, but " + tlsFault(err))
	case state == "" && errors.Is(classify(err), ErrDatabaseUnavailable):
		err = fmt.Errorf("no PostgreSQL server answers at %s: check that the server runs there, listens on that address and allows this machine", where)
	default:
		err = errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return fmt.Errorf("the database %q at %s (RESTAURANT_DATABASE_URL) cannot be opened: %w. Nothing was changed", cfg.Database, where, err)
}
