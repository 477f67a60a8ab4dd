package handlers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/gin-gonic/gin"

	"restaurant/docs"
	"restaurant/e2e/testkit"
	"restaurant/kitchen"
	"restaurant/learn"
	"restaurant/learn/lab"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/queue"
	"restaurant/seed"
	listener "restaurant/server"
	"restaurant/tokens"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	dir := seededDir() // not in a synctest bubble, where it would be the year 2000
	code := testkit.Run(m)
	os.RemoveAll(dir)
	os.Exit(code)
}

// testURL is the address of the server in tests, and so the iss of its tokens.
const testURL = "http://localhost:8080"

// accessCookie and refreshCookie are the names of the cookies at testURL.
const accessCookie, refreshCookie = "access_token_8080", "refresh_token_8080"

// seededDir is the data folder of a server after its first start: seeded, with a key. It
// is made once and copied for each test, because hashing passwords is slow. Its
// database is restaurant.db, or a database in PostgreSQL, see stores.
var seededDir = sync.OnceValue(func() string {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "restaurant-test-")
	must(err)
	store, err := models.OpenSQLite(context.Background(), filepath.Join(dir, "restaurant.db"))
	must(err)
	must(loadSeed(store))
	must(store.Close())
	_, err = tokens.OpenKeys(filepath.Join(dir, "keys"))
	must(err)
	school, err := learn.Open(context.Background(), filepath.Join(dir, "lessons.db"), learn.Options{PublicURL: testURL})
	must(err)
	must(school.Close())
	return dir
})

var stores = testkit.Stores[*models.Store]{SQLite: models.OpenSQLite, Postgres: models.OpenPostgres, Fill: loadSeed}

func loadSeed(store *models.Store) error {
	ctx := context.Background()
	return errors.Join(seed.Menu(ctx, store), seed.Users(ctx, store))
}

// dbLocation is a SQLite file or a PostgreSQL URL.
type dbLocation struct{ file, url string }

// open opens the database until the test ends.
func (s dbLocation) open(t testing.TB) *models.Store {
	t.Helper()
	return stores.Open(t, s.file+s.url)
}

