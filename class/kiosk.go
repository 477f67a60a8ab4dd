package class

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"restaurant/basepath"
	"restaurant/learn/kiosk"
)

// kioskPath is where the kiosk is, below the class and below each table. A cookie of a table
// reaches it only there, and only there it knows whose lesson a forged token is for.
const kioskPath = "/kiosk"

// newKiosk returns a kiosk that trusts all tables. Each table has one of its own, besides that of
// the class: what one learner lets a kiosk ask must not answer the lesson of another.
func (c *Class) newKiosk() (*kiosk.Kiosk, error) {
	return kiosk.New(kiosk.Options{Trust: c.URL + "/t", Pages: besideKiosk, Transport: toTables{c}, Log: c.Log})
}

// besideKiosk leads from a kiosk's page of a problem to the folder that the kiosk is in: the class
// or a table, whose code may change.
const besideKiosk = "../.."

type tableKey struct{}

// serveKiosk answers a request for the kiosk below the address of a table.
func (t *table) serveKiosk(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(context.WithValue(r.Context(), tableKey{}, t))
	basepath.Handler(t.path()+kioskPath, t.kiosk).ServeHTTP(w, r)
}

// toTables sends the requests of the kiosk to the tables without a network. What the kiosk
// cannot tell an issuer, because a token names none, goes to the table where it was asked.
type toTables struct{ class *Class }

// RoundTrip makes toTables an http.RoundTripper.
func (all toTables) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &answer{header: http.Header{}, status: http.StatusOK}
	inner := r.Clone(r.Context())
	inner.RemoteAddr, inner.RequestURI = "127.0.0.1:1", r.URL.RequestURI()
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	t := all.tableOf(inner)
	if t == nil {
		answer.status = http.StatusNotFound
	} else if err := t.serveDocuments(answer, inner); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.header,
		Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

func (all toTables) tableOf(r *http.Request) *table {
	rest := strings.TrimPrefix(r.URL.Path, "/t/")
	segment, _, _ := strings.Cut(rest, "/")
	if t := all.class.byNumber(segment); t != nil {
		return t
	}
	t, _ := r.Context().Value(tableKey{}).(*table)
	if t != nil {
		r.URL.Path = t.keysPath() + "/" + rest
	}
	return t
}

// answer keeps the response of a handler.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
