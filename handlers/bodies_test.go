package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/problem"
)

// bodies are the calls that take JSON, with a body that each of them accepts.
var bodies = map[string]string{
	"POST /api/v1/auth/register":     `{"username":"new.guest","password":"a sentence only I know","name":"New guest"}`,
	"POST /api/v1/auth/login":        `{"username":"alice","password":"alice-likes-pizza"}`,
	"POST /api/v1/auth/inspect":      `{"token":"a.b.c"}`,
	"POST /api/v1/menu":              calzone,
	"PUT /api/v1/menu/2":             calzone,
	"POST /api/v1/orders":            margherita,
	"PATCH /api/v1/kitchen/orders/1": `{"status":"preparing"}`,
	"PUT /api/v1/kitchen/mode":       `{"mode":"manual"}`,
	"PATCH /api/v1/users/2":          `{"vip":true}`,
}

// TestBodies_brokenOnesAreRefused sends every kind of broken body to every call that takes one. A
// sound one goes before and after, so the server keeps serving.
func TestBodies_brokenOnesAreRefused(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	srv.newOrder(t, marco)
	deep := func(open, shut string) string {
		return `{"items":` + strings.Repeat(open, 10_000) + strings.Repeat(shut, 10_000) + `}`
	}
	for _, tc := range []struct {
		name, body string
		opts       []option
		status     int
		slugs      string // several where calls differ
		says       string
	}{
		{"an empty body", "", []option{with("Content-Type", "application/json")}, 400, "malformed-json", "is the file there"},
		{"a truncated body", `{"items":[{"menu_item_id":1,`, nil, 400, "malformed-json", "byte"},
		{"two bodies", `{} {}`, nil, 400, "malformed-json", ""},
		{"words", `one margherita`, nil, 400, "malformed-json", ""},
		{"single quotes", `{'items':[]}`, nil, 400, "malformed-json", ""},
		{"a comment", "{} // please", nil, 400, "malformed-json", ""},
		{"NaN", `{"items":NaN}`, nil, 400, "malformed-json", ""},
		{"a leading zero", `{"items":01}`, nil, 400, "malformed-json", ""},
		{"a byte order mark", "\ufeff{}", nil, 400, "malformed-json", "byte-order mark"},
		{"UTF-16", "{\x00}\x00", nil, 400, "malformed-json", "UTF-16"},
		{"invalid UTF-8", "{\"name\":\"\xff\xfe\"}", nil, 400, "malformed-json", "UTF-8"},
		{"half a surrogate", `{"name":"\ud800"}`, nil, 400, "malformed-json", ""},
		{"NUL", "{\"name\":\"\x00\"}", nil, 400, "malformed-json", ""},
		{"lists 10,000 deep", deep("[", "]"), nil, 400, "malformed-json", ""},
		{"objects 10,000 deep", deep(`{"a":`, `}`), nil, 400, "malformed-json", ""},
		{"a list", `[]`, nil, 422, "validation-failed", ""},
		{"a string", `"margherita"`, nil, 422, "validation-failed", ""},
		{"a number", `1e999999`, nil, 422, "validation-failed", ""},
		{"null", `null`, nil, 422, "validation-failed token-missing", ""},
		{"10 MB", `{"name":"` + strings.Repeat("x", 10<<20) + `"}`, nil, 413, "body-too-large", ""},
		{"64 KiB and a byte", `{"name":"` + strings.Repeat("x", httpjson.MaxBody+1-11) + `"}`, nil, 413, "body-too-large", ""},
		{"10 MB without a length", `{"name":"` + strings.Repeat("x", 10<<20) + `"}`, []option{chunked}, 413, "body-too-large", ""},
		{"a body that breaks off", `{`, []option{brokenBody}, 400, "malformed-json", "broke off"},
		{"no type", `{}`, []option{without("Content-Type")}, 415, "unsupported-media-type", "without a Content-Type"},
		{"XML", `<order/>`, []option{with("Content-Type", "application/xml")}, 415, "unsupported-media-type", "application/xml"},
		{"UTF-16 with its mark", "\xff\xfe{\x00}\x00", nil, 400, "malformed-json", "UTF-16"},
		{"nothing, without a type", "", []option{without("Content-Type")}, 400, "malformed-json", "is the file there"},
		{"blanks", " \n", nil, 400, "malformed-json", "is the file there"},
		{"multipart", "--x--", []option{with("Content-Type", "multipart/form-data; boundary=x")}, 415, "unsupported-media-type", "application/x-www-form-urlencoded"},
		{"gzip", "\x1f\x8b\x08", []option{with("Content-Encoding", "gzip")}, 415, "unsupported-media-type", "Content-Encoding"},
		{"text", `{}`, []option{with("Content-Type", "text/plain")}, 415, "unsupported-media-type", "text/plain"},
		{"Latin-1", `{}`, []option{with("Content-Type", "application/json; charset=iso-8859-1")}, 415, "unsupported-media-type", "charset"},
		{"a text in Latin-1", `{}`, []option{with("Content-Type", "text/plain; charset=iso-8859-1")}, 415, "unsupported-media-type", "came as text/plain. This call takes JSON"},
		{"a type that is none", `{}`, []option{with("Content-Type", "application/json; charset")}, 415, "unsupported-media-type", ""},
		{"another type that ends in json", `{}`, []option{with("Content-Type", "application/problem+json")}, 415, "unsupported-media-type", "application/problem+json"},
	} {
		for call := range bodies {
			method, path, _ := strings.Cut(call, " ")
			t.Run(tc.name+" to "+call, func(t *testing.T) {
				res := srv.do(t, method, path, tc.body, append(tc.opts, marco)...)
				p := decode[problem.Problem](t, res)
				slug := strings.TrimPrefix(p.Type, "/problems/")
				if slug == "token-missing" && res.Code == 400 && strings.Contains(tc.slugs, slug) {
					return
				}
				if res.Code != tc.status || !strings.Contains(tc.slugs, slug) || !strings.Contains(p.Detail, tc.says) {
					t.Errorf("answered %d %s", res.Code, res.Body)
				}
			})
		}
	}
	for call, body := range bodies {
		method, path, _ := strings.Cut(call, " ")
		if res := srv.do(t, method, path, body, marco); res.Code >= 300 {
			t.Errorf("the control %s is answered %d %s", call, res.Code, res.Body)
		}
	}
}

