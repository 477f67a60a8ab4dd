package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"restaurant/e2e/testkit/process"
)

// likeness is what a table is like for somebody who looks at all of it.
func (s seatedAt) likeness(t *testing.T, token string) map[string]string {
	t.Helper()
	seen := map[string]string{"orders": fmt.Sprint(s.orders(t))}
	for _, path := range []string{
		"/api/v1/menu", "/api/v1/menu/1", "/.well-known/jwks.json", "/.well-known/ended.json", "/learn/lessons", "/learn/lessons/L01", "/lab/clock", "/lab/weather", "/api/v1/orders", "/api/v1/auth/me", "/api/v1/auth/sessions",
	} {
		a := s.Do("GET", path, token, "")
		if a.Status != 200 {
			t.Fatalf("table %s: %s answers %d %s", s.Table, path, a.Status, a.Body)
		}
		seen[path] = a.Header.Get("ETag") + withoutTimes(t, a.Body)
	}
	if a := s.Do("GET", "/api/v1/menu", "", ""); a.Header.Get("Restaurant-Time") != "" {
		seen["clock"] = "ahead"
	}
	return seen
}

// withoutTimes is an answer without what says what time it is.
func withoutTimes(t *testing.T, text []byte) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, name := range []string{"as_of", "at", "restaurant_time", "real_time"} {
		delete(v, name)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestClass_tablesHarmNoOther does at one table what a learner may do, and compares another
// table before and after.
func TestClass_tablesHarmNoOther(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 2, "-rate-limit", "off") // whose limit the comparisons alone would reach
	seven, eight := c.join(t), c.join(t)
	marco, alice := seven.Login("marco"), eight.Login("alice")
	eight.order(t, alice)
	eight.Do("GET", "/api/v1/orders/1/events", alice, "") // until it is served
	call := func(status int, method, path, token, body string) {
		t.Helper()
		if a := seven.Do(method, path, token, body); a.Status != status {
			t.Fatalf("%s %s answers %d %s", method, path, a.Status, a.Body)
		}
	}
	eight.likeness(t, alice) // which credits lessons there
	before := eight.likeness(t, alice)
	for _, harm := range []struct {
		name string
		do   func()
	}{
		{"a key rotation", func() { call(201, "POST", "/api/v1/auth/keys/rotate", marco, "") }},
		{"deleted dishes", func() {
			for id := 1; id <= 5; id++ {
				call(204, "DELETE", fmt.Sprintf("/api/v1/menu/%d", id), marco, "")
			}
			call(404, "GET", "/api/v1/menu/1", "", "")
		}},
		{"alice, throttled", func() {
			for range 5 {
				call(401, "POST", "/api/v1/auth/login", "", `{"username":"alice","password":"wrong"}`)
			}
			var more []int // who waits a second after the fifth may guess once more
			for range 2 {
				more = append(more, seven.Do("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"wrong"}`).Status)
			}
			if !slices.Contains(more, 429) {
				t.Fatalf("after five wrong passwords alice is answered %v", more)
			}
		}},
		{"a full order book", func() {
			for range 200 {
				a := seven.Do("POST", "/api/v1/orders", marco, `{"items":[{"menu_item_id":6,"size":"regular","quantity":20}]}`)
				if a.Status != 201 && a.Status != 422 && a.Status != 429 {
					t.Fatalf("an order is answered %d %s", a.Status, a.Body)
				}
			}
		}},
		{"a set clock", func() { call(200, "POST", "/lab/clock", "", `{"advance":"10m"}`) }},
		{"bad weather", func() {
			call(201, "POST", "/lab/weather", "", `{"route":"GET /api/v1/menu","fault":"status","status":503,"for_s":60}`)
			call(503, "GET", "/api/v1/menu", "", "")
		}},
		{"ended sessions", func() { call(204, "DELETE", "/api/v1/users/1/sessions", marco, "") }},
		{"a fresh kitchen", func() {
			call(200, "POST", "/learn/reset", "", `{"what":"kitchen"}`)
			call(401, "GET", "/api/v1/auth/me", marco, "")
		}},
		{"no progress any more", func() { call(200, "POST", "/learn/reset", "", `{"what":"lessons"}`) }},
	} {
		harm.do()
		after := eight.likeness(t, alice)
		for what, was := range before {
			if after[what] != was {
				t.Errorf("after %s at table %s, %s at table %s is\n%s\nand was\n%s", harm.name, seven.Table, what, eight.Table, after[what], was)
			}
		}
	}
	if status := eight.Call("POST", "/api/v1/auth/login", "", process.DemoCredentials("alice"), nil); status != 200 {
		t.Errorf("alice cannot log in at table %s: %d", eight.Table, status)
	}
}

// TestClass_whatATableGivesOpensNoOther shows what one table gave at another one. Beside each
// refusal stands the same request at the table that gave it.
func TestClass_whatATableGivesOpensNoOther(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 2)
	seven, eight := c.join(t), c.join(t)
	wants := func(s seatedAt, status int, problem, method, path, token, body string, headers ...string) process.Answer {
		t.Helper()
		a := s.Do(method, path, token, body, headers...)
		if a.Status != status || !strings.Contains(string(a.Body), `/problems/`+problem+`"`) && problem != "" {
			t.Errorf("table %s: %s %s is answered %d %s, want %d %s", s.Table, method, path, a.Status, a.Body, status, problem)
		}
		return a
	}

	token := seven.Login("alice")
	wants(seven, 200, "", "GET", "/api/v1/auth/me", token, "")
	wants(eight, 401, "token-key-unknown", "GET", "/api/v1/auth/me", token, "")
	wants(eight, 401, "token-key-unknown", "POST", "/api/v1/auth/logout", token, "")
	wants(seven, 200, "", "GET", "/api/v1/auth/me", token, "")

	var pair struct {
		RefreshToken string `json:"refresh_token"`
	}
	seven.Call("POST", "/api/v1/auth/login", "", process.DemoCredentials("bob"), &pair)
	refresh := fmt.Sprintf(`{"refresh_token":%q}`, pair.RefreshToken)
	wants(eight, 401, "refresh-token-invalid", "POST", "/api/v1/auth/refresh", "", refresh)
	wants(seven, 200, "", "POST", "/api/v1/auth/refresh", "", refresh)

	login := wants(seven, 200, "", "POST", "/api/v1/auth/login", "", `{"username":"vera","password":"vera-likes-pizza","cookie":true}`)
	cookies := (&http.Response{Header: login.Header}).Cookies()
	if len(cookies) != 2 {
		t.Fatalf("the login sets %v", cookies)
	}
	for _, cookie := range cookies {
		if !strings.HasPrefix(cookie.Path, seven.path()) || cookie.Domain != "" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
			t.Errorf("a browser sends %s elsewhere", cookie)
		}
		sent := []string{"Cookie", cookie.Name + "=" + cookie.Value}
		if strings.HasPrefix(cookie.Name, "refresh_token") {
			wants(eight, 401, "refresh-token-invalid", "POST", "/api/v1/auth/refresh", "", "", sent...)
			wants(seven, 200, "", "POST", "/api/v1/auth/refresh", "", "", sent...)
		} else {
			wants(eight, 401, "", "GET", "/api/v1/auth/me", "", "", sent...)
			wants(seven, 200, "", "GET", "/api/v1/auth/me", "", "", sent...)
		}
	}

	// The key means something at each table apart, and a cursor is a place in one's own list.
	there, key := eight.Login("alice"), []string{"Idempotency-Key", "the-same-at-both"}
	for range 3 {
		seven.order(t, token)
	}
	first := seven.order(t, token, key...)
	if again := seven.order(t, token, key...); again != first {
		t.Errorf("the same key: %s and %s", first, again)
	}
	if at := eight.order(t, there, key...); at != eight.path()+"/api/v1/orders/1" {
		t.Errorf("the key of another table leads to %s", at)
	}
	var page struct {
		Items []struct{ ID int }
		Next  string `json:"next_cursor"`
	}
	seven.Call("GET", "/api/v1/orders?limit=1", token, "", &page)
	next := "/api/v1/orders?limit=9&cursor=" + page.Next
	numbers := func(s seatedAt, token string) (ids []int) {
		s.Call("GET", next, token, "", &page)
		for _, o := range page.Items {
			ids = append(ids, o.ID)
		}
		return ids
	}
	if own, other := numbers(seven, token), numbers(eight, there); !slices.Equal(own, []int{3, 2, 1}) || !slices.Equal(other, []int{1}) {
		t.Errorf("the cursor leads to %v, and at the other table to %v", own, other)
	}
	wants(eight, 404, "not-found", "GET", "/api/v1/orders/3", there, "")
	wants(seven, 200, "", "GET", "/api/v1/orders/3", token, "")

	wants(seven, 404, "not-found", "GET", "/stage/", "", "")
	wants(seven, 201, "", "POST", "/lab/stage", "", "")
	wants(seven, 200, "", "GET", "/stage/", "", "")
	wants(eight, 404, "not-found", "GET", "/stage/", "", "")
}

