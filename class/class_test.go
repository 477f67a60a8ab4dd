package class

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/learn"
)

// echo stands for a restaurant where only the way to it matters: it says which table it is
// of. The restaurants themselves are tested in app, with this package around them.
type echo struct {
	Place
	closed atomic.Bool
	ahead  atomic.Int64 // of its clock
	// A request with ?wait says that it runs, and ends when it may.
	runs, mayEnd, drained chan struct{}
}

func (e *echo) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("wait") {
			close(e.runs)
			<-e.mayEnd
		}
		fmt.Fprintf(w, "table %s: %s, closed %t", e.Number, r.URL.Path, e.closed.Load())
	})
}

func (e *echo) Documents() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "documents of %s", e.Number) })
}

func (e *echo) Lessons() *learn.Handler           { return nil } // nobody asks for them here
func (e *echo) AdvanceClock(d time.Duration) bool { e.ahead.Add(int64(d)); return true }
func (e *echo) ClockAhead() time.Duration         { return time.Duration(e.ahead.Load()) }
func (e *echo) SetPace(Pace)                      {}

func (e *echo) Drain()       { close(e.drained) }
func (e *echo) Close() error { e.closed.Store(true); return nil }

func openEcho(_ context.Context, at Place) (Restaurant, error) {
	return &echo{Place: at, runs: make(chan struct{}), mayEnd: make(chan struct{}), drained: make(chan struct{})}, nil
}

var fiveTables = Settings{Title: "Pizza class", Tables: 5, Join: JoinOpen, Unlock: UnlockParts}

func open(t *testing.T, folder string, s Settings, restaurant func(context.Context, Place) (Restaurant, error)) *Class {
	t.Helper()
	c, err := Open(Options{
		Folder: folder, URL: "http://192.168.1.20:8080", Hosts: []string{"192.168.1.20"}, Open: restaurant, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// ask sends a request as a script does: without Origin and Accept of a browser.
func (c *Class) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "192.168.1.20:8080", "192.168.1.77:50000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "From" {
			r.RemoteAddr = headers[i+1] + ":50000"
		}
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		t.Errorf("%d %s, want %d and %q", w.Code, w.Body, status, text)
	}
}

func (c *Class) codeOf(number int) string { return c.tables[number-1].seat().Code }

func TestCodes_areReadAloudWithoutDoubt(t *testing.T) {
	form, seen := regexp.MustCompile(`^07-[abcdefghjkmnpqrstuvwxyz]{3}$`), map[string]bool{}
	for range 200 {
		code := newCode(7)
		if !form.MatchString(code) {
			t.Fatalf("%q", code)
		}
		seen[code] = true
	}
	if len(seen) < 150 {
		t.Errorf("only %d of 200 codes differ", len(seen))
	}
	if code := newCode(100); !strings.HasPrefix(code, "100-") {
		t.Errorf("table 100 has %q", code)
	}
	if teacher := newTeacherCode(); !regexp.MustCompile(`^[a-z2-9]{4}-[a-z2-9]{4}$`).MatchString(teacher) {
		t.Errorf("the teacher has %q", teacher)
	}
}

