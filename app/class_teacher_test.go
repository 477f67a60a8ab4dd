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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/class"
	"restaurant/learn"
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
	if c.Class, err = class.Open(class.Options{Folder: folder, URL: url, Open: o.open, Copy: o.copy, PutBack: o.putBack, SetAside: o.setAside, ReadLessons: o.readLessons, Log: log}, s); err != nil {
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
	res := c.send(t, http.MethodPost, "/class/join", `{"name":"Vera"}`)
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
	{http.MethodGet, "/teach/wall", ""},
	{http.MethodGet, "/teach/cards", ""},
	{http.MethodGet, "/teach/sheets", ""},
	{http.MethodGet, "/teach/export.csv", ""},
	{http.MethodPost, "/teach/message", `{"text":"Look here","minutes":1}`},
	{http.MethodPost, "/teach/pause", `{"seconds":1}`},
	{http.MethodPost, "/teach/open", `{"parts":["II"]}`},
	{http.MethodPost, "/teach/clock", `{"advance":"1m"}`},
	{http.MethodPost, "/teach/pace", `{"kitchen":"auto"}`},
	{http.MethodPost, "/teach/reveal", `{"lesson":"L01","question":"predict"}`},
	{http.MethodPost, "/teach/tables/01/reset", `{"what":"lessons","dry":true}`},
	{http.MethodPost, "/teach/undo", ""},
	{http.MethodPost, "/teach/tables/01/restore", ""},
	{http.MethodPost, "/teach/tables/01/code", ""},
	{http.MethodPost, "/teach/tables/01/close", ""},
	{http.MethodPost, "/teach/tables/01/open", ""},
}