func without(header string) option { return func(r *http.Request) { r.Header[header] = []string{} } }

func chunked(r *http.Request) { r.ContentLength = -1 }

// brokenBody is a client that goes away in the middle of its body.
func brokenBody(r *http.Request) {
	r.ContentLength = -1
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), errReader{}))
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestBodies_unknownFieldsAreRefused tries to slip a field into every call that takes
// JSON, and what the server never lets a guest say into all of them.
func TestBodies_unknownFieldsAreRefused(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	srv.newOrder(t, marco)
	for call, body := range bodies {
		method, path, _ := strings.Cut(call, " ")
		for _, field := range []string{"role_", "Role", "ID", "user_id", "total_cents", "password_hash", "__proto__", "ITEMS", "Status", "Token"} {
			sent := strings.Replace(body, "{", `{"`+field+`":1,`, 1)
			res := srv.do(t, method, path, sent, marco)
			if path == "/api/v1/auth/inspect" {
				res.wants(t, 200, "") // a saved answer is a valid body
				continue
			}
			res.wants(t, 400, "unknown-field")
		}
		if path != "/api/v1/auth/inspect" {
			srv.namesTheField(t, method, path, body, marco)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(body, `{"`), `"`)
		srv.do(t, method, path, strings.Replace(body, "{", `{"`+name+`":null,`, 1), marco).wants(t, 400, "malformed-json")
	}
}

var fieldsOf = regexp.MustCompile(`"([a-z_]{4,})":`)

// namesTheField misspells each field of a body. The refusal names the field that was
// meant.
func (srv *server) namesTheField(t *testing.T, method, path, body string, as option) {
	t.Helper()
	for _, m := range fieldsOf.FindAllStringSubmatch(body, -1) {
		name := m[1]
		wrong := name[1:2] + name[:1] + name[2:]
		res := srv.do(t, method, path, strings.Replace(body, `"`+name+`":`, `"`+wrong+`":`, 1), as).wants(t, 400, "unknown-field")
		detail := decode[problem.Problem](t, res).Detail
		if !strings.Contains(detail, `the field "`+wrong+`"`) || !strings.Contains(detail, `Did you mean "`+name+`"?`) {
			t.Errorf("%s %s with %s is answered %q", method, path, wrong, detail)
		}
	}
}

