package handlers

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"restaurant/middleware"
)

// ticket logs in for a session cookie and returns it.
func (srv *server) ticket(t *testing.T, name string) *http.Cookie {
	t.Helper()
	res := srv.post(t, "/lab/session/login", "username="+name+"&password="+name+"-likes-pizza", asForm).wants(t, 200, "")
	c := res.Result().Cookies()[0]
	if c.Name != "lab_ticket" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || strings.Contains(c.Value, name) {
		t.Errorf("the ticket is %+v", c)
	}
	return c
}

// TestTickets: the server looks up each request, and ends a session at once.
func TestTickets(t *testing.T) {
	srv := newServer(t)
	const me = "/lab/session/me"
	vera := srv.ticket(t, "vera")
	by := func(c *http.Cookie) option { return cookie(c.Name, c.Value) }
	res := srv.get(t, me, by(vera)).wants(t, 200, "")
	if res.queries(t) != "1" || !strings.Contains(res.Body.String(), `"name":"Vera"`) || !strings.Contains(res.Body.String(), `"vip":true`) {
		t.Errorf("%s queries, %s", res.queries(t), res.Body)
	}
	if n := srv.get(t, mePath, srv.as(t, "vera")).wants(t, 200, "").queries(t); n != "0" {
		t.Errorf("a token costs %s queries", n)
	}
	srv.get(t, me).wants(t, 401, "authentication-required")
	srv.get(t, me, srv.as(t, "vera")).wants(t, 401, "authentication-required")
	srv.get(t, me, cookie("lab_ticket", "made-up")).wants(t, 401, "authentication-required")
	srv.get(t, me, by(vera), cookie("lab_ticket", "another")).wants(t, 400, "ambiguous-credentials")
	srv.get(t, mePath, by(vera)).wants(t, 401, "authentication-required")
	srv.post(t, "/lab/session/login", `{"username":"vera","password":"wrong"}`).wants(t, 401, "invalid-credentials")
	srv.post(t, "/lab/session/login", `{"username":"vera","password":""}`).wants(t, 422, "validation-failed")
	alice := srv.ticket(t, "alice")
	srv.post(t, "/lab/session/logout", "", by(vera), foreignPage).wants(t, 403, "cross-origin")
	if gone := srv.post(t, "/lab/session/logout", "", by(vera)).wants(t, 204, "").Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("the cookie is %v", gone)
	}
	srv.get(t, me, by(vera)).wants(t, 401, "authentication-required")
	srv.post(t, "/lab/session/logout", "", by(vera)).wants(t, 401, "authentication-required")
	srv.get(t, me, by(alice)).wants(t, 200, "")
}

var foreignPage = with("Sec-Fetch-Site", "cross-site")

// TestTickets_guessingIsThrottled, together with the guesses at the login.
func TestTickets_guessingIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // five failures count for a second only
		srv := newServer(t)
		defer srv.Store.Close()
		for n := range 5 {
			res := srv.post(t, "/lab/session/login", "username=bob&password=wrong", asForm)
			if res.Code == 429 {
				t.Fatalf("after %d wrong passwords", n)
			}
		}
		srv.post(t, loginPath, "username=bob&password=bob-likes-pizza", asForm).wants(t, 429, "too-many-attempts")
		srv.post(t, loginPath, "username=alice&password=alice-likes-pizza", asForm).wants(t, 200, "")
	})
}

type comparison struct {
	N         int
	Simulated bool
	Doors     []struct {
		Door           string
		Bytes, Queries int
		MedianUS       int64 `json:"median_us"`
		P95US          int64 `json:"p95_us"`
		AtOnce         struct {
			MedianUS int64 `json:"median_us"`
			P95US    int64 `json:"p95_us"`
		} `json:"at_once"`
	}
}

// TestCompare: three doors, their queries and bytes, and what a database far away costs.
func TestCompare(t *testing.T) {
	srv := newServer(t)
	far := decode[comparison](t, srv.post(t, "/lab/compare", "n=20&distance_ms=5", asForm).wants(t, 200, ""))
	if len(far.Doors) != 3 || far.N != 20 || !far.Simulated {
		t.Fatalf("it answers %+v", far)
	}
	jwt, remembered, session := far.Doors[0], far.Doors[1], far.Doors[2]
	if jwt.Door != "jwt" || remembered.Door != "jwt-remembered" || session.Door != "session" || jwt.Queries != 0 || remembered.Queries != 0 || session.Queries != 1 {
		t.Errorf("doors %+v", far.Doors)
	}
	if jwt.Bytes < 600 || jwt.Bytes != remembered.Bytes || session.Bytes > 60 {
		t.Errorf("bytes %d, %d, %d", jwt.Bytes, remembered.Bytes, session.Bytes)
	}
	// Eight share two connections: each waits for about three others.
	if session.MedianUS < 5000 || session.AtOnce.MedianUS < 15000 || remembered.MedianUS > jwt.MedianUS || jwt.P95US < jwt.MedianUS {
		t.Errorf("times %+v", far.Doors)
	}
	near := decode[comparison](t, srv.post(t, "/lab/compare", `{"distance_ms":0}`).wants(t, 200, ""))
	if near.Simulated || near.Doors[2].MedianUS >= session.MedianUS {
		t.Errorf("nearby it answers %+v", near)
	}
	for _, body := range []string{`{"n":9,"distance_ms":0}`, `{"n":201,"distance_ms":0}`, `{"distance_ms":3}`, `{}`} {
		srv.post(t, "/lab/compare", body).wants(t, 422, "validation-failed")
	}
	srv.post(t, "/lab/compare", `{"distance_ms":0}`, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
}

// TestFat: a token that carries a lot is heavy with each request, and one that carries too
// much is refused before anybody looks at it.
func TestFat(t *testing.T) {
	srv := newServer(t)
	line := func(pad string) option {
		text := srv.get(t, "/lab/fat?pad="+pad, with("Accept", "text/plain")).wants(t, 200, "").Body.String()
		return with("Authorization", strings.TrimSpace(strings.TrimPrefix(text, "Authorization: ")))
	}
	type weight struct {
		Bytes, Limit int
		Per1000      int `json:"bytes_per_1000"`
	}
	light := decode[weight](t, srv.get(t, "/lab/weigh", line("0")).wants(t, 200, ""))
	heavy := decode[weight](t, srv.get(t, "/lab/weigh", line("4000")).wants(t, 200, ""))
	if light.Bytes > 1000 || heavy.Bytes < 5300 || heavy.Per1000 != heavy.Bytes*1000 || heavy.Limit != middleware.MaxHeaderBytes {
		t.Errorf("they weigh %+v and %+v", light, heavy)
	}
	srv.get(t, "/lab/weigh", line("20000")).wants(t, 431, "header-too-large")
	srv.get(t, mePath, line("0")).wants(t, 401, "token-key-unknown")
	if none := decode[weight](t, srv.get(t, "/lab/weigh").wants(t, 200, "")); none.Bytes != 0 {
		t.Errorf("nothing weighs %+v", none)
	}
	for _, pad := range []string{"1", "-1", "20001", "x", ""} {
		p := srv.get(t, "/lab/fat?pad="+pad).wants(t, 422, "validation-failed")
		if strings.Count(p.Body.String(), `"field"`) != 1 || !strings.Contains(p.Body.String(), "must be 0, 4000 or 20000") {
			t.Errorf("%s is refused with %s", pad, p.Body)
		}
	}
}
