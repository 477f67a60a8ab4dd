package app

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/class"
	"restaurant/queue"
)

// testClass is a class with real restaurants behind a real socket.
type testClass struct {
	*class.Class
	server  *httptest.Server
	folder  string
	teacher string // the code
}

func openClass(t *testing.T, tables int) *testClass {
	t.Helper()
	return openClassIn(t, t.TempDir(), class.Settings{Title: "Pizza class", Tables: tables, Join: class.JoinOpen, Unlock: class.UnlockAll})
}

func openClassIn(t *testing.T, folder string, s class.Settings) *testClass {
	t.Helper()
	gin.SetMode(gin.TestMode)
	cfg, _, err := readConfig("class", []string{"-addr", "127.0.0.1:0", "-data-dir", folder, "-rate-limit", "off"}, func(string) string { return "" }, func(*flag.FlagSet) {})
	if err != nil {
		t.Fatal(err)
	}
	c := &testClass{folder: folder}
	c.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.ServeHTTP(w, r) }))
	url := "http://" + c.server.Listener.Addr().String()
	log := slog.New(slog.DiscardHandler)
	o := tableOpener{cfg: cfg, log: log, hashing: queue.New(hashersOfAClass)}
	if c.Class, err = class.Open(class.Options{Folder: folder, URL: url, Open: o.open, Log: log}, s); err != nil {
		t.Fatal(err)
	}
	if c.teacher, err = c.NewTeacherCode(); err != nil {
		t.Fatal(err)
	}
	c.server.Start()
	t.Cleanup(func() {
		c.Drain()
		c.server.Close()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// reply is a response that was read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request with headers, each "Name: value". A body that begins with { is JSON,
// any other a form.
func (c *testClass) send(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, strings.TrimPrefix(c.server.URL+strings.TrimPrefix(path, c.server.URL), ""), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(body, "{") {
			req.Header.Set("Content-Type", "application/json")
		}
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// asTeacher sends a request with the code of the teacher, and fails if the status is another.
func (c *testClass) asTeacher(t *testing.T, want int, method, path, body string) reply {
	t.Helper()
	res := c.send(t, method, path, body, "Authorization: Bearer "+c.teacher)
	if res.status != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, res.status, want, res.body)
	}
	return res
}

// decode reads JSON, or fails.
func decode[T any](t *testing.T, res reply) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(res.body), &v); err != nil {
		t.Fatalf("%v: %d %s", err, res.status, res.body)
	}
	return v
}

// member is a value in a document of JSON, by its path.
func member(t *testing.T, res reply, path ...any) (v any) {
	t.Helper()
	v = decode[any](t, res)
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[step.(string)]
		case []any:
			v = at[step.(int)]
		default:
			t.Fatalf("there is nothing at %v in %s", path, res.body)
		}
	}
	return v
}

// join takes a free table and returns its path.
func (c *testClass) join(t *testing.T) string {
	t.Helper()
	res := c.send(t, http.MethodPost, "/class/join", `{"name":"Anna"}`)
	if res.status != http.StatusCreated {
		t.Fatalf("join: %d %s", res.status, res.body)
	}
	return "/t/" + member(t, res, "code").(string)
}

// logIn logs somebody in at a table, and returns the header for further requests.
func (c *testClass) logIn(t *testing.T, table, username string) string {
	t.Helper()
	res := c.send(t, http.MethodPost, table+"/api/v1/auth/login", "username="+username+"&password="+username+"-likes-pizza", "Accept: text/plain")
	if res.status != http.StatusOK {
		t.Fatalf("login: %d %s", res.status, res.body)
	}
	return strings.TrimSpace(res.body)
}

// order places an order as alice.
func (c *testClass) order(t *testing.T, table, authorization string) {
	t.Helper()
	if res := c.send(t, http.MethodPost, table+"/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, authorization); res.status != http.StatusCreated {
		t.Fatalf("order: %d %s", res.status, res.body)
	}
}

// teacherCalls are all calls of the teacher, with a body that is fine.
var teacherCalls = []struct{ method, path, body string }{
	{http.MethodPost, "/teach/logout", ""},
	{http.MethodGet, "/teach/state", ""},
	{http.MethodHead, "/teach/events", ""},
	{http.MethodGet, "/teach/tables/01", ""},
}

// TestClass_onlyTheTeacher: who is not the teacher gets 401 everywhere, what a page of another
// origin sends is 403, and the teacher may do each.
func TestClass_onlyTheTeacher(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	c.join(t)
	seen := map[string]bool{}
	for _, call := range teacherCalls {
		t.Run(call.method+" "+call.path, func(t *testing.T) {
			seen[call.method+" "+call.path] = true
			res := c.send(t, call.method, call.path, call.body)
			if res.status != http.StatusUnauthorized || res.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("nobody gets %d %s", res.status, res.body)
			}
			if res := c.send(t, call.method, call.path, call.body, "Cookie: teacher=AAAA"); res.status != http.StatusUnauthorized {
				t.Errorf("a made-up session gets %d", res.status)
			}
			if call.method == http.MethodPost {
				res := c.send(t, call.method, call.path, call.body, "Origin: http://evil.example", "Authorization: Bearer "+c.teacher)
				if res.status != http.StatusForbidden || !strings.Contains(res.body, "cross-origin") {
					t.Errorf("a page of another origin gets %d %s", res.status, res.body)
				}
			}
			if res := c.send(t, call.method, call.path, call.body, "Authorization: Bearer "+c.teacher); res.status >= http.StatusMultipleChoices {
				t.Errorf("the teacher gets %d %s", res.status, res.body)
			}
		})
	}
	for _, route := range c.Routes() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.ReplaceAll(path, ":number", "01")
		if strings.HasPrefix(path, "/teach/") && path != "/teach/login" && !seen[method+" "+path] && !(method == http.MethodHead && seen["GET "+path]) && !(method == http.MethodGet && seen["HEAD "+path]) {
			t.Errorf("%s is not in the list of this test", route)
		}
	}
}