// TestDispatch_leadsToTheTableOfTheCode: exactly the code leads to a table, and the number
// alone only to what is public.
func TestDispatch_leadsToTheTableOfTheCode(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code := c.codeOf(2)
	for path, expect := range map[string]struct {
		status int
		text   string
	}{
		"/t/" + code + "/api/v1/menu":     {200, "table 02: /t/" + code + "/api/v1/menu"},
		"/t/" + code:                      {200, "table 02"},
		"/t/02/.well-known/jwks.json":     {200, "documents of 02"},
		"/t/02/api/v1/menu":               {404, "table-unknown"},
		"/t/02/.well-known/public.pem":    {404, "table-unknown"},
		"/t/02":                           {404, "table-unknown"},
		"/t/":                             {404, "table-unknown"},
		"/t":                              {404, "table-unknown"},
		"/t/02-/":                         {404, "table-unknown"},
		"/t/" + code + "x/":               {404, "table-unknown"},
		"/t/06-abc/":                      {404, "table-unknown"},
		"/x/" + code + "/":                {404, "not-found"},
		"/healthz":                        {200, "ok"},
		"/problems/table-unknown":         {200, "No such table"},
		"/kiosk/healthz":                  {200, "ok"},
		"/t/" + code + "/kiosk/healthz":   {200, "ok"},
		"/t/" + code + "/kioskx":          {200, "table 02"},
		"/teach/nothing":                  {404, "not-found"},
		"/class/files/..%2f..%2fclass.go": {404, "not-found"},
		"/t/02/.well-known/" + "../" + code + "/.well-known/x": {404, "table-unknown"},
	} {
		if w := c.ask("GET", path, ""); w.Code != expect.status || !strings.Contains(w.Body.String(), expect.text) {
			t.Errorf("%s: %d %s, want %d and %q", path, w.Code, w.Body, expect.status, expect.text)
		}
	}
	want(t, c.ask("GET", "/healthz", "", "Host", ""), 200, "ok")
}

// TestDispatch_answersToItsOwnNames: a name of somebody else's that leads here is refused.
func TestDispatch_answersToItsOwnNames(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	for host, status := range map[string]int{"192.168.1.20:8080": 200, "localhost:8080": 200, "evil.example": 421, "": 421} {
		r := httptest.NewRequest("GET", "/class", nil)
		r.Host = host
		w := httptest.NewRecorder()
		if c.ServeHTTP(w, r); w.Code != status {
			t.Errorf("host %q: %d, want %d", host, w.Code, status)
		}
	}
}

// TestCodes_areGuessedSlowly: ten wrong codes a minute of one address; who was right before
// is not locked out by a neighbour behind the same address.
func TestCodes_areGuessedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, t.TempDir(), fiveTables, openEcho)
		mine, other := "/t/"+c.codeOf(1)+"/", "/t/"+c.codeOf(2)+"/"
		want(t, c.ask("GET", mine, ""), 200, "table 01")
		for range wrongCodesAtOnce {
			want(t, c.ask("GET", "/t/03-zzz/", ""), 404, "table-unknown")
		}
		for what, w := range map[string]*httptest.ResponseRecorder{
			"a wrong code": c.ask("GET", "/t/03-zzz/", ""), "a right one by chance": c.ask("GET", other, ""),
			"joining": c.ask("POST", "/class/join", `{"code":"`+c.codeOf(2)+`"}`),
		} {
			if w.Code != 429 || w.Header().Get("Retry-After") != "6" {
				t.Errorf("%s: %d, Retry-After %q", what, w.Code, w.Header().Get("Retry-After"))
			}
		}
		want(t, c.ask("GET", mine, ""), 200, "table 01")
		want(t, c.ask("GET", other, "", "From", "192.168.1.78"), 200, "table 02")
		time.Sleep(wrongCodesEvery)
		want(t, c.ask("GET", other, ""), 200, "table 02")
	})
}

// TestJoin_cookieCannotBeMadeUp: a browser finds back with the cookie that it was given, also
// after a restart. One that was made up says nothing of a code, however often.
func TestJoin_cookieCannotBeMadeUp(t *testing.T) {
	folder := t.TempDir()
	c := open(t, folder, fiveTables, openEcho)
	given := c.ask("POST", "/class/join", `{"name":"learner"}`).Result().Cookies()[0]
	code, signature, _ := strings.Cut(given.Value, ".")
	if code != c.codeOf(1) {
		t.Errorf("the cookie is %q", given.Value)
	}
	again := open(t, folder, fiveTables, openEcho)
	want(t, again.ask("GET", "/class", "", "Cookie", given.String()), 200, `"code":"`+code+`"`)
	for _, value := range []string{code, code + ".", code + "." + strings.Repeat("0", len(signature)), c.codeOf(2) + "." + signature, "." + signature, ""} {
		want(t, again.ask("GET", "/class", "", "Cookie", tableCookie+"="+value), 200, `"yours":null`)
	}
	want(t, open(t, t.TempDir(), fiveTables, openEcho).ask("GET", "/class", "", "Cookie", given.String()), 200, `"yours":null`)
}