// TestClass_onlyTheTeacher: who is not the teacher gets 401 everywhere, what a page of another
// origin sends is 403, and the teacher may do each.
func TestClass_onlyTheTeacher(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	c.join(t)
	seen := map[string]bool{}
	// There is nothing to undo here, and nothing to restore: which only the teacher is told.
	refusedFor := []int{http.StatusBadRequest, http.StatusUnprocessableEntity}
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
			if res := c.send(t, call.method, call.path, call.body, "Authorization: Bearer "+c.teacher); res.status >= http.StatusMultipleChoices && !slices.Contains(refusedFor, res.status) {
				t.Errorf("the teacher gets %d %s", res.status, res.body)
			}
		})
	}
	for _, route := range c.Routes() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.ReplaceAll(path, ":number", "01")
		known := seen[method+" "+path] || method == http.MethodHead && seen["GET "+path] || method == http.MethodGet && seen["HEAD "+path]
		if strings.HasPrefix(path, "/teach/") && path != "/teach/login" && !known {
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
	for path, want := range map[string]any{"table": "01", "name": "Vera", "state": "seated", "lesson": "L01", "seen": 1.0, "of": 6.0, "stuck": true, "stuck_by": "refusals", "hints": 0.0} {
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
	c.send(t, http.MethodGet, table+"/api/v1/menu", "")
	answered := time.Now()
	facts := decode[[]map[string]any](t, reply{body: next("fact")})
	if len(facts) != 1 || facts[0]["table"] != "01" || facts[0]["route"] != "GET /api/v1/menu" || facts[0]["token"] != "none" {
		t.Errorf("facts: %v", facts)
	}
	if took := time.Since(answered); took > time.Second {
		t.Errorf("the fact came %v after the answer", took)
	}
	if !strings.Contains(next("state"), `"seen":1`) {
		t.Error("the state does not know what was seen")
	}
	c.Drain()
	for left := 0; lines.Scan(); left++ { // the empty line behind the last event
		if left > 0 {
			t.Fatalf("after the end: %s", lines.Text())
		}
	}
}

// TestClass_message: a header, the page, and the first line of what a terminal shows; an
// empty text takes it away.
func TestClass_message(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/message", `{"text":"Look at table 3 – now","minutes":5}`)
	if until, err := time.Parse(time.RFC3339, member(t, res, "until").(string)); err != nil || time.Until(until) > 5*time.Minute || time.Until(until) < 4*time.Minute {
		t.Errorf("until %v (%v)", until, err)
	}
	res = c.send(t, http.MethodGet, table+"/learn", "")
	if !strings.HasPrefix(res.body, "YOUR TEACHER SAYS: Look at table 3 – now\n\nTHE RESTAURANT") || res.header.Get("Class-Message") != "Look at table 3 %E2%80%93 now" {
		t.Errorf("%q and %.80s", res.header.Get("Class-Message"), res.body)
	}
	for path, want := range map[string][]string{
		table + "/learn/sheet?lessons=L01": {`src="` + table + `/js/parts/class.js"`, "Table 01"}, table + "/learn/glossary": {`src="` + table + `/js/parts/class.js"`},
	} {
		res := c.send(t, http.MethodGet, path, "")
		for _, part := range want {
			if !strings.Contains(res.body, part) {
				t.Errorf("%s hears nothing of the class: no %s in %.800s", path, part, res.body)
			}
		}
	}
	if got := member(t, c.send(t, http.MethodGet, "/class", ""), "message"); got != "Look at table 3 – now" {
		t.Errorf("/class says %v", got)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/message", `{"text":""}`)
	if res := c.send(t, http.MethodGet, table+"/learn", ""); !strings.HasPrefix(res.body, "THE RESTAURANT") || res.header.Get("Class-Message") != "" {
		t.Errorf("afterwards: %q and %.80s", res.header.Get("Class-Message"), res.body)
	}
	for _, body := range []string{`{"text":"` + strings.Repeat("x", 141) + `"}`, `{"text":"a\nb"}`, `{"text":"a","minutes":601}`, `{"text":"a","minutes":-1}`} {
		c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/message", body)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/message", `{"text":"`+strings.Repeat("é", 140)+`"}`)
}

// TestClass_pause: nothing is taken and nothing counts, but lessons can be read; then all goes
// on.
func TestClass_pause(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	seen := func() any {
		return member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", ""), "tables", 0, "seen")
	}
	c.send(t, http.MethodGet, table+"/healthz", "")
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pause", `{"seconds":600}`)
	res := c.send(t, http.MethodGet, table+"/api/v1/menu", "")
	if res.status != http.StatusServiceUnavailable || !strings.Contains(res.body, "class-paused") || !strings.Contains(res.body, "Hands off until") || res.header.Get("Retry-After") == "" {
		t.Errorf("the menu in a pause: %d %s", res.status, res.body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/learn": 200, "/learn/lessons/L01": 200, "/": 200, "/api/v1/orders": 503, "/kiosk/snacks": 503} {
		if res := c.send(t, http.MethodGet, table+path, ""); res.status != want {
			t.Errorf("%s in a pause: %d", path, res.status)
		}
	}
	if res := c.send(t, http.MethodPost, table+"/learn/lessons/L01/answers", "question=predict&choice=1"); res.status != http.StatusServiceUnavailable {
		t.Errorf("an answer in a pause: %d", res.status)
	}
	c.send(t, http.MethodGet, "/t/01/.well-known/jwks.json", "")
	if facts := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""), "facts").([]any); len(facts) != 0 || seen() != 0.0 {
		t.Errorf("in a pause counts %v", facts)
	}
	c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/pause", `{"seconds":601}`)
	if res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pause", `{}`); member(t, res, "paused_until") != nil {
		t.Errorf("the end of the pause: %s", res.body)
	}
	if res := c.send(t, http.MethodGet, table+"/api/v1/menu", ""); res.status != http.StatusOK || seen() != 1.0 {
		t.Errorf("after the pause: %d, seen %v", res.status, seen())
	}
}