// TestClass_cookieOfTheTeacher: a login from another origin gets none; from the own page it
// opens the state; and it never travels to a table.
func TestClass_cookieOfTheTeacher(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	body := `{"code":"` + c.teacher + `"}`
	res := c.send(t, http.MethodPost, "/teach/login", body, "Origin: http://evil.example")
	if res.status != http.StatusForbidden || res.header.Get("Set-Cookie") != "" {
		t.Errorf("a login from another origin: %d, cookie %q", res.status, res.header.Get("Set-Cookie"))
	}
	res = c.send(t, http.MethodPost, "/teach/login", body, "Origin: "+c.server.URL)
	cookie := res.header.Get("Set-Cookie")
	if res.status != http.StatusNoContent || !strings.Contains(cookie, "Path=/teach;") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Fatalf("a login: %d, cookie %q", res.status, cookie)
	}
	session, _, _ := strings.Cut(cookie, ";")
	if res := c.send(t, http.MethodGet, "/teach/state", "", "Cookie: "+session); res.status != http.StatusOK {
		t.Errorf("the state with the cookie: %d", res.status)
	}
	for _, site := range []string{"cross-site", "same-site"} {
		if res := c.send(t, http.MethodGet, "/teach/state", "", "Cookie: "+session, "Sec-Fetch-Site: "+site); res.status != http.StatusUnauthorized {
			t.Errorf("the state for a page of another origin (%s): %d", site, res.status)
		}
	}
}

// TestClass_state: a table's requests are what the teacher sees of it, and what comes next.
func TestClass_state(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	table := c.join(t)
	c.send(t, http.MethodGet, table+"/api/v1/menu", "")
	for range 3 {
		c.send(t, http.MethodGet, table+"/api/v1/orders", "")
	}
	res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", "")
	for path, want := range map[string]any{"table": "01", "name": "Anna", "state": "seated", "lesson": "L01", "seen": 1.0, "of": 6.0, "stuck": true, "stuck_by": "refusals", "hints": 0.0} {
		if got := member(t, res, "tables", 0, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got := member(t, res, "tables", 1, "state"); got != "free" {
		t.Errorf("the other table is %v", got)
	}
	if got := member(t, res, "tables", 0, "last", "problem"); got != "authentication-required" {
		t.Errorf("the last request was refused with %v", got)
	}
	if member(t, res, "problems", 0, "problem") != "authentication-required" || member(t, res, "problems", 0, "tables") != 1.0 {
		t.Errorf("the commonest refusal: %v", member(t, res, "problems"))
	}
	if member(t, res, "lessons", 0, "working") != 1.0 || member(t, res, "lessons", 0, "stuck") != 1.0 {
		t.Errorf("lesson 1: %v", member(t, res, "lessons", 0))
	}
	res = c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", "")
	if next, _ := member(t, res, "next", "command").(string); !strings.Contains(next, "curl") || !strings.Contains(next, c.server.URL+table+"/api/v1/menu") {
		t.Errorf("the next step: %v", member(t, res, "next"))
	}
	if facts := member(t, res, "facts").([]any); len(facts) != 4 {
		t.Errorf("%d facts", len(facts))
	}
	for _, secret := range []string{"127.0.0.1:5", "token_hash", "who", "client"} {
		if strings.Contains(res.body, `"`+secret) {
			t.Errorf("the facts tell %s", secret)
		}
	}
	c.asTeacher(t, http.StatusNotFound, http.MethodGet, "/teach/tables/03", "")
}

// TestClass_events: the state at once, and each request within a second.
func TestClass_events(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	c.send(t, http.MethodGet, table+"/healthz", "") // opens the restaurant
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+"/teach/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.teacher)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	next := func(name string) string {
		for lines.Scan() {
			if lines.Text() == "event: "+name && lines.Scan() {
				return strings.TrimPrefix(lines.Text(), "data: ")
			}
		}
		t.Fatalf("the stream ended without %s: %v", name, lines.Err())
		return ""
	}
	next("state")
	sent := time.Now()
	c.send(t, http.MethodGet, table+"/api/v1/menu", "")
	facts := decode[[]map[string]any](t, reply{body: next("fact")})
	if len(facts) != 1 || facts[0]["table"] != "01" || facts[0]["route"] != "GET /api/v1/menu" || facts[0]["token"] != "none" {
		t.Errorf("facts: %v", facts)
	}
	if took := time.Since(sent); took > time.Second {
		t.Errorf("the fact came after %v", took)
	}
	if !strings.Contains(next("state"), `"seen":1`) {
		t.Error("the state does not know what was seen")
	}
	c.Drain()
	if lines.Scan() && lines.Scan() {
		t.Errorf("after the end: %s", lines.Text())
	}
}