// TestJoin_givesEachTheirOwn: thirty at a moment for five tables.
func TestJoin_givesEachTheirOwn(t *testing.T) {
	folder := t.TempDir()
	c := open(t, folder, fiveTables, openEcho)
	var (
		mu    sync.Mutex
		bases = map[string]int{}
		full  int
		all   sync.WaitGroup
	)
	for n := range 30 {
		all.Go(func() {
			w := c.ask("POST", "/class/join", `{"name":"learner"}`, "From", fmt.Sprintf("192.168.1.%d", 100+n))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case w.Code == 201 && strings.Contains(w.Header().Get("Set-Cookie"), "Path=/class; "):
				bases[w.Header().Get("Location")]++
			case w.Code == 409 && strings.Contains(w.Body.String(), "class-full"):
				full++
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	if len(bases) != 5 || full != 25 {
		t.Errorf("%v, and %d were refused", bases, full)
	}
	want(t, c.ask("GET", "/class", ""), 200, `"free":0,"joinable":false`)
	again := open(t, folder, fiveTables, openEcho)
	want(t, again.ask("GET", "/class", ""), 200, `"free":0,"joinable":false`)
	if again.codeOf(3) != c.codeOf(3) || again.tables[2].seat().Name != "learner" {
		t.Error("after a restart the table has another code or name")
	}
}

func TestJoin_byTheKindOfTheClass(t *testing.T) {
	for _, tc := range []struct {
		join            Joining
		free, withCode  int
		codeOfTakenOnes int
	}{{JoinOpen, 201, 201, 201}, {JoinCode, 403, 201, 201}, {JoinClosed, 403, 403, 201}} {
		t.Run(string(tc.join), func(t *testing.T) {
			s := fiveTables
			s.Join = tc.join
			c := open(t, t.TempDir(), s, openEcho)
			_ = c.roster.change(func(r *roster) error { r.Tables[4].Taken = true; return nil })
			want(t, c.ask("POST", "/class/join", `{}`), tc.free, "")
			want(t, c.ask("POST", "/class/join", `{"code":" `+strings.ToUpper(c.codeOf(2))+` "}`), tc.withCode, "")
			want(t, c.ask("POST", "/class/join", `{"code":"`+c.codeOf(5)+`"}`), tc.codeOfTakenOnes, "")
			want(t, c.ask("POST", "/class/join", `{"code":"05-zzz"}`), 404, "table-unknown")
			want(t, c.ask("POST", "/class/join", `{"name":"`+strings.Repeat("x", 41)+`"}`), 422, "40 characters")
			want(t, c.ask("POST", "/class/join", `{}`, "Origin", "http://evil.example"), 403, "cross-origin")
		})
	}
}

// TestTeacher_onlyWithTheCode: the session of a browser and a Bearer code count, also those
// of the start before, and nothing else.
func TestTeacher_onlyWithTheCode(t *testing.T) {
	folder := t.TempDir()
	c := open(t, folder, fiveTables, openEcho)
	code, err := c.NewTeacherCode()
	if err != nil {
		t.Fatal(err)
	}
	login := c.ask("POST", "/teach/login", `{"code":"`+strings.ToUpper(code)+`"}`)
	want(t, login, 204, "")
	cookie := login.Header().Get("Set-Cookie")
	if !strings.Contains(cookie, "Path=/teach; ") || !strings.Contains(cookie, "HttpOnly; SameSite=Strict") {
		t.Errorf("the cookie is %s", cookie)
	}
	cookie, _, _ = strings.Cut(cookie, ";")
	c2 := open(t, folder, fiveTables, openEcho)
	if _, err := c2.NewTeacherCode(); err != nil {
		t.Fatal(err)
	}
	const refused = `Bearer error="invalid_token", error_description="not the code of the teacher"`
	for _, tc := range []struct {
		name, header, value string
		status              int
		challenge           string
	}{
		{"nothing", "Accept", "*/*", 401, "Bearer"},
		{"a wrong code", "Authorization", "Bearer aaaa-bbbb", 401, refused},
		{"the code of a table", "Authorization", "Bearer " + c.codeOf(1), 401, refused},
		{"a made-up session", "Cookie", "teacher=AAAA", 401, "Bearer"},
		{"an empty session", "Cookie", "teacher=", 401, "Bearer"},
		{"the code", "Authorization", "Bearer " + code, 204, ""},
		{"the session", "Cookie", cookie, 204, ""},
		{"the session, which has ended", "Cookie", cookie, 401, "Bearer"},
	} {
		w := c2.ask("POST", "/teach/logout", "", tc.header, tc.value)
		if challenge := w.Header().Get("WWW-Authenticate"); w.Code != tc.status || challenge != tc.challenge {
			t.Errorf("%s: %d %q, want %d %q", tc.name, w.Code, challenge, tc.status, tc.challenge)
		}
	}
	page := c2.ask("GET", "/teach/wall", "", "Accept", "text/html")
	want(t, page, 401, `Log in at <a href="/teach">/teach</a> with the code`)
	if strings.Contains(page.Body.String(), "/api/") { // there is none beside the tables
		t.Errorf("a browser is sent to a login that is not there: %s", page.Body)
	}
	want(t, c2.ask("GET", "/teach", "", "Accept", "text/html"), 200, "teach")
	want(t, c2.ask("POST", "/teach/login", `{"code":"`+code+`"}`, "Origin", "http://evil.example"), 403, "cross-origin")
	text, _ := os.ReadFile(filepath.Join(folder, "class.json"))
	if strings.Contains(string(text), code) {
		t.Error("class.json holds the code of the teacher")
	}
}

// TestTable_opensOnce: however many ask at a moment, and a broken one harms nobody else.
func TestTable_opensOnce(t *testing.T) {
	var opened atomic.Int32
	inTime := make(chan struct{}, 2*fiveTables.Tables)
	c := open(t, t.TempDir(), fiveTables, func(ctx context.Context, at Place) (Restaurant, error) {
		opened.Add(1)
		inTime <- struct{}{}
		if at.Number == "03" {
			return nil, errors.New("restaurant.db is damaged")
		}
		return openEcho(ctx, at)
	})
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { c.Run(ctx) })
	for range fiveTables.Tables {
		<-inTime
	}
	for range 50 {
		all.Go(func() { want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/", ""), 200, "table 01") })
		all.Go(func() { want(t, c.ask("GET", "/t/"+c.codeOf(3)+"/", ""), 503, "table-broken") })
	}
	stop()
	all.Wait()
	if n := opened.Load(); n != 5 {
		t.Errorf("%d restaurants were opened", n)
	}
	if s := c.tables[2].state(); s != StateBroken {
		t.Errorf("table 3 is %s", s)
	}
}

// TestTable_isClosedAfterItsRequests: what runs gets its answer, and what comes meanwhile
// waits for the restaurant that is opened afterwards.
func TestTable_isClosedAfterItsRequests(t *testing.T) {
	var opened atomic.Int32
	c := open(t, t.TempDir(), fiveTables, func(ctx context.Context, at Place) (Restaurant, error) {
		opened.Add(1)
		return openEcho(ctx, at)
	})
	path := "/t/" + c.codeOf(1) + "/"
	want(t, c.ask("GET", path, ""), 200, "closed false")
	first := c.tables[0].inside.Load().restaurant.(*echo)
	var all sync.WaitGroup
	all.Go(func() { want(t, c.ask("GET", path+"?wait", ""), 200, "closed false") })
	<-first.runs
	all.Go(func() {
		err := c.tables[0].whileClosed(func() error {
			if !first.closed.Load() {
				t.Error("it is not closed yet")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-first.drained
	if first.closed.Load() {
		t.Error("it was closed under a request")
	}
	all.Go(func() { want(t, c.ask("GET", path, ""), 200, "closed false") })
	close(first.mayEnd)
	all.Wait()
	if n := opened.Load(); n > 2 {
		t.Errorf("it was opened %d times", n)
	}
}

// TestTable_keepsItsClock: what the learner has moved is kept while the restaurant is closed and
// opened, beside what the teacher has moved; for somebody new it begins again.
func TestTable_keepsItsClock(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	one := c.tables[0]
	is := func(when string, want time.Duration) {
		t.Helper()
		if err := one.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one.opened().restaurant.ClockAhead(); got != want {
			t.Errorf("%s the clock is %s ahead, want %s", when, got, want)
		}
	}
	ahead := func(d time.Duration) {
		c.moveAhead(nil, d)
		one.settings.catchUp(one)
	}
	ahead(5 * time.Minute)
	is("at first", 5*time.Minute)
	one.opened().restaurant.AdvanceClock(16 * time.Minute)
	for range 2 {
		if err := one.whileClosed(nil); err != nil {
			t.Fatal(err)
		}
		is("opened again,", 21*time.Minute)
	}
	ahead(time.Minute)
	is("after the teacher's minute", 22*time.Minute)
	if err := one.becomeFree(t.Context()); err != nil {
		t.Fatal(err)
	}
	is("for somebody new", 6*time.Minute)
}

func TestStates_followTheTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, t.TempDir(), fiveTables, openEcho)
		one := c.tables[0]
		is := func(want State) {
			t.Helper()
			if got := one.state(); got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
		}
		is(StateFree)
		want(t, c.ask("POST", "/class/join", `{}`), 201, "")
		is(StateOpening)
		want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/", ""), 200, "")
		is(StateSeated)
		time.Sleep(idleAfter + time.Second)
		is(StateIdle)
		if err := c.roster.change(func(r *roster) error { r.Tables[0].Closed = true; return nil }); err != nil {
			t.Fatal(err)
		}
		is(StateClosed)
		want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/", ""), 503, "table-closed")
	})
}

func TestRoster_refusesWhatItDoesNotKnow(t *testing.T) {
	for text, sentence := range map[string]string{
		`{"version": 2}`: "newer release", `{"version": `: "is damaged", `[]`: "is damaged",
		`{}`: "is damaged: it has no tables", `null`: "is damaged", `{"version": 1, "tables": []}`: "is damaged", `{"version": 1, "tables": [{"taken": true}]}`: "is damaged: a table has no code",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(rosterFile(folder), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(Options{Folder: folder, URL: "http://localhost:8080", Open: openEcho, Log: slog.Default()}, fiveTables)
		if err == nil || !strings.Contains(err.Error(), sentence) {
			t.Errorf("%s: %v", text, err)
		}
		if after, _ := os.ReadFile(rosterFile(folder)); string(after) != text {
			t.Errorf("%s became %s", text, after)
		}
	}
}

// TestRoster_changesOnlyWhatIsOnTheDisk: a change that cannot be written down did not happen.
func TestRoster_changesOnlyWhatIsOnTheDisk(t *testing.T) {
	folder := t.TempDir()
	c := open(t, folder, fiveTables, openEcho)
	c.roster.file = filepath.Join(folder, "missing", "class.json")
	want(t, c.ask("POST", "/class/join", `{}`), 503, "storage-full")
	want(t, c.ask("GET", "/class", ""), 200, `"free":5`)
	c.roster.file = rosterFile(folder)
	want(t, c.ask("POST", "/class/join", `{}`), 201, `"table":"01"`)
	if left, _ := filepath.Glob(filepath.Join(folder, "*.tmp")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestRoster_growsAndNeverShrinks(t *testing.T) {
	folder := t.TempDir()
	first := open(t, folder, Settings{Title: "A", Tables: 2, Join: JoinOpen, Unlock: UnlockAll, Names: []string{"alice"}}, openEcho)
	more := open(t, folder, Settings{Title: "B", Tables: 4, Join: JoinCode, Unlock: UnlockAll}, openEcho)
	if len(more.tables) != 4 || more.codeOf(1) != first.codeOf(1) || more.roster.Title != "B" || more.tables[0].seat().Name != "alice" {
		t.Errorf("%d tables, %+v", len(more.tables), more.tables[0].seat())
	}
	if same := open(t, folder, Settings{}, openEcho); len(same.tables) != 4 || same.roster.Title != "B" || same.roster.Join != JoinCode || same.roster.Unlock != UnlockAll {
		t.Errorf("a start that says nothing changes %+v", same.roster)
	}
	if named := open(t, folder, Settings{Names: []string{"", "bob"}}, openEcho); named.tables[0].seat().Name != "alice" || named.tables[1].seat().Name != "bob" {
		t.Error("the names that came later are not there")
	}
	if fewer := open(t, folder, Settings{Title: "B", Tables: 1, Join: JoinCode, Unlock: UnlockAll}, openEcho); len(fewer.tables) != 4 {
		t.Errorf("%d tables are left", len(fewer.tables))
	}
}

func TestMessage_isInEachAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, t.TempDir(), fiveTables, openEcho)
		c.message = message{"Look at L05: 100% of you can\r\nAllé!", time.Now().Add(time.Minute)}
		for _, path := range []string{"/class", "/t/" + c.codeOf(1) + "/"} {
			if got := c.ask("GET", path, "").Header().Get(MessageHeader); got != "Look at L05: 100%25 of you can%0D%0AAll%C3%A9!" {
				t.Errorf("%s: %q", path, got)
			}
		}
		time.Sleep(time.Minute + 1)
		if got := c.ask("GET", "/class", "").Header().Get(MessageHeader); got != "" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

// TestMessage_isOneLine: it is shown in one line on all pages.
func TestMessage_isOneLine(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code, err := c.NewTeacherCode()
	if err != nil {
		t.Fatal(err)
	}
	for text, status := range map[string]int{
		"It’s the\u00a0best page": 200, `a\nb`: 422, "a\u0085b": 422, "a\u2028b": 422, "a\u2029b": 422, "a\u202eb": 422,
	} {
		if w := c.ask("POST", "/teach/message", `{"text":"`+text+`"}`, "Authorization", "Bearer "+code); w.Code != status {
			t.Errorf("%q: %d %s, want %d", text, w.Code, w.Body, status)
		}
	}
}

// TestPause_holdsTheTables: pages and lessons can be read, and all else waits.
func TestPause_holdsTheTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, t.TempDir(), fiveTables, openEcho)
		at := "/t/" + c.codeOf(1)
		c.pausedUntil = time.Now().Add(90 * time.Second)
		for _, path := range []string{"", "/", "/learn", "/learn/lessons/L03", "/healthz", "/css/app.css", "/problems/class-paused", "/swagger/index.html"} {
			want(t, c.ask("GET", at+path, ""), 200, "table 01")
		}
		want(t, c.ask("GET", at+"/kiosk/healthz", ""), 200, "ok")
		for _, call := range [][2]string{{"GET", "/api/v1/menu"}, {"POST", "/kiosk/healthz"}, {"POST", "/api/v1/orders"}, {"POST", "/learn/lessons/L03/answers"}, {"GET", "/lab/rush"}, {"GET", "/.well-known/jwks.json"}, {"GET", "/kiosk/me"}} {
			w := c.ask(call[0], at+call[1], "")
			want(t, w, 503, "class-paused")
			if w.Header().Get("Retry-After") != "90" {
				t.Errorf("%s: Retry-After %q", call, w.Header().Get("Retry-After"))
			}
		}
		time.Sleep(91 * time.Second)
		want(t, c.ask("GET", at+"/api/v1/menu", ""), 200, "table 01")
	})
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

// TestNameFault_refusesWhatDoesSomething to the text around it; names in any script are taken.
func TestNameFault_refusesWhatDoesSomething(t *testing.T) {
	for name, taken := range map[string]bool{
		"Cárla": true, "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627": true, "\U0001F469\u200d\U0001F373": true, "": true, strings.Repeat("é", MaxName): true, strings.Repeat("e", MaxName+1): false,
		"a\nb": false, "a\u2028b": false, "a\u2029b": false, "a\u202eb": false, "a\x00b": false, "\xff": false,
	} {
		if got := NameFault(name) == ""; got != taken {
			t.Errorf("%q is taken: %v", name, got)
		}
	}
}
