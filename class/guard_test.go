package class

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestHosts_areCheckedBeforeCodes: a page that has made a name of its own lead to this computer
// tries no code and reaches no kiosk, as it reaches nothing else.
func TestHosts_areCheckedBeforeCodes(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	strange := func(path string, status int, text string) {
		t.Helper()
		r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		r.Host, r.RemoteAddr = "evil.example:8080", "192.168.1.77:50000"
		c.ServeHTTP(w, r)
		want(t, w, status, text)
	}
	code := c.codeOf(2)
	for _, path := range []string{"/t/" + code + "/menu", "/t/02-zzz/menu", "/t/" + code + "/kiosk/healthz", "/kiosk/healthz", "/t/02/.well-known/jwks.json", "/class"} {
		strange(path, 421, "misdirected-request")
	}
	for range 20 {
		strange("/t/02-zzz/", 421, "misdirected-request")
	}
	want(t, c.ask("GET", "/t/02-zzz/menu", ""), 404, "table-unknown") // they have not counted as wrong codes
	want(t, c.ask("GET", "/t/"+code+"/kiosk/healthz", ""), 200, "ok")
	want(t, c.ask("GET", "/kiosk/healthz", ""), 200, "ok")
	strange("/t/"+code+"/healthz", 200, "table 02")
}

// TestCodes_thatWereRightCountAsNoGuess: a page that is open at a table goes on asking, also after
// the teacher has closed it or given it another code.
func TestCodes_thatWereRightCountAsNoGuess(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code := c.codeOf(1)
	for _, change := range []struct {
		seat    func(*seat)
		status  int
		problem string
	}{
		{func(s *seat) { s.Closed = true }, 503, "table-closed"},
		{func(s *seat) { s.Closed, s.Code, s.Old = false, "01-new", []string{code} }, 410, "table-moved"},
	} {
		if err := c.roster.change(func(r *roster) error { change.seat(&r.Tables[0]); return nil }); err != nil {
			t.Fatal(err)
		}
		for range 3 * wrongCodesAtOnce {
			want(t, c.ask("GET", "/t/"+code+"/menu", ""), change.status, change.problem)
		}
	}
	want(t, c.ask("GET", "/t/"+c.codeOf(2)+"/menu", ""), 200, "table 02")
	for range wrongCodesAtOnce {
		want(t, c.ask("GET", "/t/01-zzz/menu", ""), 404, "table-unknown")
	}
	want(t, c.ask("GET", "/t/01-zzz/menu", ""), 429, "rate-limited")
	want(t, c.ask("GET", "/t/"+code+"/menu", ""), 410, "table-moved")
}

// TestTeacher_wrongCodeLeadsBack: the page for a browser without scripts says what a teacher can do, and
// nothing of the accounts at tables.
func TestTeacher_wrongCodeLeadsBack(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	w := c.ask("POST", "/teach/login", `{"code":"aaaa-aaaa"}`, "Accept", "text/html")
	want(t, w, 401, `Try again at <a href="/teach">/teach</a>`)
	if strings.Contains(w.Body.String(), "alice") {
		t.Errorf("it names demo accounts: %s", w.Body)
	}
}

// TestTeacher_goesOnWhileLearnersGuess: with a code that was right before from this address.
// From an address where nobody has used it, a right one is not told from a wrong one.
func TestTeacher_goesOnWhileLearnersGuess(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code, err := c.NewTeacherCode()
	if err != nil {
		t.Fatal(err)
	}
	right := []string{"Authorization", "Bearer " + code}
	want(t, c.ask("POST", "/teach/logout", "", right...), 204, "")
	for _, from := range []string{"192.168.1.77", "192.168.1.78"} {
		for range wrongCodesAtOnce {
			want(t, c.ask("POST", "/teach/logout", "", "Authorization", "Bearer aaaa-aaaa", "From", from), 401, "authentication-required")
		}
		w := c.ask("POST", "/teach/logout", "", "Authorization", "Bearer aaaa-aaaa", "From", from)
		if want(t, w, 429, "rate-limited"); w.Header().Get("Retry-After") == "" {
			t.Error("it does not say when to come back")
		}
	}
	want(t, c.ask("POST", "/teach/logout", "", right...), 204, "")
	want(t, c.ask("POST", "/teach/login", `{"code":"`+code+`"}`), 204, "")
	want(t, c.ask("POST", "/teach/logout", "", append(right, "From", "192.168.1.78")...), 429, "rate-limited")
	want(t, c.ask("POST", "/teach/login", `{"code":"`+code+`"}`, "From", "192.168.1.78"), 429, "rate-limited")
}

