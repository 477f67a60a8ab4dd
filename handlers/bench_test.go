package handlers

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"restaurant/kitchen"
	"restaurant/models"
	"restaurant/tokens"
)

// benchServer is a server whose log is written, as in real life, but kept nowhere:
// a log in memory would grow with every round and be measured, too. Its lessons
// watch every request.
func benchServer(b *testing.B, options ...func(*server)) *server {
	b.Helper()
	b.ReportAllocs()
	quiet := func(srv *server) {
		srv.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
		srv.Kitchen = kitchen.New(srv.Store, kitchen.Mode{Manual: true, Pace: 3 * time.Second}, srv.Log)
	}
	return newServer(b, append(options, quiet)...)
}

// caller sends one request again and again through the whole router. Building
// the request, recording the answer and holding it against the contract, as the
// tests do, would cost more than the server does. One goroutine uses a caller.
type caller struct {
	*testing.B
	handler http.Handler
	req     *http.Request
	body    strings.Reader

	// the last answer
	header http.Header
	status int
	answer []byte

	asked int             // how many requests there were
	sql   int             // SQL statements of all of them, as Server-Timing said
	took  []time.Duration // by each of them
}

// calls makes a caller. An empty token sends none.
func (srv *server) calls(b *testing.B, method, path, token string) *caller {
	b.Helper()
	req := newRequest(method, path, "")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	return &caller{B: b, handler: srv.handler, req: req, header: http.Header{}}
}

func (c *caller) Header() http.Header { return c.header }
func (c *caller) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *caller) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.answer = append(c.answer, p...) // into the room that the last answer had
	return len(p), nil
}

// send sends the request with this body and fails the benchmark unless the
// answer has the status that is wanted.
func (c *caller) send(body string, want int) {
	clear(c.header)
	c.status, c.answer = 0, c.answer[:0]
	c.req.Body, c.req.ContentLength = http.NoBody, int64(len(body))
	if body != "" {
		c.body.Reset(body)
		c.req.Body = io.NopCloser(&c.body)
	}
	start := time.Now()
	c.handler.ServeHTTP(c, c.req)
	c.took = append(c.took, time.Since(start))
	_, said, _ := strings.Cut(c.header.Get("Server-Timing"), `desc="`)
	said, _, _ = strings.Cut(said, " ")
	n, err := strconv.Atoi(said)
	if err != nil || c.status != want {
		c.Errorf("%s %s: %d %s, Server-Timing %q", c.req.Method, c.req.URL, c.status, c.answer, c.header.Get("Server-Timing"))
	}
	c.asked++
	c.sql += n
}

// report adds up what some callers have seen.
func report(b *testing.B, callers ...*caller) {
	var asked, sql int
	for _, c := range callers {
		asked, sql = asked+c.asked, sql+c.sql
	}
	b.ReportMetric(float64(sql)/float64(asked), "sql/op")
}

// reportWaits says how long half of those who waited, and all but one in a
// hundred, have waited at the most.
func reportWaits(b *testing.B, waits []time.Duration) {
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}

// newUsers creates users without passwords, which are slow to hash, and returns an
// access token for each.
func (srv *server) newUsers(b *testing.B, name string, role models.Role, count int) []string {
	b.Helper()
	users, accessTokens := make([]models.User, count), make([]string, count)
	for i := range users {
		users[i] = models.User{Username: fmt.Sprintf("%s-%d", name, i), Name: name, Role: role}
	}
	if err := srv.Store.SeedUsers(b.Context(), name, users); err != nil {
		b.Fatal(err)
	}
	for i, u := range users {
		token, err := srv.Authority.Issue(u, tokens.NewID(), time.Now().Add(srv.Authority.Lifetime()))
		if err != nil {
			b.Fatal(err)
		}
		accessTokens[i] = token
	}
	return accessTokens
}

// BenchmarkAuthenticate is a whole authenticated request that asks for
// nothing else: router, middleware, gin-jwt, claims, denylist. The difference is
// what the lessons cost.
func BenchmarkAuthenticate(b *testing.B) {
	for _, tc := range []struct {
		name    string
		options []func(*server)
	}{{"lessons watch", nil}, {"no lessons", []func(*server){func(srv *server) { srv.OnResponse = nil }}}} {
		b.Run(tc.name, func(b *testing.B) {
			srv := benchServer(b, tc.options...)
			me := srv.calls(b, http.MethodGet, mePath, srv.login(b, "alice").AccessToken)
			for b.Loop() {
				me.send("", 200)
			}
			report(b, me)
		})
	}
}

func BenchmarkMenu(b *testing.B) {
	for _, tc := range []struct {
		name, path string
		revisit    bool
	}{
		{"whole", "/api/v1/menu", false},
		{"not modified", "/api/v1/menu", true},
		{"filtered", "/api/v1/menu?vegetarian=true&max_price_cents=1200&sort=price", false},
	} {
		b.Run(tc.name, func(b *testing.B) {
			srv := benchServer(b)
			menu, status := srv.calls(b, http.MethodGet, tc.path, ""), 200
			if tc.revisit {
				menu.send("", status)
				menu.req.Header.Set("If-None-Match", menu.header.Get("ETag"))
				status = 304
			}
			for b.Loop() {
				menu.send("", status)
			}
			report(b, menu)
		})
	}
}

