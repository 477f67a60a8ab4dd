package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/class"
	"restaurant/queue"
)

// visitor is a client of a running program.
type visitor struct {
	t   *testing.T
	url string
	// failed is what the program ends with, once it has ended.
	failed <-chan error
}

// startProgram runs serve with these arguments on a free port until the test ends.
func startProgram(t *testing.T, dir string, args ...string) *visitor {
	t.Helper()
	gin.SetMode(gin.TestMode)
	cfg, _, err := readConfig("serve", append([]string{"-data-dir", dir, "-addr", "localhost:0", "-kitchen-pace", "20ms", "-rate-limit", "off"}, args...), func(string) string { return "" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	at, failed := make(chan place, 1), make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() {
		failed <- runServer(ctx, call{Stdio: Stdio{Out: io.Discard, Log: t.Output()}, cfg: cfg, getenv: func(string) string { return "" }},
			func(_ context.Context, p place) error { at <- p; return nil })
	})
	t.Cleanup(func() { stop(); running.Wait() })
	select {
	case p := <-at:
		return &visitor{t, "http://" + p.listening, failed}
	case err := <-failed:
		t.Fatal(err)
		return nil
	}
}

// send sends a request and returns status, header and body of the response.
func (v *visitor) send(method, path, body string, headers ...string) (int, http.Header, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Errorf("%s %s: %v", method, path, err)
		return 0, nil, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Errorf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, res.Header, string(text)
}

// wants sends a request and fails unless it is answered with this status, and with a text
// that holds says.
func (v *visitor) wants(status int, says, method, path, body string, headers ...string) string {
	v.t.Helper()
	got, _, text := v.send(method, path, body, headers...)
	if got != status || !strings.Contains(text, says) {
		v.t.Errorf("%s %s is answered %d %s; want %d with %q", method, path, got, text, status, says)
	}
	return text
}

type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (p pair) bearer() []string { return []string{"Authorization", "Bearer " + p.Access} }

func (v *visitor) logIn(name string) (p pair) {
	v.t.Helper()
	text := v.wants(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, name, name))
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		v.t.Errorf("%s: %v", text, err)
	}
	return p
}