// TestCodes_ofTablesAndOfTheTeacherAreApart: who has used up the attempts for one kind has those for
// the other, and no more than those.
func TestCodes_ofTablesAndOfTheTeacherAreApart(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code, err := c.NewTeacherCode()
	if err != nil {
		t.Fatal(err)
	}
	table := func(code string) *httptest.ResponseRecorder { return c.ask("GET", "/t/"+code+"/menu", "") }
	teacher := func(code string) *httptest.ResponseRecorder {
		return c.ask("POST", "/teach/login", `{"code":"`+code+`"}`)
	}
	for range wrongCodesAtOnce {
		want(t, table("01-zzz"), 404, "table-unknown")
	}
	want(t, table(c.codeOf(1)), 429, "your card")
	want(t, teacher(code), 204, "")
	for range wrongCodesAtOnce {
		want(t, teacher("aaaa-aaaa"), 401, "invalid-credentials")
	}
	want(t, teacher("aaaa-aaaa"), 429, "the program printed")
}

// TestJoin_isNotLockedOut: who has got a table without a code goes on there while others behind the same
// address guess. A code that nobody was given is not told from a wrong one.
func TestJoin_isNotLockedOut(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	want(t, c.ask("POST", "/class/join", `{}`), 201, c.codeOf(1))
	for range wrongCodesAtOnce {
		want(t, c.ask("GET", "/t/01-zzz/menu", ""), 404, "table-unknown")
	}
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/menu", ""), 200, "table 01")
	want(t, c.ask("GET", "/t/"+c.codeOf(2)+"/menu", ""), 429, "rate-limited")
}

// TestCodes_inCapitals lead to the address in small letters, whether they are right or not, and cost
// no guess.
func TestCodes_inCapitals(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	code := c.codeOf(2)
	for range 2 * wrongCodesAtOnce {
		for typed, to := range map[string]string{
			"/t/" + strings.ToUpper(code) + "/learn?x=%2F1": "/t/" + code + "/learn?x=%2F1",
			"/T/" + code:                  "/t/" + code + "/",
			"/t/02-ZZZ/..//evil.example":  "/t/02-zzz/..//evil.example",
			"/T/02/.well-known/jwks.json": "/t/02/.well-known/jwks.json",
		} {
			w := c.ask("POST", typed, "{}")
			want(t, w, 308, "The address of a table is in small letters: http://192.168.1.20:8080"+to)
			if got := w.Header().Get("Location"); got != to {
				t.Errorf("%s leads to %s", typed, got)
			}
			wantHeaders(t, w.Header())
		}
	}
	want(t, c.ask("GET", "/t/"+code+"/learn", ""), 200, "table 02")
	want(t, c.ask("GET", "/t/02-zzz/", ""), 404, "table-unknown")
	want(t, c.ask("GET", "/KIOSK/healthz", ""), 404, "not-found")
}

// wantHeaders looks for those of every response.
func wantHeaders(t *testing.T, h http.Header) {
	t.Helper()
	for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"} {
		if h.Get(name) == "" {
			t.Errorf("the answer has no %s", name)
		}
	}
}

// TestTables_areTakenByTheirCode: who comes with a card does not get company.
func TestTables_areTakenByTheirCode(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/menu", ""), 200, "table 01")
	took := c.tables[0].seat().TakenAt
	if time.Since(took) > time.Minute {
		t.Errorf("it was taken at %v", took) // copies of what a learner has done are told apart by it
	}
	want(t, c.ask("POST", "/class/join", `{"code":"`+c.codeOf(1)+`"}`), 201, `"table":"01"`)
	if again := c.tables[0].seat().TakenAt; again != took {
		t.Errorf("joining with the code changes %v to %v", took, again)
	}
	want(t, c.ask("POST", "/class/join", `{}`), 201, `"table":"02"`)
	want(t, c.ask("GET", "/t/03/.well-known/jwks.json", ""), 200, "") // which anybody may read
	want(t, c.ask("POST", "/class/join", `{}`), 201, `"table":"03"`)

	closed := fiveTables
	closed.Join = JoinClosed
	d := open(t, t.TempDir(), closed, openEcho)
	want(t, d.ask("GET", "/t/"+d.codeOf(1)+"/menu", ""), 403, "class-closed")
}

