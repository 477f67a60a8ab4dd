package models

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
)

// postgresDialector classifies failures also where they occur while rows are read.
type postgresDialector struct{ *postgres.Dialector }

// Translate makes postgresDialector a gorm.ErrorTranslator.
func (d postgresDialector) Translate(err error) error {
	_, refused := errors.AsType[*unsuitableError](err)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && !refused {
		err = d.Dialector.Translate(e)
	}
	return classify(err)
}

// retryable reports whether a failed transaction may succeed in another attempt:
// after a serialization failure, a deadlock, or a stale cached plan.
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

// sqlState returns the code of an error that the server reported, or "".
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func classifyPostgres(err error) error {
	state := sqlState(err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err) // wraps "canceled" also when the cause is another
	switch {
	case errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable) || errors.Is(err, context.Canceled) && !connecting:
		return err
	case state == "22021": // invalid UTF-8 or a zero byte, which PostgreSQL never stores: no row can match
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case state == "53100":
		return fmt.Errorf("%w: %w", ErrStorageFull, err)
	case unavailable(state) || connecting || connectionLost(err):
		return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
	}
	return err
}

// unavailable reports whether the server refused because of its own state
// (postgresql.org/docs/current/errcodes-appendix.html).
func unavailable(state string) bool {
	switch state {
	case "25006", // read-only standby
		"25P03",          // idle in a transaction for too long
		"40001", "40P01", // aborted in favour of others, in each attempt
		"55P03", // lock timeout
		"57014", // statement timeout
		"57P01", "57P02", "57P03", "57P04", "57P05":
		return true
	}
	class := state[:min(2, len(state))]
	return class == "08" || class == "53" || class == "58" // connection, resources, system
}

// connectionLost reports whether the connection is broken.
func connectionLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// urlFault is a fault of a PostgreSQL URL that can be named without repeating any of it but
// the name of a file.
type urlFault string

func (e urlFault) Error() string { return string(e) }

// Is makes it a kind of ErrNotPostgres.
func (e urlFault) Is(target error) bool { return target == ErrNotPostgres }

// urlFaults are what pgx says of the settings for TLS, with what an operator is told. It has no
// other mark for them.
var urlFaults = map[string]urlFault{
	"unable to add CA to cert pool":            "names a file in sslrootcert that holds no certificate: it must be a PEM file",
	`both "sslcert" and "sslkey" are required`: "needs both sslcert and sslkey, or none of them",
	"failed to decode sslkey":                  "names a file in sslkey that holds no key: it must be a PEM file",
	"sslmode is invalid":                       "needs an sslmode that PostgreSQL knows: verify-full, verify-ca, require, prefer, allow or disable",
}

// urlFaultOf says why pgx does not take a URL. Other errors may hold parts of a password that
// was not escaped, so they are not repeated.
func urlFaultOf(err error) error {
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return urlFault(fmt.Sprintf("names the file %s, which cannot be read: %v", file.Path, file.Err))
	}
	if cause := errors.Unwrap(err); cause != nil && urlFaults[cause.Error()] != "" {
		return urlFaults[cause.Error()]
	}
	return ErrNotPostgres
}

// tlsFault says why there is no TLS with a server that answers, or nothing if that is not the
// reason.
func tlsFault(err error) string {
	if strings.Contains(err.Error(), "server refused TLS connection") { // pgx has no other mark for it
		return "it speaks no TLS: set ssl = on there, or sslmode=disable here if nobody can read on the way"
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("its certificate is refused (%v): give the authority in sslrootcert", e)
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("its certificate is refused (%v): use a name that is in it", e)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return fmt.Sprintf("its certificate is refused (%v): give the server one that is valid", e)
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return fmt.Sprintf("it ends TLS (%v): check sslcert and sslkey", alert)
	}
	return ""
}
