package e2e

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

// What needs no database, and a refusal when it is known that there is none, takes
// milliseconds. A request that waits for the database takes 3 s at least: so long it
// may queue for a connection. A limit between the two tells them apart, however busy
// the machine is.
const atOnce = 2 * time.Second

// toNotice is for requests under way when the database freezes: within 1.8 s it has
// been pinged in vain. A request that waits for its own answer takes 7 s.
const toNotice = 5 * time.Second

// TestPostgresOutage_isRefusedAndPasses takes the database away in each way in which it may go. What
// needs none goes on, the rest is refused soon, and all comes back by itself.
func TestPostgresOutage_isRefusedAndPasses(t *testing.T) {
	testkit.NeedPostgres(t)
	for _, tc := range []struct {
		name       string
		away, back func(*testkit.PostgresServer)
		noticed    time.Duration // until the last request is refused that was there before it was known
	}{
		{"stopped", func(s *testkit.PostgresServer) { s.Stop("fast") }, (*testkit.PostgresServer).Start, atOnce},
		{"crashed", func(s *testkit.PostgresServer) { s.Stop("immediate") }, (*testkit.PostgresServer).Start, atOnce},
		{"frozen", (*testkit.PostgresServer).Freeze, (*testkit.PostgresServer).Thaw, toNotice},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("RESTAURANT_KITCHEN", "manual")
			database := testkit.NewPostgresServer(t)
			t.Setenv("RESTAURANT_DATABASE_URL", database.URL)
			server := testkit.Start(t, t.TempDir())
			a := &outageTest{t: t, server: server, alice: server.Login("alice"), carla: server.Login("carla")}
			a.wantOrder("before")
			stream := a.openStream(1)

			tc.away(database)
			var notReady sync.WaitGroup
			notReady.Go(func() { a.wantRefusal("GET", "/readyz", "", toNotice) })
			a.wantRefusals(tc.noticed)
			notReady.Wait()
			a.wantRefusals(atOnce)
			a.wantRefusal("GET", "/readyz", "", atOnce)
			a.wantRefusal("POST", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza"}`, atOnce)
			a.wantRefusal("GET", "/api/v1/orders", "", atOnce)
			a.wantDatabaseFreeAnswers()

			tc.back(database)
			a.awaitReady()
			a.wantOrder("0") // of those that were refused
			if status := server.Call("PATCH", "/api/v1/kitchen/orders/1", a.carla, `{"status":"preparing"}`, nil); status != 200 {
				t.Errorf("the chef is answered %d", status)
			}
			stream.wants("preparing")
			server.Stop()
			if t.Failed() {
				t.Logf("the server wrote\n%s", server.Output)
			}
		})
	}
}

type outageTest struct {
	t            *testing.T
	server       *testkit.Process
	alice, carla string
}

// order places an order under a key.
func (a *outageTest) order(key string) testkit.Answer {
	return a.server.Do("POST", "/api/v1/orders", a.alice, onePizza, "Idempotency-Key", key)
}

func (a *outageTest) wantOrder(key string) {
	a.t.Helper()
	if got := a.order(key); got.Status != http.StatusCreated {
		a.t.Errorf("order %s: %d %s", key, got.Status, got.Body)
	}
}

// wantRefusals lets many order at once, more than there are connections.
func (a *outageTest) wantRefusals(limit time.Duration) {
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

func (a *outageTest) wantRefusal(method, path, body string, limit time.Duration) {
	a.t.Helper()
	began := time.Now()
	wantUnavailable(a.t, path, a.server.Do(method, path, a.alice, body))
	if took := time.Since(began); took > limit {
		a.t.Errorf("%s %s was refused after %v, want %v", method, path, took, limit)
	}
}

func wantUnavailable(t *testing.T, what string, a testkit.Answer) {
	t.Helper()
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Body), "/problems/database-unavailable") {
		t.Errorf("%s is answered %d, Retry-After %q, %s", what, a.Status, a.Header.Get("Retry-After"), a.Body)
	}
}

func (a *outageTest) wantDatabaseFreeAnswers() {
	a.t.Helper()
	for _, path := range []string{"/healthz", "/api/v1/auth/me", "/api/v1/menu", "/api/v1/menu/1", "/.well-known/jwks.json", "/.well-known/public.pem", "/", "/openapi.json"} {
		began := time.Now()
		if status := a.server.Do("GET", path, a.alice, "").Status; status != http.StatusOK || time.Since(began) > atOnce {
			a.t.Errorf("%s is answered %d after %v", path, status, time.Since(began))
		}
	}
	var inspected struct{ Active bool }
	if status := a.server.Call("POST", "/api/v1/auth/inspect", "", fmt.Sprintf(`{"token":%q}`, a.alice), &inspected); status != http.StatusOK || !inspected.Active {
		a.t.Errorf("inspect is answered %d, active: %v", status, inspected.Active)
	}
	if status := a.server.Do("GET", "/api/v1/auth/me", a.alice+"x", "").Status; status != http.StatusUnauthorized {
		a.t.Errorf("a token that was changed is answered %d", status)
	}
}

// awaitReady asks until the server is ready again.
func (a *outageTest) awaitReady() {
	a.t.Helper()
	began := time.Now()
	for a.server.Call("GET", "/readyz", "", "", nil) != http.StatusOK {
		if time.Since(began) > 10*time.Second {
			a.t.Fatalf("not ready ten seconds later:\n%s", a.server.Output)
		}
		time.Sleep(10 * time.Millisecond) // polled, not raced against
	}
	a.t.Logf("ready again after %v", time.Since(began))
}

// eventStream is an order's stream of events.
type eventStream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (a *outageTest) openStream(id int) eventStream {
	a.t.Helper()
	req, err := http.NewRequest("GET", fmt.Sprintf("%s/api/v1/orders/%d/events", a.server.URL, id), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.alice)
	res, err := a.server.HTTP.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		a.t.Fatalf("%v %v", res, err)
	}
	a.t.Cleanup(func() { res.Body.Close() })
	s := eventStream{a.t, bufio.NewScanner(res.Body)}
	s.wants("placed")
	return s
}

// wants reads up to the event of a status. The test's own limit ends it if there
// never is one.
func (s eventStream) wants(status string) {
	s.t.Helper()
	for s.lines.Scan() {
		if strings.Contains(s.lines.Text(), `"status":"`+status+`"`) {
			return
		}
	}
	s.t.Errorf("the stream ends before %s: %v", status, s.lines.Err())
}