func (v *visitor) order(as pair) (path string) {
	v.t.Helper()
	status, header, text := v.send("POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, as.bearer()...)
	if status != 201 {
		v.t.Errorf("an order is answered %d %s", status, text)
	}
	return header.Get("Location")
}

// reopen closes and opens the server, and reports what that changed in the lessons.
func (v *visitor) reopen() (progress string) {
	v.t.Helper()
	status, header, text := v.send("POST", "/learn/reopen", "")
	var res struct {
		ClosedMS *int64    `json:"closed_ms"`
		OpenedAt time.Time `json:"opened_at"`
	}
	if err := json.Unmarshal([]byte(text), &res); status != 200 || err != nil || res.ClosedMS == nil || *res.ClosedMS >= drainFor.Milliseconds() || time.Since(res.OpenedAt) > time.Minute {
		v.t.Errorf("reopening is answered %d %s", status, text)
	}
	return header.Get("Lesson-Progress")
}

// TestReopen_keepsWhatIsOnTheDisk: tokens, sessions, orders and lessons go on. What was only
// in memory has begun again, which shows that the server was built anew.
func TestReopen_keepsWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	v := startProgram(t, t.TempDir())
	alice, bob, carla := v.logIn("alice"), v.logIn("bob"), v.logIn("carla")
	v.wants(204, "", "POST", "/api/v1/auth/logout", "", bob.bearer()...)
	v.wants(401, "token-revoked", "GET", "/api/v1/auth/me", "", bob.bearer()...)
	path := v.order(alice)
	v.wants(200, "", "POST", "/learn/lessons/L01/answers", `{"question":"predict","choice":1}`)
	v.wants(200, "", "GET", "/api/v1/menu/1", "")
	lesson := v.wants(200, "started", "GET", "/learn/lessons/L01", "")
	v.wants(200, "", "POST", "/lab/clock", `{"advance":"10m"}`)
	later := v.logIn("alice")

	v.wants(200, "manual", "PUT", "/api/v1/kitchen/mode", `{"mode":"manual"}`, carla.bearer()...)
	v.wants(204, "", "DELETE", "/lab/open/menu", "")
	for range 5 {
		v.wants(401, "", "POST", "/api/v1/auth/login", `{"username":"vera","password":"wrong"}`)
	}
	var more []int // who waits a second after the fifth may guess once more
	for range 2 {
		status, _, _ := v.send("POST", "/api/v1/auth/login", `{"username":"vera","password":"wrong"}`)
		more = append(more, status)
	}
	if !slices.Contains(more, http.StatusTooManyRequests) {
		t.Errorf("after five wrong passwords vera is answered %v", more)
	}

	v.reopen()

	v.wants(200, `"Alice"`, "GET", "/api/v1/auth/me", "", alice.bearer()...)
	v.wants(200, `"Alice"`, "GET", "/api/v1/auth/me", "", later.bearer()...)
	v.wants(200, "access_token", "POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, alice.Refresh))
	v.wants(401, "token-revoked", "GET", "/api/v1/auth/me", "", bob.bearer()...)
	v.wants(401, "", "POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, bob.Refresh))
	v.wants(200, "", "GET", path, "", later.bearer()...)
	if again := v.wants(200, "started", "GET", "/learn/lessons/L01", ""); again != lesson {
		t.Errorf("the lesson was %s\nand is %s", lesson, again)
	}

	v.wants(200, "auto", "GET", "/api/v1/kitchen/mode", "", carla.bearer()...)
	v.wants(200, "Margherita", "GET", "/lab/open/menu", "")
	v.logIn("vera")
	if got := v.wants(200, "", "GET", "/metrics", "", "Accept", "text/plain"); strings.Contains(got, `/lab/open/menu",status="204"`) {
		t.Error("the metrics are those of the server before")
	}
}

// TestReopen_losesNothing: logins, orders and event streams that are under way go on.
func TestReopen_losesNothing(t *testing.T) {
	t.Parallel()
	v := startProgram(t, t.TempDir())
	alice := v.logIn("alice")
	const each = 12
	var guests sync.WaitGroup
	for range 3 {
		guests.Go(func() {
			for range each {
				v.follow(v.order(alice), alice)
			}
		})
	}
	guests.Go(func() {
		for range each {
			mine := v.logIn("alice")
			v.wants(200, "", "GET", "/api/v1/auth/me", "", mine.bearer()...)
		}
	})
	for range 4 {
		v.reopen()
	}
	guests.Wait()
	v.reopen()
	if got := strings.Count(v.wants(200, "", "GET", "/api/v1/orders?limit=100", "", alice.bearer()...), `"status":"served"`); got != 3*each {
		t.Errorf("%d orders are served, want %d", got, 3*each)
	}
}

// follow reads the events of an order as a browser does: when the stream ends before the
// order does, it asks for the rest.
func (v *visitor) follow(path string, as pair) {
	v.t.Helper()
	last := "0"
	for last != "4" {
		req, err := http.NewRequestWithContext(v.t.Context(), "GET", v.url+path+"/events", nil)
		if err != nil {
			v.t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+as.Access)
		req.Header.Set("Last-Event-ID", last)
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != 200 {
			v.t.Errorf("%s after event %s: %v %v", path, last, res, err)
			return
		}
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				last = id
			}
		}
		res.Body.Close()
	}
}

// TestReopen_oneAtATime: whoever asks at the same moment gets an answer, too.
func TestReopen_oneAtATime(t *testing.T) {
	t.Parallel()
	v := startProgram(t, t.TempDir())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { v.reopen() })
	}
	all.Wait()
	v.logIn("alice")
}

