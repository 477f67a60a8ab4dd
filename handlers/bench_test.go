package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve sends a request without holding the answer against the contract, which
// would cost more than the house does.
func (h *house) serve(method, path, body, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, req)
	return rec
}

// BenchmarkDoor is the whole way of an authenticated request that asks for
// nothing else: router, middleware, gin-jwt, RS256, claims, denylist.
func BenchmarkDoor(b *testing.B) {
	h := newHouse(b)
	token := h.login(b, "alice").AccessToken
	b.ReportAllocs()
	var last *httptest.ResponseRecorder
	for b.Loop() {
		last = h.serve(http.MethodGet, mePath, "", token)
	}
	if last.Code != 200 || !strings.Contains(last.Header().Get("Server-Timing"), `desc="0 queries"`) {
		b.Fatalf("%d %s", last.Code, last.Header().Get("Server-Timing"))
	}
	b.ReportMetric(0, "sql/op") // as Server-Timing has just said
}

// BenchmarkOrder shows how long an order takes at the worst, on a quiet evening
// and while a crowd at the door tries passwords.
func BenchmarkOrder(b *testing.B) {
	for _, crowd := range []int{0, 8} {
		b.Run(fmt.Sprintf("with %d at the door", crowd), func(b *testing.B) {
			h := newHouse(b)
			token := h.token(b, "alice")
			var closing atomic.Bool
			var guessing sync.WaitGroup
			for g := range crowd {
				guessing.Go(func() {
					for n := 0; !closing.Load(); n++ {
						body := fmt.Sprintf(`{"username":"nobody.%d.%d","password":"wrong-password"}`, g, n)
						req := httptest.NewRequest(http.MethodPost, loginPath, strings.NewReader(body))
						req.Header.Set("Content-Type", "application/json")
						req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", g, n/250%250, n%250) // or the throttle would end it
						h.handler.ServeHTTP(httptest.NewRecorder(), req)
					}
				})
			}
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if rec := h.serve(http.MethodPost, ordersPath, margherita, token); rec.Code != 201 {
					b.Fatalf("%d %s", rec.Code, rec.Body)
				}
				took = append(took, time.Since(start))
			}
			closing.Store(true)
			guessing.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