// TestClass_unlock: a locked lesson can be read, counts nothing in public, and what was seen
// of it counts as soon as its part opens, by the teacher or by doing the part before.
func TestClass_unlock(t *testing.T) {
	t.Parallel()
	c := openClassIn(t, t.TempDir(), class.Settings{Title: "Pizza class", Tables: 2, Join: class.JoinOpen, Unlock: class.UnlockParts})
	first, second := c.join(t), c.join(t)
	state := func(table, lesson string) any {
		return member(t, c.send(t, http.MethodGet, table+"/learn/lessons/"+lesson, ""), "state")
	}
	if l1, l5, x1 := state(first, "L01"), state(first, "L05"), state(first, "X01"); l1 != "open" || l5 != "locked" || x1 != "open" {
		t.Errorf("in the beginning L01 is %v, L05 %v, X01 %v", l1, l5, x1)
	}
	if text := c.send(t, http.MethodGet, first+"/learn/lessons/L05.txt", ""); !strings.Contains(text.body, "This lesson is locked") {
		t.Errorf("L05: %.200s", text.body)
	}
	c.send(t, http.MethodPost, first+"/learn/lessons/L05/hints", "number=1") // begins it
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/open", `{"parts":["II"]}`)
	if l5, l10 := state(first, "L05"), state(first, "L10"); l5 != "started" || l10 != "locked" {
		t.Errorf("after the teacher opened part II, L05 is %v and L10 %v", l5, l10)
	}
	if got := member(t, c.send(t, http.MethodGet, "/class", ""), "open_parts"); len(got.([]any)) != 1 || !strings.HasPrefix(got.([]any)[0].(string), "II. ") {
		t.Errorf("open parts: %v", got)
	}
	var done []string
	for _, id := range []string{"L05", "L06", "L07", "L08", "L09"} {
		done = append(done, `{"lesson":"`+id+`","state":"done"}`)
	}
	if res := c.send(t, http.MethodPut, second+"/learn/progress", `{"lessons":[`+strings.Join(done, ",")+`]}`); res.status != http.StatusOK {
		t.Fatalf("restore: %d %s", res.status, res.body)
	}
	if l10, other := state(second, "L10"), state(first, "L10"); l10 != "open" || other != "locked" {
		t.Errorf("after part II, L10 is %v, and at the other table %v", l10, other)
	}
	for _, body := range []string{`{"parts":[]}`, `{"parts":["VII"]}`, `{}`} {
		c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/open", body)
	}
}

// TestClass_unlockedHasAllPartsOpen: where all lessons are open from the beginning, the class says so. Where they
// are not, no part is open for all.
func TestClass_unlockedHasAllPartsOpen(t *testing.T) {
	t.Parallel()
	for unlock, want := range map[class.Unlocking]int{class.UnlockAll: len(learn.Parts()), class.UnlockParts: 0} {
		c := openClassIn(t, t.TempDir(), class.Settings{Title: "Pizza class", Tables: 1, Join: class.JoinOpen, Unlock: unlock})
		if got := member(t, c.send(t, http.MethodGet, "/class", ""), "open_parts").([]any); len(got) != want {
			t.Errorf("-unlock %s: %v", unlock, got)
		}
	}
}

// TestClass_clock: all tables, those too that open later; or only one.
func TestClass_clock(t *testing.T) {
	t.Parallel()
	c := openClass(t, 3)
	first, second := c.join(t), c.join(t)
	ahead := func(table string) any { return member(t, c.send(t, http.MethodGet, table+"/lab/clock", ""), "ahead_s") }
	ahead(first) // opens it
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/clock", `{"advance":"16m"}`)
	if res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/clock?table=02", `{"advance":"1m"}`); member(t, res, "ahead_s") != 1020.0 {
		t.Errorf("table 2: %s", res.body)
	}
	if one, two := ahead(first), ahead(second); one != 960.0 || two != 1020.0 {
		t.Errorf("the clocks are %v and %v seconds ahead", one, two)
	}
	if got := member(t, c.send(t, http.MethodGet, "/class", ""), "clock_ahead_s"); got != 960.0 {
		t.Errorf("/class says %v", got)
	}
	for _, body := range []string{`{"advance":"-1m"}`, `{"advance":"24h"}`, `{"advance":"soon"}`, `{}`} {
		c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/clock", body)
	}
	c.asTeacher(t, http.StatusNotFound, http.MethodPost, "/teach/clock?table=09", `{"advance":"1m"}`)
}