// TestReopen_isForTheOnlyLearner tries everybody, where others come, too, and where only this
// machine does.
func TestReopen_isForTheOnlyLearner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("others come, too", func(t *testing.T) {
		v := startProgram(t, dir, "-behind-proxy", "on", "-public-url", "http://localhost:8080")
		v.wants(401, "authentication-required", "POST", "/learn/reopen", "")
		v.wants(403, "role-required", "POST", "/learn/reopen", "", v.logIn("alice").bearer()...)
		v.wants(404, "Stop the program and start it again", "POST", "/learn/reopen", "", v.logIn("marco").bearer()...)
	})
	t.Run("only this machine", func(t *testing.T) {
		v := startProgram(t, dir)
		for name, value := range map[string]string{"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"} {
			v.wants(403, "cross-origin", "POST", "/learn/reopen", "", name, value)
		}
		v.reopen()
		v.wants(200, "is open again", "POST", "/learn/reopen", "", "Accept", "*/*")
		v.wants(405, "", "GET", "/learn/reopen", "")
	})
	t.Run("a table of a class", func(t *testing.T) {
		o := tableOpener{cfg: config{addr: "0.0.0.0:8080", tls: "off", kitchen: "manual", accessTokenTTL: time.Minute, refreshTTL: time.Hour}, hashing: queue.New(1), log: slog.New(slog.DiscardHandler)}
		table, err := o.open(t.Context(), class.Place{Number: "07", Folder: t.TempDir(), URL: "http://localhost:8080/t/07-kmx", Issuer: "http://localhost:8080/t/07"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			res := httptest.NewRecorder()
			table.Handler().ServeHTTP(res, httptest.NewRequest("POST", "http://localhost:8080/t/07-kmx/learn/reopen", nil))
			if res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "is open again") {
				t.Errorf("it answers %d %s", res.Code, res.Body)
			}
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("without lessons", func(t *testing.T) {
		v := startProgram(t, t.TempDir(), "-demo-data", "off")
		v.wants(404, "", "POST", "/learn/reopen", "")
	})
}

// TestReopen_failureStopsTheProgram: a key that cannot be read any more.
func TestReopen_failureStopsTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := startProgram(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "keys", "note.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.wants(500, "internal-error", "POST", "/learn/reopen", "")
	if err := <-v.failed; err == nil || !strings.Contains(err.Error(), "cannot be opened again") || !strings.Contains(err.Error(), "note.pem") {
		t.Errorf("the program ends with %v", err)
	}
}

// TestReopen_isBounded: it waits for no request forever, and no request forever for it.
func TestReopen_isBounded(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	dir := dirWithKeys(t)
	synctest.Test(t, func(t *testing.T) {
		cfg := config{dataDir: dir, addr: "localhost:8080", tls: "off", kitchen: "manual", accessTokenTTL: time.Minute, refreshTTL: time.Hour}
		folder, err := openStore(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		h, err := newHolder(t.Context(), cfg, folder, "http://localhost:8080", nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.run(ctx) }()

		body, sender := io.Pipe()
		slow := make(chan int)
		go func() {
			req := httptest.NewRequest("POST", "http://localhost:8080/api/v1/auth/login", body)
			req.Header.Set("Content-Type", "application/json")
			slow <- h.answer(req).Code
		}()
		synctest.Wait()
		first, start := h.now.Load(), time.Now()
		h.now.Load().enter()
		if _, took, err := h.reopen(ctx, first); err != nil || took < drainFor || time.Since(start) >= openWithin {
			t.Errorf("with a slow request it took %v of %v: %v", took, time.Since(start), err)
		}
		first.leave()
		_, _ = io.WriteString(sender, `{"username":"alice","password":"alice-likes-pizza"}`)
		_ = sender.Close()
		if got := <-slow; got != http.StatusServiceUnavailable {
			t.Errorf("the slow request is answered %d", got)
		}
		alive := httptest.NewRequest("GET", "http://localhost:8080/readyz", nil)
		if got := h.answer(alive).Code; got != http.StatusOK {
			t.Errorf("the new App answers %d", got)
		}

		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		h.now.Load().empty(0) // and nobody opens another one
		start = time.Now()
		res := h.answer(alive)
		if took := time.Since(start); took != openWithin || res.Code != http.StatusServiceUnavailable || res.Header().Get("Retry-After") == "" || !strings.Contains(res.Body.String(), "not-ready") {
			t.Errorf("after %v a request is answered %d %v %s", took, res.Code, res.Header(), res.Body)
		}
		if err := h.close(); err != nil {
			t.Error(err)
		}
		if err := folder.close(nil); err != nil {
			t.Error(err)
		}
	})
}

func (h *holder) answer(req *http.Request) *httptest.ResponseRecorder {
	res := httptest.NewRecorder()
	h.at.entrance.ServeHTTP(res, req)
	return res
}