// TestTables_areNotTakenByReading: a teacher who prints the sheets of all tables leaves them free, and
// so does the open page of somebody who has left. Who opens the page or the lessons sits down.
func TestTables_areNotTakenByReading(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	at := "/t/" + c.codeOf(1)
	for _, path := range []string{"/learn/sheet?lessons=L01-L05", "/learn/style.css", "/learn/lessons", "/learn/lessons/L01", "/css/app.css", "/js/parts/class.js", "/favicon.svg", "/icons.svg", "/healthz"} {
		want(t, c.ask("GET", at+path, ""), 200, "table 01")
		want(t, c.ask("GET", "/class", ""), 200, `"free":5`)
	}
	for n, path := range []string{"", "/", "/learn", "/api/v1/menu", "/swagger/"} {
		want(t, c.ask("GET", "/t/"+c.codeOf(n+1)+path, ""), 200, "table")
		want(t, c.ask("GET", "/class", ""), 200, fmt.Sprintf(`"free":%d`, 4-n))
	}
}

// TestTables_areNotTakenByWhoHasLeft: a page that was left open asks for orders with the token or the
// cookie of before, follows streams, refreshes the token or logs out late. When its login has ended it says that
// nobody has asked it. What somebody does by hand sits down, also where the page has the menu already.
func TestTables_areNotTakenByWhoHasLeft(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	at := "/t/" + c.codeOf(1) + "/api/v1"
	for _, left := range [][]string{{"Authorization", "Bearer old"}, {"Cookie", "access_token=old"}, {"Asked-By", "page"}} {
		for _, path := range []string{"/menu", "/orders", "/orders/1/events", "/kitchen/orders", "/auth/me"} {
			want(t, c.ask("GET", at+path, "", left...), 200, "table 01")
		}
		want(t, c.ask("POST", at+"/auth/refresh", "", left...), 200, "table 01")
		want(t, c.ask("POST", at+"/auth/logout", "", left...), 200, "table 01")
	}
	want(t, c.ask("GET", "/class", ""), 200, `"free":5`)
	want(t, c.ask("POST", at+"/auth/login", "{}", "Cookie", "access_token=old"), 200, "table 01")
	want(t, c.ask("GET", "/t/"+c.codeOf(2)+"/api/v1/orders", ""), 200, "table 02")
	want(t, c.ask("GET", "/t/"+c.codeOf(3)+"/", "", "Cookie", "access_token=old"), 200, "table 03")
	want(t, c.ask("GET", "/t/"+c.codeOf(4)+"/api/v1/menu", "", "If-None-Match", `"seen"`), 200, "table 04")
	want(t, c.ask("GET", "/class", ""), 200, `"free":1`)
}

// TestTables_areTakenAtTheKiosk: who begins there sits at the table from then on, and is not away.
func TestTables_areTakenAtTheKiosk(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	c.ask("GET", "/t/"+c.codeOf(1)+"/kiosk/me", "")
	if taken := c.tables[0]; !taken.seat().Taken || time.Since(taken.lastAt()) > time.Minute {
		t.Errorf("taken %v, last seen at %v", taken.seat().Taken, taken.lastAt())
	}
	if free := c.tables[1]; free.seat().Taken || !free.lastAt().IsZero() {
		t.Errorf("the next table is taken %v, last seen at %v", free.seat().Taken, free.lastAt())
	}
}

// TestTables_areReadInAClosedClass: the sheets of all tables can be printed, and nobody gets in.
func TestTables_areReadInAClosedClass(t *testing.T) {
	closed := fiveTables
	closed.Join = JoinClosed
	c := open(t, t.TempDir(), closed, openEcho)
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/learn/sheet", ""), 200, "table 01")
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/", ""), 403, "class-closed")
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/api/v1/menu", "", "Cookie", "a=b"), 403, "class-closed")
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/api/v1/orders", "", "Authorization", "Bearer old"), 403, "class-closed")
	want(t, c.ask("GET", "/t/"+c.codeOf(1)+"/api/v1/menu", "", "Asked-By", "page"), 403, "class-closed")
	want(t, c.ask("POST", "/t/"+c.codeOf(1)+"/api/v1/auth/refresh", "{}"), 403, "class-closed")
	want(t, c.ask("POST", "/t/"+c.codeOf(1)+"/learn/lessons/L01/answers", "{}"), 403, "class-closed")
}