// TestClass_pace: tokens of thirty seconds and a manual kitchen, for all or for one.
func TestClass_pace(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	first, second := c.join(t), c.join(t)
	life := func(table string) any {
		return member(t, c.send(t, http.MethodPost, table+"/api/v1/auth/login", `{"username":"carla","password":"carla-likes-pizza"}`), "expires_in")
	}
	if life(first) != 900.0 {
		t.Errorf("before: %v", life(first))
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace", `{"access_token_ttl":"30s","kitchen":"manual"}`)
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pace?table=02", `{"access_token_ttl":"5m","kitchen":"slow"}`)
	holds := func(when string) {
		t.Helper()
		if one, two := life(first), life(second); one != 30.0 || two != 300.0 {
			t.Errorf("%s: tokens live %v and %v seconds", when, one, two)
		}
		for table, mode := range map[string]any{first: "manual", second: "auto"} {
			res := c.send(t, http.MethodGet, table+"/api/v1/kitchen/mode", "", c.logIn(t, table, "carla"))
			if member(t, res, "mode") != mode || mode == "auto" && member(t, res, "pace_ms") != 15000.0 {
				t.Errorf("%s: the kitchen: %s", when, res.body)
			}
		}
	}
	holds("at once")
	for _, table := range []string{first, second} {
		if res := c.send(t, http.MethodPost, table+"/learn/reopen", ""); res.status != http.StatusOK {
			t.Errorf("reopening: %d %s", res.status, res.body)
		}
	}
	holds("after a learner has closed and opened the server")
	for _, body := range []string{`{}`, `{"access_token_ttl":"4s"}`, `{"access_token_ttl":"31m"}`, `{"kitchen":"closed"}`} {
		c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/pace", body)
	}
}

// TestClass_reveal: first how often, then which is right.
func TestClass_reveal(t *testing.T) {
	t.Parallel()
	c := openClass(t, 3)
	for _, choice := range []string{"1", "2", "2"} {
		c.send(t, http.MethodPost, c.join(t)+"/learn/lessons/L01/answers", "question=predict&choice="+choice)
	}
	const body = `{"lesson":"L01","question":"predict"}`
	res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/reveal", body)
	if member(t, res, "counts", 0) != 1.0 || member(t, res, "counts", 1) != 2.0 || member(t, res, "answer") != nil || member(t, res, "why") != nil {
		t.Errorf("the first call: %s", res.body)
	}
	res = c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/reveal", body)
	if member(t, res, "answer") != 2.0 || member(t, res, "counts", 1) != 2.0 {
		t.Errorf("the second call: %s", res.body)
	}
	if shown := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", ""), "reveal", "answer"); shown != 2.0 {
		t.Errorf("the wall shows %v", shown)
	}
	res = c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/reveal", `{"lesson":"L02","question":"predict"}`)
	if member(t, res, "answer") != nil {
		t.Errorf("another question: %s", res.body)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/reveal", `{}`)
	if shown := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", ""), "reveal"); shown != nil {
		t.Errorf("in the end the wall shows %v", shown)
	}
	c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/reveal", `{"lesson":"L99","question":"predict"}`)
}

// kept is what a learner would miss: the orders of alice and what lesson 1 has seen.
func (c *testClass) kept(t *testing.T, table string) (orders, seen, guess any) {
	t.Helper()
	list := member(t, c.send(t, http.MethodGet, table+"/api/v1/orders", "", c.logIn(t, table, "alice")), "items").([]any)
	lesson := c.send(t, http.MethodGet, table+"/learn/lessons/L01", "")
	return len(list), len(member(t, lesson, "seen").([]any)), member(t, lesson, "predict", "chosen")
}

// work makes a table hold something: two orders, two things seen of lesson 1, and a guess.
func (c *testClass) work(t *testing.T, table string) {
	t.Helper()
	as := c.logIn(t, table, "alice")
	c.order(t, table, as)
	c.order(t, table, as)
	c.send(t, http.MethodGet, table+"/api/v1/menu", "")
	c.send(t, http.MethodGet, table+"/api/v1/menu/1", "")
	c.send(t, http.MethodPost, table+"/learn/lessons/L01/answers", "question=predict&choice=2")
	if orders, seen, guess := c.kept(t, table); orders != 2 || seen != 2 || guess != 2.0 {
		t.Fatalf("the table has %v orders, %v things seen, guess %v", orders, seen, guess)
	}
}

