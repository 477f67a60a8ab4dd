package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGenerator_guestsTakeTurns checks what arrives: tokens and bodies by turns,
// each key once.
func TestGenerator_guestsTakeTurns(t *testing.T) {
	var mu sync.Mutex
	tokens, bodies, keys := map[string]int{}, map[string]int{}, map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		tokens[r.Header.Get("Authorization")]++
		bodies[string(body)]++
		keys[r.Header.Get("Idempotency-Key")]++
		if r.URL.RequestURI() != "/orders?a=b" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	q := request{method: http.MethodPost, url: server.URL + "/orders?a=b", status: http.StatusCreated, connections: 2, least: 3, tokens: []string{"x", "y"}, bodies: []string{"{}", "[]", "{ }"}, key: true}
	s, err := q.run(t.Context(), 50*time.Millisecond)
	if err != nil || s.failed() > 0 || s.Requests < 6 || int64(len(keys)) != s.Requests || s.P50 <= 0 || s.Max < s.P50 {
		t.Errorf("%d keys of %+v, %v", len(keys), s, err)
	}
	if len(tokens) != 2 || tokens["Bearer x"] == 0 || len(bodies) != 3 || bodies["[]"] == 0 {
		t.Errorf("tokens %v, bodies %v", tokens, bodies)
	}
}

// TestGenerator_countsFailures lets a server refuse, break connections, and answer
// in chunks over a connection that it then closes.
func TestGenerator_countsFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		answer        http.HandlerFunc
		wrong, broken bool
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, true, false},
		"chunks, then closed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			for range 3 {
				_, _ = w.Write(make([]byte, 5000))
				w.(http.Flusher).Flush()
			}
		}, false, false},
		"every second one broken": {breakEverySecond(), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			defer server.Close()
			s, err := request{method: http.MethodGet, url: server.URL, status: http.StatusOK, connections: 1, least: 2}.run(t.Context(), 50*time.Millisecond)
			if err != nil || s.Requests < 1 || (s.Wrong > 0) != tc.wrong || (s.Example == 503) != tc.wrong || (s.Broken > 0) != tc.broken {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	if s, err := (request{method: http.MethodGet, url: "http://127.0.0.1:1", status: http.StatusOK, connections: 1}).run(t.Context(), time.Millisecond); err == nil {
		t.Errorf("without a server: %+v", s)
	}
}

func breakEverySecond() http.HandlerFunc {
	var n atomic.Int64
	return func(http.ResponseWriter, *http.Request) {
		if n.Add(1)%2 == 0 {
			panic(http.ErrAbortHandler)
		}
	}
}

// TestStats_saysWhatFailed is what the lines above the table show.
func TestStats_saysWhatFailed(t *testing.T) {
	s := stats{Requests: 60040, Span: 3 * time.Second, Wrong: 3, Example: 503, Broken: 15}
	if s.failed() != 18 || s.rate() < 20013 || s.rate() > 20014 {
		t.Errorf("%d failed, %v/s", s.failed(), s.rate())
	}
	if want := ", 3 wrong answers (such as status 503), 15 broken connections or timeouts"; s.failures() != want {
		t.Errorf("failures = %q, want %q", s.failures(), want)
	}
}