// BenchmarkOrder shows how long an order takes at the worst: of one guest on a
// quiet evening, of one while others try passwords, and of many
// who order at once.
func BenchmarkOrder(b *testing.B) {
	for _, tc := range []struct{ guests, guessing int }{{1, 0}, {1, 8}, {32, 0}} {
		b.Run(fmt.Sprintf("guests=%d/guessing=%d", tc.guests, tc.guessing), func(b *testing.B) {
			srv := benchServer(b)
			var guests []*caller
			for _, token := range srv.newUsers(b, "guest", models.RoleGuest, tc.guests) {
				guests = append(guests, srv.calls(b, http.MethodPost, ordersPath, token))
			}
			stop := srv.guessPasswords(tc.guessing)
			var ordering sync.WaitGroup
			turn := make(chan struct{})
			for _, guest := range guests {
				ordering.Go(func() {
					for range turn {
						guest.send(margherita, 201)
					}
				})
			}
			for b.Loop() {
				turn <- struct{}{}
			}
			close(turn)
			ordering.Wait()
			stop()
			report(b, guests...)
			var waits []time.Duration
			for _, guest := range guests {
				waits = append(waits, guest.took...)
			}
			reportWaits(b, waits)
		})
	}
}

// guessPasswords tries passwords until stop is called.
func (srv *server) guessPasswords(size int) (stop func()) {
	var closing atomic.Bool
	var guessing sync.WaitGroup
	for g := range size {
		guessing.Go(func() {
			for n := 0; !closing.Load(); n++ {
				body := fmt.Sprintf(`{"username":"nobody.%d.%d","password":"wrong-password"}`, g, n)
				req := newRequest(http.MethodPost, loginPath, body)
				req.Header.Set("Content-Type", "application/json")
				req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", g, n/250%250, n%250) // or the throttle would end it
				srv.handler.ServeHTTP(httptest.NewRecorder(), req)
			}
		})
	}
	return func() { closing.Store(true); guessing.Wait() }
}

// BenchmarkOrderPage is the first page of a guest who has ordered twice as much.
func BenchmarkOrderPage(b *testing.B) {
	srv := benchServer(b)
	token := srv.token(b, "alice")
	order := srv.calls(b, http.MethodPost, ordersPath, token)
	for range 40 {
		order.send(`{"items":[{"menu_item_id":1,"size":"large","quantity":1},{"menu_item_id":2,"size":"small","quantity":2}]}`, 201)
	}
	page := srv.calls(b, http.MethodGet, ordersPath+"?limit=20", token)
	for b.Loop() {
		page.send("", 200)
	}
	report(b, page)
}

// BenchmarkLogin is mostly the hash of the password, on purpose. Guesses at another account
// that are refused cost no hash, so logins must not be slower beside them.
func BenchmarkLogin(b *testing.B) {
	for _, guesses := range []int{0, 200} {
		b.Run(fmt.Sprintf("refused guesses a second=%d", guesses), func(b *testing.B) {
			srv := benchServer(b)
			login := srv.calls(b, http.MethodPost, loginPath, "")
			stop := func() {}
			if guesses > 0 {
				stop = srv.guessRefused(b, guesses)
			}
			for b.Loop() {
				login.send(`{"username":"alice","password":"alice-likes-pizza"}`, 200)
			}
			stop()
			report(b, login)
		})
	}
}

// guessRefused guesses passwords of one account from one address until they are refused, and
// then so many a second until stop is called.
func (srv *server) guessRefused(b *testing.B, rate int) (stop func()) {
	b.Helper()
	guess := func() int {
		req := newRequest(http.MethodPost, loginPath, `{"username":"bob","password":"bob-likes-cheese"}`)
		req.Header.Set("Content-Type", "application/json")
		req.RemoteAddr = "10.0.0.9:1"
		res := httptest.NewRecorder()
		srv.handler.ServeHTTP(res, req)
		return res.Code
	}
	for tries := 0; guess() != http.StatusTooManyRequests; tries++ {
		if tries > 50 {
			b.Fatal("passwords can be guessed")
		}
	}
	ticks, end := time.NewTicker(time.Second/time.Duration(rate)), make(chan struct{})
	var guessing sync.WaitGroup
	guessing.Go(func() {
		for {
			select {
			case <-ticks.C:
				guess()
			case <-end:
				return
			}
		}
	})
	return func() { ticks.Stop(); close(end); guessing.Wait() }
}

// BenchmarkRefresh spends each refresh token for the next one.
func BenchmarkRefresh(b *testing.B) {
	srv := benchServer(b)
	refresh := srv.calls(b, http.MethodPost, refreshPath, "")
	pair := srv.login(b, "alice")
	for b.Loop() {
		refresh.send(`{"refresh_token":"`+pair.RefreshToken+`"}`, 200)
		if err := json.Unmarshal(refresh.answer, &pair); err != nil {
			b.Fatal(err)
		}
	}
	report(b, refresh)
}

// BenchmarkAdvance is a chef who moves one order one step on.
func BenchmarkAdvance(b *testing.B) {
	srv := benchServer(b)
	order := srv.calls(b, http.MethodPost, ordersPath, srv.token(b, "alice"))
	chef := srv.calls(b, http.MethodPatch, kitchenPath+"/1", srv.token(b, "carla"))
	steps := []string{`{"status":"preparing"}`, `{"status":"ready"}`, `{"status":"served"}`}
	for step := 0; b.Loop(); step++ {
		if step%len(steps) == 0 {
			b.StopTimer()
			order.send(margherita, 201)
			chef.req.URL.Path = kitchenPath + strings.TrimPrefix(order.header.Get("Location"), ordersPath)
			b.StartTimer()
		}
		chef.send(steps[step%len(steps)], 200)
	}
	report(b, chef)
}