// secondConnection opens the database a second time, as another program would.
func (s dbLocation) secondConnection(t testing.TB) *sql.DB {
	t.Helper()
	driver, source := "sqlite", s.file
	if s.url != "" {
		driver, source = "pgx", s.url
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// server is the full router over a real database, without a network.
type server struct {
	*API
	dir      string
	location dbLocation
	handler  http.Handler
	log      *lockedBuffer
	lessons  *learn.Handler
}

// copySeeded makes a copy of seededDir, and of its database.
func copySeeded(t testing.TB) (dir string, s dbLocation) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(seededDir())); err != nil {
		t.Fatal(err)
	}
	keyDir := filepath.Join(dir, "keys")
	if err := os.Chmod(keyDir, 0o700); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(keyDir, "*.pem"))
	for _, f := range files {
		if err := os.Chmod(f, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if testkit.UsesPostgres() {
		return dir, dbLocation{url: stores.New(t, dir)}
	}
	return dir, dbLocation{file: filepath.Join(dir, "restaurant.db")}
}

// newServer makes a server for one test. Its kitchen is manual unless an option says
// otherwise.
func newServer(t testing.TB, options ...func(*server)) *server {
	t.Helper()
	dir, s := copySeeded(t)
	return openServer(t, dir, s, "", options...)
}

// openServer makes a server over an existing folder and database; of several over one
// database each has a name.
func openServer(t testing.TB, dir string, s dbLocation, instance string, options ...func(*server)) *server {
	t.Helper()
	srv := &server{log: new(lockedBuffer), dir: dir, location: s}
	srv.open(t, instance, options...)
	return srv
}

// open makes everything that is in memory.
func (srv *server) open(t testing.TB, instance string, options ...func(*server)) {
	t.Helper()
	store := srv.location.open(t)
	keys, err := tokens.OpenKeys(filepath.Join(srv.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(srv.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	srv.API = &API{ // for the options; New makes the one of the test
		Config: Config{PublicURL: testURL, Version: "test", Demo: true},
		Deps:   Deps{Store: store, Kitchen: kitchen.New(store, kitchen.Mode{Manual: true, Pace: 3 * time.Second}, log), Hashing: queue.New(runtime.NumCPU()), Log: log},
	}
	if err := keys.Register(t.Context(), store, tokens.Instance{Name: instance, Issuer: testURL}); err != nil {
		t.Fatal(err)
	}
	srv.Authority = tokens.NewAuthority(keys, testURL, 15*time.Minute)
	if srv.Sessions, err = tokens.NewSessions(t.Context(), store, srv.Authority, 7*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, option := range append([]func(*server){withLessons(t)}, options...) {
		option(srv)
	}
	if srv.API, err = New(srv.Config, srv.Deps); err != nil {
		t.Fatal(err)
	}
	srv.handler = srv.Handler()
}

// forOneLearner lets the server be closed and opened again, with the same options. app does
// it to a program in use; here one request runs at a time.
func forOneLearner(t *testing.T, options ...func(*server)) func(*server) {
	return func(srv *server) {
		srv.lessons.LoopbackOnly = true
		srv.lessons.Reopen = func(context.Context) (*learn.Handler, time.Duration, error) {
			err := srv.lessons.Close()
			srv.open(t, "", append(options, forOneLearner(t, options...))...)
			return srv.lessons, time.Millisecond, err
		}
	}
}

// withLessons opens the lessons and the lab, until the test ends.
func withLessons(t testing.TB) func(*server) {
	return func(srv *server) {
		lessons, err := learn.Open(t.Context(), filepath.Join(srv.dir, "lessons.db"), learn.Options{
			PublicURL: testURL, Log: srv.Log, Sign: srv.Authority.SignDocument,
			Preview: func(context.Context) ([]learn.Loss, error) { return []learn.Loss{{What: "orders", Count: 1}}, nil },
			Reset: func(ctx context.Context) error {
				day, err := seed.State(true)
				if err != nil {
					return err
				}
				return srv.Store.ResetTo(ctx, day)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { lessons.Close() })
		srv.lessons = lessons
		l := newLab(srv)
		t.Cleanup(l.Close)
		srv.Mounts, srv.Weather = append(srv.Mounts, lessons.Mount, l.Mount), l.Weather
		srv.OnResponse = lessons.OnResponse
	}
}

// newLab gives the lab what the program gives it.
func newLab(srv *server) *lab.Lab {
	return lab.New(lab.Options{
		Note:   learn.Note,
		Report: func(e lab.Evidence) { srv.lessons.Report(learn.Evidence(e)) },
		Measured: func(ctx context.Context, name string, result any) error {
			return srv.lessons.Measured(ctx, name, result)
		},
		CheckPassword: func(c *gin.Context, username, password string) (lab.Guest, error) {
			u, err := srv.CheckPassword(c, username, password)
			return lab.Guest{Sub: strconv.FormatInt(u.ID, 10), Name: u.Name, Role: string(u.Role), VIP: u.VIP}, err
		},
		OpenTickets: func(ctx context.Context) (lab.Tickets, error) {
			return models.OpenTickets(ctx, filepath.Join(srv.dir, "lab"))
		},
		TokenChecks: lab.TokenChecks{
			NewToken: func() (string, error) {
				return srv.Authority.Issue(models.User{ID: 1, Name: "Alice", Role: models.RoleGuest}, tokens.NewID(), srv.Authority.Now().Add(time.Minute))
			},
			Verify:   func(token string) error { _, err := srv.Authority.Verify(token); return err },
			Remember: func(token string) error { return srv.VerifyRemembered(token) },
			CountQueries: func(ctx context.Context) (context.Context, func() int) {
				ctx, sql := models.CountStatements(ctx)
				return ctx, func() int { return int(sql.Count()) }
			},
		},
		PublicPEM: srv.Authority.Keys().PublicPEM, Refusal: srv.Authority.Refusal,
		Server: func() http.Handler { return srv.handler },
		WireCertificate: func() (*tls.Certificate, []byte, error) {
			return listener.SelfSignedOnce([]string{"localhost", "127.0.0.1"})
		},
		Clock: lab.Clock{Ahead: srv.Authority.Ahead, Advance: srv.Authority.Advance, Most: tokens.MaxAhead},
	})
}

// withKitchen lets the kitchen cook by itself until the test ends.
func withKitchen(t *testing.T, pace time.Duration) func(*server) {
	return func(srv *server) {
		k := kitchen.New(srv.Store, kitchen.Mode{Pace: pace}, srv.Log)
		srv.Kitchen = k
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		var cooks sync.WaitGroup
		cooks.Go(func() { k.Run(ctx) })
		t.Cleanup(func() { stop(); cooks.Wait() })
	}
}

// lockedBuffer is a log that tests may read while the server writes it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// token gives a user an access token without the slow password.
func (srv *server) token(t testing.TB, username string) string {
	t.Helper()
	u, err := srv.Store.UserByUsername(context.Background(), username)
	if err != nil {
		t.Fatal(err)
	}
	token, err := srv.Authority.Issue(u, tokens.NewID(), srv.Authority.Now().Add(srv.Authority.Lifetime()))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// An option changes a request before it is sent.
type option func(*http.Request)

// as sends the request with the access token of a user.
func (srv *server) as(t testing.TB, username string) option {
	return bearer(srv.token(t, username))
}

func bearer(token string) option { return with("Authorization", "Bearer "+token) }

func with(name, value string) option { return func(r *http.Request) { r.Header.Add(name, value) } }

func (srv *server) get(t testing.TB, path string, opts ...option) *response {
	t.Helper()
	return srv.do(t, http.MethodGet, path, "", opts...)
}

func (srv *server) post(t testing.TB, path, body string, opts ...option) *response {
	t.Helper()
	return srv.do(t, http.MethodPost, path, body, opts...)
}

// do sends a request through the full router and holds the answer against the
// contract. A body goes as JSON unless an option says otherwise.
func (srv *server) do(t testing.TB, method, path, body string, opts ...option) *response {
	t.Helper()
	req := newRequest(method, path, body)
	for _, opt := range opts {
		opt(req)
	}
	if body != "" && req.Header["Content-Type"] == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	srv.handler.ServeHTTP(rec, req)
	res := &response{ResponseRecorder: rec, request: method + " " + path}
	res.checkInvariants(t)
	res.checkContract(t, req)
	return res
}

// newRequest makes a request that is addressed to the server.
func newRequest(method, path, body string) *http.Request {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "localhost:8080"
	return req
}

type response struct {
	*httptest.ResponseRecorder
	request string
}

var secrets = regexp.MustCompile(`\$argon2id\$|PRIVATE KEY|password_hash|SELECT |INSERT |sqlite|SQLSTATE|postgres:|\.go:`)

// checkInvariants checks what is true of every answer of the server.
func (r *response) checkInvariants(t testing.TB) {
	t.Helper()
	h := r.Header()
	for _, name := range []string{"X-Request-ID", "Server-Timing", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Resource-Policy"} {
		if h.Get(name) == "" {
			t.Errorf("%s: the answer has no %s", r.request, name)
		}
	}
	body := r.Body.String()
	if leak := secrets.FindString(body); leak != "" && !strings.Contains(h.Get("Content-Type"), "javascript") && !strings.HasSuffix(r.request, "json") {
		t.Errorf("%s: the answer holds %q", r.request, leak)
	}
	if r.Code >= 500 && r.Code != http.StatusServiceUnavailable {
		t.Errorf("%s: status %d: %s", r.request, r.Code, body)
	}
	if r.Code < 400 {
		return
	}
	p := decode[problem.Problem](t, r)
	slug := strings.TrimPrefix(p.Type, "/problems/")
	switch kind := problem.Find(slug); {
	case h.Get("Content-Type") != problem.ContentType:
		t.Errorf("%s: an error of type %q", r.request, h.Get("Content-Type"))
	case kind == nil || kind.Status != r.Code || p.Status != r.Code || p.Title != kind.Title:
		t.Errorf("%s: status %d and problem %+v do not fit", r.request, r.Code, p)
	case p.Detail == "" || p.RequestID != h.Get("X-Request-ID"):
		t.Errorf("%s: incomplete problem %+v", r.request, p)
	case (slug == "validation-failed") != (len(p.Errors) > 0):
		t.Errorf("%s: %s with errors %v", r.request, slug, p.Errors)
	case r.Code == 401 && !strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer"):
		t.Errorf("%s: 401 with WWW-Authenticate %q", r.request, h.Get("WWW-Authenticate"))
	case r.Code == 503 && h.Get("Retry-After") == "":
		t.Errorf("%s: 503 without Retry-After", r.request)
	}
}

// contract is the OpenAPI document, made stricter than it is for clients: an
// answer may have no field that the document doesn't name.
var contract = sync.OnceValue(func() routers.Router {
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		panic(err)
	}
	for _, media := range []string{"text/html", "text/css", "text/javascript", "image/svg+xml", "text/event-stream", "application/x-pem-file"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.FileBodyDecoder)
	}
	doc.Servers = nil // tests have many hosts
	closed := false
	for _, s := range doc.Components.Schemas {
		if s.Value.Type.Is("object") {
			s.Value.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return router
})

// checkContract validates an answer against the OpenAPI document: status,
// media type and every field. Only what the router refuses by itself is not in
// it.
func (r *response) checkContract(t testing.TB, req *http.Request) {
	t.Helper()
	req = req.Clone(context.Background())
	if req.Method == http.MethodHead || r.Code == http.StatusMethodNotAllowed || r.Code == http.StatusRequestHeaderFieldsTooLarge {
		return
	}
	req.URL.Host, req.URL.Scheme = "", ""
	route, params, err := contract().FindRoute(req)
	if err != nil || req.URL.Path != "/" && strings.HasSuffix(req.URL.Path, "/") { // its router is lax there, ours is not
		if r.Code != http.StatusNotFound && r.Code != http.StatusMisdirectedRequest && !isPage(req.URL.Path) {
			t.Errorf("%s answers %d and is not in the document: %v", r.request, r.Code, err)
		}
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 r.Code,
		Header:                 r.Header(),
		Body:                   io.NopCloser(bytes.NewReader(r.Body.Bytes())),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true,
			// JSON is the contract; the text that people can ask for instead is said in prose.
			ExcludeResponseBody: route.Operation.Responses.Status(r.Code) != nil && strings.HasPrefix(r.Header().Get("Content-Type"), "text/"),
		},
	})
	if err != nil {
		t.Errorf("%s breaks the contract: %v\n%s", r.request, err, r.Body)
	}
}

// wants fails the test unless the answer has this status and, for a refusal,
// this slug.
func (r *response) wants(t testing.TB, status int, slug string) *response {
	t.Helper()
	got := ""
	if r.Code >= 400 {
		got = strings.TrimPrefix(decode[problem.Problem](t, r).Type, "/problems/")
	}
	if r.Code != status || got != slug {
		t.Fatalf("%s: got %d %s, want %d %s\n%s", r.request, r.Code, got, status, slug, r.Body)
	}
	return r
}

// fields are the fields that a validation found fault with.
func (r *response) fields(t testing.TB) []string {
	t.Helper()
	var fields []string
	for _, e := range decode[problem.Problem](t, r).Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

// queries is the number that Server-Timing says.
func (r *response) queries(t testing.TB) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.Header().Get("Server-Timing"), `desc="`)
	n, _, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 {
		t.Fatalf("%s: Server-Timing is %q", r.request, r.Header().Get("Server-Timing"))
	}
	return n
}

func decode[T any](t testing.TB, r *response) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v: %s", r.request, err, r.Body)
	}
	return v
}

const margherita = `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`

// newOrder places an order for one large Margherita.
func (srv *server) newOrder(t testing.TB, opts ...option) orderResponse {
	t.Helper()
	return decode[orderResponse](t, srv.post(t, "/api/v1/orders", margherita, opts...).wants(t, 201, ""))
}

// formOrJSON writes an example of the document in its media type.
func formOrJSON(t testing.TB, media string, example any) (body string, contentType option) {
	t.Helper()
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	if media == "application/json" {
		return string(text), with("Content-Type", media)
	}
	form := url.Values{}
	for name, value := range example.(map[string]any) {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, value := range list {
			form.Add(name, fmt.Sprint(value))
		}
	}
	return form.Encode(), with("Content-Type", media)
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

type httpRequest = http.Request

// rawGet gets what is not JSON, so that only the test judges it.
func (srv *server) rawGet(path string, headers ...string) *httptest.ResponseRecorder {
	rec, req := httptest.NewRecorder(), newRequest(http.MethodGet, path, "")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Host = cmp.Or(req.Header.Get("Host"), req.Host)
	srv.handler.ServeHTTP(rec, req)
	return rec
}