// TestBodies_stringsAreOnlyStrings puts SQL, HTML and odd characters into every string
// and looks whether they come back as they went in.
func TestBodies_stringsAreOnlyStrings(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	for _, evil := range []string{`'); DROP TABLE users; --`, `<script>alert(1)</script>`, `{{.}} ${7*7} %s %n`, `../../etc/passwd`, "Ω≈ç√ 🍕 👨\u200d👩\u200d👧", `\`, `"`} {
		quoted, err := json.Marshal(evil)
		if err != nil {
			t.Fatal(err)
		}
		dish := strings.NewReplacer(`"Calzone"`, string(quoted), `"Folded"`, string(quoted), `"Pizza"`, string(quoted)).Replace(calzone)
		d := decode[dishResponse](t, srv.post(t, "/api/v1/menu", dish, marco).wants(t, 201, ""))
		order := fmt.Sprintf(`{"items":[{"menu_item_id":%d,"size":"regular","quantity":1,"note":%s}]}`, d.ID, quoted)
		o := decode[orderResponse](t, srv.post(t, ordersPath, order, marco).wants(t, 201, ""))
		if d.Name != evil || d.Category != evil || d.Description != evil || o.Items[0].Note != evil || o.Items[0].Name != evil {
			t.Errorf("%q came back as %+v %+v", evil, d, o)
		}
		srv.do(t, "PATCH", "/api/v1/users/2", `{"name":`+string(quoted)+`}`, marco).wants(t, 200, "")
		if me := decode[meResponse](t, srv.get(t, mePath, srv.as(t, "bob")).wants(t, 200, "")); me.Name != evil {
			t.Errorf("%q is called %q", evil, me.Name)
		}
	}
}

// TestBodies_textThatShowsNothing puts text that hides or turns what is around it into
// every string that people type.
func TestBodies_textThatShowsNothing(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	for _, call := range []struct{ method, path, body, field string }{
		{"POST", "/api/v1/auth/register", `{"username":"new.guest","password":"a sentence only I know","name":%s}`, "name"},
		{"PATCH", usersPath + "/2", `{"name":%s}`, "name"},
		{"POST", "/api/v1/menu", strings.Replace(calzone, `"Calzone"`, "%s", 1), "name"},
		{"PUT", "/api/v1/menu/2", strings.Replace(calzone, `"Pizza"`, "%s", 1), "category"},
		{"POST", ordersPath, strings.Replace(margherita, "{", `{"table":%s,`, 1), "table"},
	} {
		for name, text := range map[string]string{"a zero-width space": "\u200b", "a Hangul filler": "\u3164", "an override": "a\u202eb", "an escape": "a\x1b[2J"} {
			quoted, _ := json.Marshal(text)
			res := srv.do(t, call.method, call.path, fmt.Sprintf(call.body, quoted), marco).wants(t, 422, "validation-failed")
			if got := res.fields(t); !slices.Equal(got, []string{call.field}) {
				t.Errorf("%s %s with %s finds fault with %v", call.method, call.path, name, got)
			}
		}
		if res := srv.do(t, call.method, call.path, fmt.Sprintf(call.body, `"1 \u200d👧"`), marco); res.Code >= 300 {
			t.Errorf("%s %s: the control is answered %d %s", call.method, call.path, res.Code, res.Body)
		}
	}
	const note = `{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":%s}]}`
	srv.post(t, ordersPath, fmt.Sprintf(note, `"no \u202eonions"`), marco).wants(t, 422, "validation-failed")
	srv.post(t, ordersPath, fmt.Sprintf(note, `"\u200b"`), marco).wants(t, 201, "") // a note may be empty, too
}

func TestHeaders_tooLarge(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	srv.get(t, ordersPath, alice, with("X-Note", strings.Repeat("x", 9<<10))).wants(t, 431, "header-too-large")
	srv.get(t, ordersPath+"?cursor="+strings.Repeat("x", 9<<10), alice).wants(t, 431, "header-too-large")
	srv.get(t, ordersPath, bearer(strings.Repeat("x", 1<<20))).wants(t, 431, "header-too-large")
	srv.get(t, ordersPath, alice, with("X-Note", strings.Repeat("x", 6<<10))).wants(t, 200, "")
}

// FuzzOrder sends any body as an order: never a 5xx, and nothing but a 201 puts
// an order into the database.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{
		margherita, `{"items":[]}`, `{"items":null}`, `{`, ``, `null`, `[]`, `{"items":[{"menu_item_id":1e400}]}`,
		`{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":"\u0000"}],"table":"7"}`,
		`{"items":[{"menu_item_id":1,"size":"large","quantity":1},{"menu_item_id":-1}]}`, "\xff", `{"a":1,"a":2}`,
		strings.Repeat("[", 10_000),
	} {
		f.Add(seed)
	}
	srv := newServer(f)
	alice := srv.as(f, "alice")
	f.Fuzz(func(t *testing.T, body string) {
		res := srv.post(t, ordersPath, body, alice, with("Content-Type", "application/json"))
		if res.Code != 201 && (res.Code < 400 || res.Code >= 500) {
			t.Errorf("%q is answered %d", body, res.Code)
		}
	})
}