// TestClass_stageTouchesNoCookieOfTheRestaurant: what a browser has of the restaurant does not reach the
// stage, which stands beside it.
func TestClass_stageTouchesNoCookieOfTheRestaurant(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 1)
	s := c.join(t)
	if status := s.Call("POST", "/lab/stage", "", "", nil); status != 201 {
		t.Fatalf("opening answers %d", status)
	}
	for _, path := range []string{"/stage/", "/stage/?case=storage", "/stage/?case=cookie", "/stage/?case=strict", "/stage/notepad"} {
		a := s.Do("GET", path, "", "", "Cookie", "access_token=secret-of-the-restaurant; stage_ticket=ticket")
		if a.Status != 200 || bytes.Contains(a.Body, []byte("secret-of-the-restaurant")) || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, a.Status, a.Header)
		}
		for _, cookie := range a.Header.Values("Set-Cookie") {
			if !strings.HasPrefix(cookie, "stage_ticket=") || !strings.Contains(cookie, "; Path="+s.path()+"/stage/;") {
				t.Errorf("%s sets %s", path, cookie)
			}
		}
	}
	for _, tc := range []struct {
		status  int
		headers []string
	}{{401, []string{"Cookie", "access_token=" + s.Login("alice")}}, {403, []string{"Origin", "http://evil.example"}}, {403, []string{"Sec-Fetch-Site", "same-site"}}} {
		if a := s.Do("POST", "/stage/order", "", "", tc.headers...); a.Status != tc.status {
			t.Errorf("%s: an order is answered %d", tc.headers[0], a.Status)
		}
	}
}

