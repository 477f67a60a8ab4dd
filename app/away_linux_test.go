package app

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// atOnce is for what needs no database, and for refusals when it is known that
// there is none. Much less is needed; the rest is for a busy machine.
const atOnce = time.Second

// TestPostgresAway takes the database away in each way in which it may go. What
// needs none goes on, the rest is refused soon, and all comes back by itself.
func TestPostgresAway(t *testing.T) {
	if !testkit.Wanted() {
		return
	}
	for _, tc := range []struct {
		name       string
		away, back func(*testkit.Server)
		noticed    time.Duration // until the last of those is refused who were there before it was known
	}{
		{"stopped", func(s *testkit.Server) { s.Stop("fast") }, (*testkit.Server).Start, atOnce},
		{"crashed", func(s *testkit.Server) { s.Stop("immediate") }, (*testkit.Server).Start, atOnce},
		{"frozen", (*testkit.Server).Freeze, (*testkit.Server).Thaw, 3 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("KITCHEN", "manual")
			server := testkit.NewServer(t)
			t.Setenv("DATABASE_URL", server.URL)
			house := start(t, t.TempDir())
			a := &awayTest{t: t, house: house, alice: house.login("alice"), carla: house.login("carla")}
			a.wantOrder("before")
			stream := a.follow(1)

			tc.away(server)
			var notReady sync.WaitGroup
			notReady.Go(func() { a.refused("GET", "/readyz", "", 2*atOnce) })
			a.wantRefusals(tc.noticed)
			notReady.Wait()
			a.wantRefusals(atOnce)
			a.refused("GET", "/readyz", "", atOnce)
			a.refused("POST", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza"}`, atOnce)
			a.refused("GET", "/api/v1/orders", "", atOnce)
			a.wantWhatNeedsNone()

			tc.back(server)
			a.awaitReady()
			a.wantOrder("0") // of those that were refused
			if status := house.call("PATCH", "/api/v1/kitchen/orders/1", a.carla, `{"status":"preparing"}`, nil); status != 200 {
				t.Errorf("the chef is answered %d", status)
			}
			stream.wants("preparing")
			house.close()
			if t.Failed() {
				t.Logf("the house says\n%s", house.out)
			}
		})
	}
}

type awayTest struct {
	t            *testing.T
	house        *running
	alice, carla string
}

// order places an order under a key.
func (a *awayTest) order(key string) answer {
	return a.house.exchange("POST", "/api/v1/orders", a.alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, "Idempotency-Key", key)
}

func (a *awayTest) wantOrder(key string) {
	a.t.Helper()
	if got := a.order(key); got.status != http.StatusCreated {
		a.t.Errorf("order %s: %d %s", key, got.status, got.text)
	}
}

// wantRefusals lets many order at once, more than there are connections.
func (a *awayTest) wantRefusals(limit time.Duration) {
	a.t.Helper()
	var all sync.WaitGroup
	took := make([]time.Duration, 32)
	for i := range took {
		all.Go(func() {
			began := time.Now()
			wantUnavailable(a.t, "an order", a.order(fmt.Sprint(i)))
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	slices.Sort(took)
	if slowest := took[len(took)-1]; slowest > limit {
		a.t.Errorf("the last of %d orders was refused after %v, want %v", len(took), slowest, limit)
	}
	a.t.Logf("%d orders were refused within %v to %v", len(took), took[0], took[len(took)-1])
}

func (a *awayTest) refused(method, path, body string, limit time.Duration) {
	a.t.Helper()
	began := time.Now()
	wantUnavailable(a.t, path, a.house.exchange(method, path, a.alice, body))
	if took := time.Since(began); took > limit {
		a.t.Errorf("%s %s was refused after %v, want %v", method, path, took, limit)
	}
}

func wantUnavailable(t *testing.T, what string, a answer) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(string(a.text), "/problems/database-unavailable") {
		t.Errorf("%s is answered %d, Retry-After %q, %s", what, a.status, a.header.Get("Retry-After"), a.text)
	}
}

func (a *awayTest) wantWhatNeedsNone() {
	a.t.Helper()
	for _, path := range []string{"/healthz", "/api/v1/auth/me", "/api/v1/menu", "/api/v1/menu/1", "/.well-known/jwks.json", "/.well-known/public.pem", "/", "/openapi.json"} {
		began := time.Now()
		if status := a.house.exchange("GET", path, a.alice, "").status; status != http.StatusOK || time.Since(began) > atOnce {
			a.t.Errorf("%s is answered %d after %v", path, status, time.Since(began))
		}
	}
	var inspected struct{ Active bool }
	if status := a.house.call("POST", "/api/v1/auth/inspect", "", fmt.Sprintf(`{"token":%q}`, a.alice), &inspected); status != http.StatusOK || !inspected.Active {
		a.t.Errorf("inspect is answered %d, active: %v", status, inspected.Active)
	}
	if status := a.house.exchange("GET", "/api/v1/auth/me", a.alice+"x", "").status; status != http.StatusUnauthorized {
		a.t.Errorf("a wristband that was changed is answered %d", status)
	}
}

// awaitReady asks until the house is ready again.
func (a *awayTest) awaitReady() {
	a.t.Helper()
	began := time.Now()
	for a.house.call("GET", "/readyz", "", "", nil) != http.StatusOK {
		if time.Since(began) > 10*time.Second {
			a.t.Fatalf("not ready ten seconds later:\n%s", a.house.out)
		}
		time.Sleep(10 * time.Millisecond) // asked again, not raced against
	}
	a.t.Logf("ready again after %v", time.Since(began))
}

// openStream is a stream of events that somebody reads.
type openStream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (a *awayTest) follow(id int) openStream {
	a.t.Helper()
	req, err := http.NewRequest("GET", fmt.Sprintf("%s/api/v1/orders/%d/events", a.house.url, id), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.alice)
	res, err := a.house.client.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		a.t.Fatalf("%v %v", res, err)
	}
	a.t.Cleanup(func() { res.Body.Close() })
	s := openStream{a.t, bufio.NewScanner(res.Body)}
	s.wants("placed")
	return s
}

// wants reads up to the event of a status. The test's own limit ends it if there
// never is one.
func (s openStream) wants(status string) {
	s.t.Helper()
	for s.lines.Scan() {
		if strings.Contains(s.lines.Text(), `"status":"`+status+`"`) {
			return
		}
	}
	s.t.Errorf("the stream ends before %s: %v", status, s.lines.Err())
}