// TestClass_resetAndUndo: what is lost is said first, then it is lost, and undo brings it back;
// once, and only what was reset. The next table keeps everything.
func TestClass_resetAndUndo(t *testing.T) {
	t.Parallel()
	c := openClass(t, 5)
	neighbour := c.join(t)
	c.work(t, neighbour)
	for what, want := range map[string]struct {
		body          string
		lost          map[string]any
		orders, seen  any
		guess         any
		name, ofState any
	}{
		"lesson":  {`"what":"lesson","lesson":"L01"`, map[string]any{"things that the server has seen": 2.0, "answers": 1.0}, 2, 0, nil, "Vera", "seated"},
		"lessons": {`"what":"lessons"`, map[string]any{"answers": 1.0}, 2, 0, nil, "Vera", "seated"},
		"kitchen": {`"what":"kitchen"`, map[string]any{"orders": 2.0}, 0, 2, 2.0, "Vera", "seated"},
		"all":     {`"what":"all"`, map[string]any{"orders": 2.0, "answers": 1.0}, 0, 0, nil, nil, "free"},
	} {
		t.Run(what, func(t *testing.T) {
			table := c.join(t)
			number := strings.TrimPrefix(table, "/t/")[:2]
			c.work(t, table)
			lost := func(res reply) map[string]any {
				all := map[string]any{}
				for _, l := range member(t, res, "lost").([]any) {
					all[l.(map[string]any)["what"].(string)] = l.(map[string]any)["count"]
				}
				return all
			}
			dry := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/"+number+"/reset", "{"+want.body+`,"dry":true}`)
			for thing, count := range want.lost {
				if lost(dry)[thing] != count {
					t.Errorf("%s: %v would be lost, want %v", thing, lost(dry)[thing], count)
				}
			}
			if orders, seen, _ := c.kept(t, table); member(t, dry, "undo") != nil || orders != 2 || seen != 2 {
				t.Errorf("after a dry reset: %v orders, %v seen, %s", orders, seen, dry.body)
			}
			res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/"+number+"/reset", "{"+want.body+"}")
			if got := lost(res); got["orders"] != lost(dry)["orders"] || len(got) != len(lost(dry)) {
				t.Errorf("lost %v, and said before %v", got, lost(dry))
			}
			state := func() (name, state any) {
				res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/"+number, "")
				return member(t, res, "name"), member(t, res, "state")
			}
			if name, state := state(); name != want.name || state != want.ofState {
				t.Errorf("after the reset, %v is %v", name, state)
			}
			if orders, seen, guess := c.kept(t, table); orders != want.orders || seen != want.seen || guess != want.guess {
				t.Errorf("after the reset: %v orders, %v seen, guess %v", orders, seen, guess)
			}
			undo := `{"id":"` + member(t, res, "undo").(string) + `"}`
			known := func() (id, until any) {
				res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/"+number, "")
				return member(t, res, "undo"), member(t, res, "undo_until")
			}
			if id, until := known(); id != member(t, res, "undo") || until != member(t, res, "undo_until") {
				t.Errorf("a page that is loaded again can undo %v until %v, and the reset said %s", id, until, res.body)
			}
			c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/undo", undo)
			if id, until := known(); id != nil || until != nil {
				t.Errorf("after the undo %v can be undone until %v", id, until)
			}
			if orders, seen, guess := c.kept(t, table); orders != 2 || seen != 2 || guess != 2.0 {
				t.Errorf("after the undo: %v orders, %v seen, guess %v", orders, seen, guess)
			}
			if name, state := state(); name != "Vera" || state != "seated" {
				t.Errorf("after the undo, %v is %v", name, state)
			}
			if res := c.asTeacher(t, http.StatusGone, http.MethodPost, "/teach/undo", undo); !strings.Contains(res.body, "undo-expired") {
				t.Errorf("a second undo: %s", res.body)
			}
		})
	}
	if orders, seen, guess := c.kept(t, neighbour); orders != 2 || seen != 2 || guess != 2.0 {
		t.Errorf("the neighbour has %v orders, %v seen, guess %v", orders, seen, guess)
	}
	for _, body := range []string{`{"what":"pizza"}`, `{}`} {
		c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, "/teach/tables/01/reset", body)
	}
	c.asTeacher(t, http.StatusNotFound, http.MethodPost, "/teach/tables/01/reset", `{"what":"lesson","lesson":"L99"}`)
}