// FuzzInspect reads any text aloud: never a 5xx, and nothing that this server did
// not sign is ever called genuine.
func FuzzInspect(f *testing.F) {
	srv := newServer(f)
	good := srv.token(f, "alice")
	for _, seed := range []string{good, good + "A", strings.ToUpper(good), "a.b.c", "..", "", "Bearer " + good, strings.Repeat("a", 70_000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		body, err := httpjson.Encode(map[string]string{"token": token})
		if err != nil {
			return // not a text that JSON can hold
		}
		res := srv.post(t, "/api/v1/auth/inspect", string(body))
		if res.Code >= 500 {
			t.Fatalf("%q is answered %d", token, res.Code)
		}
		if res.Code == 200 && decode[inspectResponse](t, res).Signature.Valid && bare(token) != good {
			t.Errorf("%q is called genuine", token)
		}
	})
}

// TestErrors_unknownOnesStayInside makes handlers fail in ways that have no name.
func TestErrors_unknownOnesStayInside(t *testing.T) {
	srv := newServer(t)
	r := srv.handler.(*gin.Engine)
	secret := "the password of the database is in file.go:12"
	r.GET("/fails", adapt(func(*gin.Context) error { return errors.New(secret) }))
	r.GET("/panics", adapt(func(*gin.Context) error { panic(secret) }))
	r.GET("/away", adapt(func(*gin.Context) error { return fmt.Errorf("%w: %s", models.ErrDatabaseUnavailable, secret) }))
	r.GET("/full", adapt(func(*gin.Context) error { return fmt.Errorf("%w: %s", models.ErrStorageFull, secret) }))
	for path, want := range map[string]struct {
		status int
		slug   string
	}{
		"/fails": {500, "internal-error"}, "/panics": {500, "internal-error"},
		"/away": {503, "database-unavailable"}, "/full": {503, "storage-full"},
	} {
		rec := srv.rawGet(path)
		body := rec.Body.String()
		if rec.Code != want.status || !strings.Contains(body, `"/problems/`+want.slug+`"`) || strings.Contains(body, "password") {
			t.Errorf("%s answers %d %s", path, rec.Code, body)
		}
		if id := rec.Header().Get("X-Request-ID"); !strings.Contains(body, id) || !strings.Contains(srv.log.String(), "request_id="+id) {
			t.Errorf("%s: the log does not name the request %s", path, id)
		}
		if (rec.Header().Get("Retry-After") != "") != (want.status == 503) {
			t.Errorf("%s: Retry-After is %q", path, rec.Header().Get("Retry-After"))
		}
	}
	log := srv.log.String()
	if n := strings.Count(log, secret); n != 3 { // of a panic it names type and stack: the value may be a client's text
		t.Errorf("the log names the cause %d times", n)
	}
	if !strings.Contains(log, "msg=panic type=string") || !strings.Contains(log, "bodies_test.go") {
		t.Errorf("the log does not say where it panicked:\n%s", log)
	}
}

// A panic in the middle of a response cuts the connection.
func TestErrors_panicCutsTheResponse(t *testing.T) {
	srv := newServer(t)
	srv.handler.(*gin.Engine).GET("/half", func(c *gin.Context) {
		c.String(200, "half")
		panic("in the middle")
	})
	wantsCut(t, func() { srv.rawGet("/half") })
}

func TestLog_holdsNoSecrets(t *testing.T) {
	srv := newServer(t)
	token := srv.login(t, "alice").AccessToken
	srv.newOrder(t, bearer(token))
	srv.post(t, loginPath, `{"username":"alice","password":"my-other-password"}`)
	srv.get(t, mePath+"?access_token="+token)
	srv.get(t, "/"+token)
	srv.get(t, mePath, bearer(token+"x"))
	log := srv.log.String()
	parts := strings.Split(token, ".")
	for _, secret := range []string{parts[0], parts[1], parts[2], "likes-pizza", "my-other-password", "menu_item_id", "access_token="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{"method=POST", "route=/api/v1/orders", "status=201", "duration_ms=", "request_id=", "user_id=1"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
}