// TestClass_kiosksAskForTheirOwnTable: a learner who lets the kiosk ask for ended sessions does not
// end the lesson of another, who wants to see that the kiosk has not heard of a logout yet.
func TestClass_kiosksAskForTheirOwnTable(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 2)
	seven, eight := c.join(t), c.join(t)
	token, other := eight.Login("alice"), seven.Login("alice")
	wants := func(s seatedAt, status int, method, path, token string) {
		t.Helper()
		if a := s.Do(method, path, token, ""); a.Status != status {
			t.Errorf("table %s: %s %s is answered %d %s, want %d", s.Table, method, path, a.Status, a.Body, status)
		}
	}
	wants(eight, 200, "GET", "/kiosk/me", token)
	wants(seven, 200, "GET", "/kiosk/me", other)
	wants(seven, 200, "GET", "/kiosk/me", token) // it trusts all tables
	wants(eight, 204, "POST", "/api/v1/auth/logout", token)
	wants(eight, 401, "GET", "/api/v1/auth/me", token)
	wants(seven, 200, "POST", "/kiosk/sync", "")
	if a := c.Do("POST", "/kiosk/sync", "", ""); a.Status != 200 {
		t.Errorf("the kiosk of the class answers %d", a.Status)
	}
	wants(eight, 200, "GET", "/kiosk/me", token)
	wants(eight, 200, "POST", "/kiosk/sync", "")
	wants(eight, 401, "GET", "/kiosk/me", token)
}