// TestClass_undoExpires: after ten minutes, which a copy says of itself.
func TestClass_undoExpires(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	c.work(t, c.join(t))
	reset := func() string {
		return member(t, c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/reset", `{"what":"lessons"}`), "undo").(string)
	}
	for ago, want := range map[time.Duration]int{9 * time.Minute: http.StatusOK, 10*time.Minute + time.Second: http.StatusGone} {
		id := reset()
		file := filepath.Join(c.folder, "undo", id, "copy.json")
		made := decode[map[string]any](t, reply{body: readText(t, file)})
		made["at"] = time.Now().Add(-ago).UTC().Format(time.RFC3339Nano)
		text, err := json.Marshal(made)
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if shown := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""), "undo"); (shown == id) != (want == http.StatusOK) {
			t.Errorf("after %v the table says that %v can be undone", ago, shown)
		}
		c.asTeacher(t, want, http.MethodPost, "/teach/undo", `{"id":"`+id+`"}`)
	}
	for _, id := range []string{"", "01-none", "../tables/01", strings.Repeat("x", 300)} {
		c.asTeacher(t, http.StatusGone, http.MethodPost, "/teach/undo", `{"id":"`+id+`"}`)
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestClass_newCode: the old code leads to a sentence, and the work is at the new one.
func TestClass_newCode(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	old := c.join(t)
	c.work(t, old)
	res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/code", "")
	now := "/t/" + member(t, res, "code").(string)
	for range 15 { // a page that goes on asking is no guesser
		if res := c.send(t, http.MethodGet, old+"/learn", ""); res.status != http.StatusGone || !strings.Contains(res.body, "table-moved") {
			t.Fatalf("the old code: %d %s", res.status, res.body)
		}
	}
	if orders, seen, guess := c.kept(t, now); orders != 2 || seen != 2 || guess != 2.0 {
		t.Errorf("at the new code: %v orders, %v seen, guess %v", orders, seen, guess)
	}
	if text := c.send(t, http.MethodGet, now+"/learn", ""); strings.Contains(text.body, old) || !strings.Contains(text.body, c.server.URL+now) {
		t.Error("the lessons still name the old code")
	}
}

// TestClass_close: requests get 503 until the table is opened; nothing is lost, and the teacher
// still sees it.
func TestClass_close(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	c.work(t, table)
	if res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/close", ""); member(t, res, "state") != "closed" {
		t.Errorf("closed: %s", res.body)
	}
	if res := c.send(t, http.MethodGet, table+"/learn", ""); res.status != http.StatusServiceUnavailable || !strings.Contains(res.body, "table-closed") {
		t.Errorf("a closed table: %d %s", res.status, res.body)
	}
	if res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""); member(t, res, "lesson") != "L01" || member(t, res, "seen") != 2.0 || member(t, res, "state") != "closed" {
		t.Errorf("the teacher sees %s", res.body)
	}
	if res := c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/open", ""); member(t, res, "state") != "seated" {
		t.Errorf("opened: %s", res.body)
	}
	if orders, seen, _ := c.kept(t, table); orders != 2 || seen != 2 {
		t.Errorf("after opening: %v orders, %v seen", orders, seen)
	}
}

