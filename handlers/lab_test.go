package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"restaurant/tokens"
)

// TestClock_tokensFollowIt: sixteen minutes in no time. Orders stay in real time, and so
// does what the next start takes for the past.
func TestClock_tokensFollowIt(t *testing.T) {
	srv := newServer(t)
	if res := srv.get(t, "/healthz"); res.Header().Get("Restaurant-Time") != "" {
		t.Error("the real time is told apart from the real time")
	}
	pair := decode[tokenResponse](t, srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, ""))
	old := bearer(pair.AccessToken)
	srv.get(t, mePath, old).wants(t, 200, "")
	answer := decode[map[string]any](t, srv.post(t, "/lab/clock", `{"advance":"16m"}`).wants(t, 200, ""))
	if answer["ahead_s"] != 960.0 {
		t.Errorf("it answers %v", answer)
	}
	res := srv.get(t, mePath, old).wants(t, 401, "token-expired")
	at, err := http.ParseTime(res.Header().Get("Restaurant-Time"))
	if ahead := time.Until(at); err != nil || ahead < 15*time.Minute || ahead > 16*time.Minute {
		t.Errorf("Restaurant-Time is %q", res.Header().Get("Restaurant-Time"))
	}
	renewed := decode[tokenResponse](t, srv.post(t, refreshPath, `{"refresh_token":"`+pair.RefreshToken+`"}`).wants(t, 200, ""))
	srv.get(t, mePath, bearer(renewed.AccessToken)).wants(t, 200, "")
	order := decode[orderResponse](t, srv.post(t, ordersPath, margherita, srv.as(t, "alice")).wants(t, 201, ""))
	if time.Since(order.PlacedAt).Abs() > time.Minute {
		t.Errorf("the order was placed at %v", order.PlacedAt)
	}
	srv.post(t, "/lab/clock", `{"advance":"23h"}`).wants(t, 200, "")
	for _, refused := range []string{"44m1s", "0s", "-1s", "1ms", "16", "soon", ""} {
		srv.post(t, "/lab/clock", `{"advance":"`+refused+`"}`).wants(t, 422, "validation-failed")
	}
	srv.post(t, "/lab/clock", `{"advance":"1s"}`, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
	if res := srv.post(t, "/lab/clock", "advance=16", asForm).wants(t, 422, "validation-failed"); !strings.Contains(res.Body.String(), "such as 16m") {
		t.Errorf("a number without a unit: %s", res.Body)
	}
	srv.post(t, "/lab/clock", "advance=44m&advance=44m", asForm).wants(t, 400, "malformed-form")
	srv.post(t, "/lab/clock", "advance=44m", asForm).wants(t, 200, "")
	_, used, err := srv.Store.AccessWatermarks(t.Context())
	if err != nil || time.Since(used.Time()).Abs() > time.Minute {
		t.Errorf("the database was last used at %v (%v): a start would be ahead", used.Time(), err)
	}
}

// TestClock_vouchersFollowIt: a refresh token of an hour is worth nothing two hours later.
func TestClock_vouchersFollowIt(t *testing.T) {
	srv := newServer(t, func(srv *server) {
		var err error
		if srv.Sessions, err = tokens.NewSessions(t.Context(), srv.Store, srv.Authority, time.Hour); err != nil {
			t.Fatal(err)
		}
	})
	login := func() string {
		return `{"refresh_token":"` + decode[tokenResponse](t, srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, "")).RefreshToken + `"}`
	}
	old := login()
	srv.post(t, "/lab/clock", `{"advance":"2h"}`).wants(t, 200, "")
	srv.post(t, refreshPath, old).wants(t, 401, "refresh-token-invalid")
	srv.post(t, refreshPath, login()).wants(t, 200, "")
}