// TestClass_restore: of a broken table what is whole stays, down to the keys. What is damaged
// comes back from the newest copy, or begins again, and is kept aside. The other tables do not notice.
func TestClass_restore(t *testing.T) {
	t.Parallel()
	type kept struct{ copied, restaurant, lessons, keys bool }
	const database, lessons = "restaurant.db", "lessons.db"
	cases := []struct {
		name          string
		damaged       []string
		copied        bool
		want          kept
		orders        any
		first, second any // the guesses; the copy has only the first one
	}{
		{"orders", []string{database}, false, kept{lessons: true}, 0, 2.0, 1.0},
		{"orders, with a copy", []string{database}, true, kept{copied: true, lessons: true}, 2, 2.0, 1.0},
		{"lessons", []string{lessons}, false, kept{restaurant: true, keys: true}, 3, nil, nil},
		{"lessons, with a copy", []string{lessons}, true, kept{copied: true, restaurant: true, keys: true}, 3, 2.0, nil},
		{"both", []string{database, lessons}, false, kept{}, 0, nil, nil},
		{"both, with a copy", []string{database, lessons}, true, kept{copied: true}, 2, 2.0, nil},
		{"keys", []string{"keys/key.pem"}, true, kept{restaurant: true, lessons: true}, 3, 2.0, 1.0},
		{"nothing", nil, true, kept{restaurant: true, lessons: true, keys: true}, 3, 2.0, 1.0},
	}
	folder := t.TempDir()
	settings := class.Settings{Title: "Pizza class", Tables: len(cases), Join: class.JoinOpen, Unlock: class.UnlockAll}
	tables, keys := make([]string, len(cases)), make([]string, len(cases))
	t.Run("before", func(t *testing.T) {
		c := openClassIn(t, folder, settings)
		for n, tc := range cases {
			tables[n] = c.join(t)
			c.work(t, tables[n])
			if tc.copied {
				c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/"+tables[n][3:5]+"/reset", `{"what":"lesson","lesson":"L02"}`)
			}
			c.order(t, tables[n], c.logIn(t, tables[n], "alice"))
			keys[n] = c.keysOf(t, tables[n])
			c.send(t, http.MethodPost, tables[n]+"/learn/lessons/L02/answers", "question=predict&choice=1")
		}
	})
	for n, tc := range cases {
		damage(t, filepath.Join(folder, "tables", tables[n][3:5]), tc.damaged...)
	}
	c := openClassIn(t, folder, settings)
	for n, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			restore := "/teach/tables/" + tables[n][3:5] + "/restore"
			if tc.damaged == nil {
				c.send(t, http.MethodGet, tables[n]+"/learn", "") // opens it
				c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodPost, restore, "")
			} else {
				c.wantBroken(t, tables[n])
				res := c.asTeacher(t, http.StatusOK, http.MethodPost, restore, "")
				if got := (kept{member(t, res, "copied_at") != nil, member(t, res, "restaurant_kept") == true, member(t, res, "lessons_kept") == true, tc.want.keys}); got != tc.want {
					t.Errorf("the answer is %s", res.body)
				}
				for _, file := range tc.damaged {
					if readText(t, filepath.Join(member(t, res, "aside").(string), file)) != noDatabase {
						t.Errorf("the damaged %s is gone", file)
					}
				}
			}
			if same := c.keysOf(t, tables[n]) == keys[n]; same != tc.want.keys {
				t.Errorf("the keys are the same: %v", same)
			}
			second := member(t, c.send(t, http.MethodGet, tables[n]+"/learn/lessons/L02", ""), "predict", "chosen")
			if orders, _, first := c.kept(t, tables[n]); orders != tc.orders || first != tc.first || second != tc.second {
				t.Errorf("there are %v orders, and the guesses are %v and %v", orders, first, second)
			}
		})
	}
}

// noDatabase is what a damaged file holds.
var noDatabase = strings.Repeat("this is no database ", 1000)

// damage damages files of the folder of a table that is not open.
func damage(t *testing.T, folder string, files ...string) {
	t.Helper()
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(noDatabase), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// keysOf are the public keys of a table.
func (c *testClass) keysOf(t *testing.T, table string) string {
	t.Helper()
	return c.send(t, http.MethodGet, table[:5]+"/.well-known/jwks.json", "").body
}

// wantBroken fails unless the learner is told that the table is broken, and the teacher why.
func (c *testClass) wantBroken(t *testing.T, table string) {
	t.Helper()
	if res := c.send(t, http.MethodGet, table+"/learn", ""); res.status != http.StatusServiceUnavailable || !strings.Contains(res.body, "table-broken") {
		t.Errorf("a damaged table: %d %s", res.status, res.body)
	}
	res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/"+table[3:5], "")
	if reason, _ := member(t, res, "reason").(string); member(t, res, "state") != "broken" || reason == "" || strings.Contains(reason, "RESTAURANT_") {
		t.Errorf("the teacher sees %s", res.body)
	}
}

// TestClass_export: a line for each lesson of each table that is taken; what came from a file
// says so.
func TestClass_export(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	table := c.join(t)
	c.send(t, http.MethodPost, table+"/learn/lessons/L01/answers", "question=predict&choice=1")
	c.send(t, http.MethodPost, table+"/learn/lessons/L01/hints", "number=1")
	if res := c.send(t, http.MethodPut, table+"/learn/progress", `{"lessons":[{"lesson":"L01","state":"done","answers":{"predict":1},"first_try":{"predict":false}}]}`); res.status != http.StatusOK {
		t.Fatalf("restore: %d %s", res.status, res.body)
	}
	res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/export.csv?sep=%3B", "")
	lines := strings.Split(strings.TrimSpace(res.body), "\r\n")
	if len(lines) != 21 || !strings.HasPrefix(lines[0], "\ufeffclass;table;name;lesson;title;state;started_at;done_at;minutes;first_guess;first_guess_right;wrong_answers;hints;resets;restored") {
		t.Fatalf("%d lines, the first is %q", len(lines), lines[0])
	}
	if want := "Pizza class;01;Vera;L01;Read the menu;done;;;;1;false;0;0;1;unsigned"; lines[1] != want {
		t.Errorf("%q, want %q", lines[1], want)
	}
	if typed := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/export.csv?sep=;", ""); typed.body != res.body {
		t.Errorf("?sep=; as the page says it gives %q", typed.body)
	}
	if res.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(res.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers: %v", res.header)
	}
	c.asTeacher(t, http.StatusUnprocessableEntity, http.MethodGet, "/teach/export.csv?sep=x", "")
}