// TestWeather: each fault touches its route only, until it ends.
func TestWeather(t *testing.T) {
	srv := newServer(t)
	add := func(fault string, status int, slug string) *response {
		t.Helper()
		return srv.post(t, "/lab/weather", fault).wants(t, status, slug)
	}
	clear := func() { srv.do(t, "DELETE", "/lab/weather", "").wants(t, 204, "") }

	add(`{"route":"GET /api/v1/menu/{id}","fault":"status","status":503,"retry_after":7,"for_s":60}`, 201, "")
	res := srv.get(t, "/api/v1/menu/1").wants(t, 503, "lab-weather")
	if res.Header().Get("Retry-After") != "7" || res.Header().Get("Lab-Weather") != "status" {
		t.Errorf("it answers %v", res.Header())
	}
	if res = srv.get(t, "/api/v1/menu?q=margherita").wants(t, 200, ""); res.Header().Get("Lab-Weather") != "" {
		t.Error("another route is touched")
	}
	add(`{"route":"GET /api/v1/menu","fault":"delay","delay_ms":30,"for_s":60}`, 201, "")
	start := time.Now()
	res = srv.get(t, "/api/v1/menu?q=margherita").wants(t, 200, "")
	if took := time.Since(start); took < 30*time.Millisecond || res.Header().Get("Lab-Weather") != "delay" {
		t.Errorf("it took %v, %v", took, res.Header())
	}
	if got := res.Header().Get("Lesson-Progress"); got != "" {
		t.Errorf("it is credited: %s", got)
	}
	if list := srv.get(t, "/lab/weather").wants(t, 200, "").Body.String(); !strings.Contains(list, `"GET /api/v1/menu/{id}"`) || !strings.Contains(list, `"delay_ms":30`) {
		t.Errorf("the list is %s", list)
	}
	srv.do(t, "DELETE", "/lab/weather", "", with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
	srv.get(t, "/api/v1/menu/1").wants(t, 503, "lab-weather")
	clear()
	if res := srv.get(t, "/api/v1/menu/1").wants(t, 200, ""); res.Header().Get("Lesson-Progress") == "" {
		t.Error("nothing is credited when the weather is good again")
	}
	add(`{"route":"GET /api/v1/menu/{id}","fault":"status","status":503,"retry_after":1,"for_s":1}`, 201, "")
	eventually(t, "the fault ends by itself", func() bool { return srv.get(t, "/api/v1/menu/1").Code == 200 })
}

// TestWeather_refuses what would be no weather, or hide the truth from a probe.
func TestWeather_refuses(t *testing.T) {
	srv := newServer(t)
	good := `{"route":"POST /api/v1/orders","fault":"drop","for_s":600}`
	for _, body := range []string{
		`{"route":"POST /api/v1/orders","fault":"drop","for_s":601}`, `{"route":"POST /api/v1/orders","fault":"drop","for_s":0}`,
		`{"route":"GET /healthz","fault":"drop","for_s":1}`, `{"route":"GET /readyz","fault":"drop","for_s":1}`,
		`{"route":"DELETE /lab/weather","fault":"drop","for_s":1}`, `{"route":"POST /lab/clock","fault":"drop","for_s":1}`,
		`{"route":"GET /api/v1/orders/17","fault":"drop","for_s":1}`, `{"route":"orders","fault":"drop","for_s":1}`,
		`{"route":"POST /api/v1/orders","fault":"rain","for_s":1}`,
		`{"route":"POST /api/v1/orders","fault":"delay","for_s":1}`, `{"route":"POST /api/v1/orders","fault":"delay","delay_ms":10001,"for_s":1}`,
		`{"route":"POST /api/v1/orders","fault":"status","for_s":1}`, `{"route":"POST /api/v1/orders","fault":"status","status":200,"for_s":1}`,
		`{"route":"POST /api/v1/orders","fault":"drop","status":503,"retry_after":1,"for_s":1}`, `{"route":"POST /api/v1/orders","fault":"drop","retry_after":1,"for_s":1}`,
		`{"route":"POST /api/v1/orders","fault":"drop","rate":-0.1,"for_s":1}`, `{"route":"POST /api/v1/orders","fault":"drop","rate":1.1,"for_s":1}`,
	} {
		srv.post(t, "/lab/weather", body).wants(t, 422, "validation-failed")
	}
	srv.post(t, "/lab/weather", good, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
	srv.post(t, "/lab/weather", "route=GET+/api/v1/menu&fault=delay&delay_ms=1&rate=0.5&for_s=1", asForm).wants(t, 201, "")
	for range 7 {
		srv.post(t, "/lab/weather", good).wants(t, 201, "")
	}
	srv.post(t, "/lab/weather", good).wants(t, 409, "weather-full")
}

// TestWeather_dropDoesTheWork: the answer gets lost after the order was placed; the same
// key again gets this order and not a second one.
func TestWeather_dropDoesTheWork(t *testing.T) {
	srv := newServer(t)
	house := httptest.NewServer(srv.handler)
	defer house.Close()
	srv.post(t, "/lab/weather", `{"route":"POST /api/v1/orders","fault":"drop","for_s":60}`).wants(t, 201, "")
	order := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", house.URL+ordersPath, strings.NewReader(margherita))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+srv.token(t, "alice"))
		req.Header.Set("Idempotency-Key", "lost")
		return http.DefaultClient.Do(req)
	}
	if res, err := order(); err == nil {
		res.Body.Close()
		t.Fatalf("the lost answer is %s", res.Status)
	}
	srv.do(t, "DELETE", "/lab/weather", "").wants(t, 204, "")
	res, err := order()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 201 || res.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the second try: %s %v", res.Status, res.Header)
	}
	if n := strings.Count(srv.get(t, ordersPath, srv.as(t, "alice")).wants(t, 200, "").Body.String(), `"placed_at"`); n != 1 {
		t.Errorf("there are %d orders", n)
	}
}