// TestClass_exportOfBrokenTables: each table that is taken has its lines, with the progress where that
// can be read. A table that nobody has opened yet is opened for it.
func TestClass_exportOfBrokenTables(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	settings := class.Settings{Title: "Pizza class", Tables: 4, Join: class.JoinOpen, Unlock: class.UnlockAll}
	t.Run("before", func(t *testing.T) {
		c := openClassIn(t, folder, settings)
		for range 3 {
			c.work(t, c.join(t))
		}
	})
	damage(t, filepath.Join(folder, "tables", "02"), "restaurant.db")
	damage(t, filepath.Join(folder, "tables", "03"), "restaurant.db", "lessons.db")
	c := openClassIn(t, folder, settings)
	text := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/export.csv", "").body
	for table, want := range map[string]string{"01": "started,20", "02": "started,20", "03": "unknown,,,,,,,,,\r\n"} {
		if !strings.Contains(text, "Pizza class,"+table+",Vera,L01,Read the menu,"+want) {
			t.Errorf("table %s: no %q in %s", table, want, text)
		}
		if n := strings.Count(text, "Pizza class,"+table+",Vera,"); n != 20 {
			t.Errorf("table %s has %d lines", table, n)
		}
	}
	if strings.Contains(text, "Pizza class,04,") {
		t.Error("a free table is there, too")
	}
}

// TestClass_signedProgress: a file that the table has written is restored; one that was
// changed, or is of another table, is restored too, but unsigned.
func TestClass_signedProgress(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	first, second := c.join(t), c.join(t)
	const done = `{"lessons":[{"lesson":"L01","state":"done","done_at":"2026-01-31T19:04:00Z"}]}`
	c.send(t, http.MethodPut, first+"/learn/progress", done)
	saved := c.send(t, http.MethodGet, first+"/learn/progress", "").body
	changed := strings.Replace(saved, `"lesson":"L02","state":"open"`, `"lesson":"L02","state":"done"`, 1)
	if changed == saved {
		t.Fatal("nothing was changed")
	}
	for _, tc := range []struct {
		name, table, body, want string
		lines                   int
	}{
		{"as it was written", first, saved, "true", 1},
		{"with a lesson more", first, changed, "unsigned", 2},
		{"at another table", second, saved, "unsigned", 1},
		{"without a signature", first, done, "unsigned", 1},
	} {
		c.send(t, http.MethodPut, tc.table+"/learn/progress", `{"lessons":[]}`)
		if res := c.send(t, http.MethodPut, tc.table+"/learn/progress", tc.body); res.status != http.StatusOK {
			t.Fatalf("%s: %d %s", tc.name, res.status, res.body)
		}
		found := 0
		for line := range strings.SplitSeq(c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/export.csv", "").body, "\r\n") {
			if strings.HasPrefix(line, "Pizza class,"+strings.TrimPrefix(tc.table, "/t/")[:2]+",") && strings.HasSuffix(line, ","+tc.want) {
				found++
			}
		}
		if found != tc.lines {
			t.Errorf("%s: %d lessons are %s, want %d", tc.name, found, tc.want, tc.lines)
		}
	}
}
