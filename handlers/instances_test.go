package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/models"
)

// twoInstances runs a test with two instances over one PostgreSQL database, each with
// keys of its own. It skips the test where there is no PostgreSQL, see testkit.
func twoInstances(t *testing.T, test func(t *testing.T, north, south *server), options ...func(*server)) {
	testkit.NeedPostgres(t)
	_, s := copySeeded(t)
	test(t, openServer(t, t.TempDir(), s, "north", options...), openServer(t, t.TempDir(), s, "south", options...))
}

// listen lets an instance hear the others until the test ends. The connection to
// the server holds the clock of a synctest bubble still, so it is for tests in
// real time.
func (srv *server) listen(t testing.TB) {
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	listening := make(chan struct{}, 1)
	following.Go(func() {
		srv.Store.Follow(ctx, models.Listener{
			Keys: srv.Authority.Keys().Reload, BoardRead: srv.Kitchen.NoteBoardRead, Orders: srv.Kitchen.Publish,
			AnyOrders: func(ctx context.Context) error { listening <- struct{}{}; return srv.Kitchen.PublishAll(ctx) },
			Lost:      func(err error) { t.Error(err) },
		})
	})
	t.Cleanup(func() { stop(); following.Wait() })
	<-listening
}

// notifyStatements is the one statement that tells other instances.
const notifyStatements = 1

// plus is a number of queries, and those more that it takes where there may be
// other instances.
func (srv *server) plus(queries, shared int) string {
	if srv.Store.Shared() {
		queries += shared
	}
	return strconv.Itoa(queries)
}

// openStreams is how many guests have a stream open.
func (srv *server) openStreams() int {
	srv.streams.mu.Lock()
	defer srv.streams.mu.Unlock()
	return len(srv.streams.open)
}

// eventually asks again until the answer is right. Notifications come from PostgreSQL,
// so no fake clock can be moved.
func eventually(t testing.TB, what string, is func() bool) (after time.Duration) {
	t.Helper()
	start := time.Now()
	for !is() {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("not yet: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}

// A logout on one instance holds on the other.
func TestInstances_logoutReachesTheOther(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		south.listen(t)
		var took []time.Duration
		for range 20 {
			raw := north.openSession(t, "alice").AccessToken
			south.wantsValid(t, raw)
			north.post(t, "/api/v1/auth/logout", "", bearer(raw)).wants(t, 204, "")
			took = append(took, eventually(t, "the token is refused", func() bool { return south.get(t, mePath, bearer(raw)).Code == 401 }))
			south.get(t, mePath, bearer(raw)).wants(t, 401, "token-revoked")
		}
		slices.Sort(took)
		t.Logf("median %v, at worst %v", took[len(took)/2], took[len(took)-1])
	})
}

// A stream shows what another instance does with the order.
func TestInstances_streamShowsOrdersOfTheOther(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		south.listen(t)
		alice := north.as(t, "alice")
		id := north.newOrder(t, alice).ID
		told := make(chan string)
		go func() {
			told <- eventSteps(t, south.get(t, fmt.Sprintf("/api/v1/orders/%d/events", id), alice).Body.String())
		}()
		eventually(t, "somebody follows the order", func() bool { return south.openStreams() == 1 })
		for _, to := range []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed} {
			if _, err := north.Kitchen.Advance(t.Context(), id, to); err != nil {
				t.Error(err)
			}
		}
		select {
		case got := <-told:
			if got != "1 placed, 2 preparing, 3 ready, 4 served" {
				t.Errorf("the stream tells %s", got)
			}
		case <-time.After(10 * time.Second):
			t.Error("the stream does not end")
		}
	})
}

// A stream ends with a logout on another instance.
func TestInstances_logoutEndsStreamsOfTheOther(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		south.listen(t)
		raw := north.openSession(t, "alice").AccessToken
		id := north.newOrder(t, bearer(raw)).ID
		ended := make(chan string)
		go func() { ended <- south.get(t, fmt.Sprintf("/api/v1/orders/%d/events", id), bearer(raw)).Body.String() }()
		eventually(t, "somebody follows the order", func() bool { return south.openStreams() == 1 })
		north.post(t, "/api/v1/auth/logout", "", bearer(raw)).wants(t, 204, "")
		select {
		case got := <-ended:
			if eventSteps(t, got) != "1 placed" {
				t.Errorf("the stream tells %s", got)
			}
		case <-time.After(10 * time.Second):
			t.Error("the stream stays open")
		}
	})
}

// A menu that one instance changes is the other's, too.
func TestInstances_menuChangeReachesTheOther(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		south.listen(t)
		marco := north.as(t, "marco")
		before := south.get(t, "/api/v1/menu/1").wants(t, 200, "")
		north.do(t, "DELETE", "/api/v1/menu/1", "", marco, with("If-Match", before.Header().Get("ETag"))).wants(t, 204, "")
		eventually(t, "the dish is gone", func() bool { return south.get(t, "/api/v1/menu/1").Code == 404 })
		south.post(t, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, south.as(t, "alice")).wants(t, 422, "validation-failed")
	})
}

// Each instance publishes the keys of all.
func TestInstances_publishAllKeys(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		north.listen(t)
		keys := func(srv *server) (kids []string) {
			for _, k := range decode[jwksResponse](t, srv.get(t, "/.well-known/jwks.json").wants(t, 200, "")).Keys {
				kids = append(kids, k.KeyID)
			}
			return slices.Sorted(slices.Values(kids))
		}
		south.post(t, "/api/v1/auth/keys/rotate", "", south.as(t, "marco")).wants(t, 201, "")
		eventually(t, "all three keys", func() bool { return len(keys(north)) == 3 })
		if got, want := keys(south), keys(north); !slices.Equal(got, want) {
			t.Errorf("one publishes %v, the other %v", got, want)
		}
		north.wantsValid(t, south.openSession(t, "alice").AccessToken)
	})
}

// Guesses count wherever they are made, and so does a home.
func TestInstances_countFailedLoginsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twoInstances(t, func(t *testing.T, north, south *server) {
			north.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
			north.failLogins(t, 3, "alice", elsewhere)
			south.failLogins(t, 2, "alice", "203.0.113.77:1")
			for _, srv := range []*server{north, south} {
				srv.tryLogin(t, "alice", passwordOf("alice"), elsewhere).wantsWait(t, 1)
				srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "") // the guest is not locked out
				srv.tryLogin(t, "bob", passwordOf("bob"), elsewhere).wants(t, 200, "")
			}
			time.Sleep(time.Second)
			south.tryLogin(t, "alice", "wrong", "203.0.113.78:1").wants(t, 401, "invalid-credentials")
			north.tryLogin(t, "alice", passwordOf("alice"), elsewhere).wantsWait(t, 2)
			time.Sleep(2 * time.Second)
			north.tryLogin(t, "alice", passwordOf("alice"), elsewhere).wants(t, 200, "")
			south.failLogins(t, 5, "alice", elsewhere) // and all is forgiven
			south.tryLogin(t, "alice", "wrong", elsewhere).wantsWait(t, 1)
		})
	})
}

// A login whose failure cannot be counted gets no answer.
func TestInstances_uncountedLoginGetsNoAnswer(t *testing.T) {
	t.Parallel()
	twoInstances(t, func(t *testing.T, north, south *server) {
		tx, err := north.location.secondConnection(t).Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("LOCK TABLE login_tallies IN EXCLUSIVE MODE"); err != nil { // it can still be read
			t.Fatal(err)
		}
		north.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 503, "database-unavailable")
		north.tryLogin(t, "alice", "wrong", home).wants(t, 503, "database-unavailable")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		south.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
	})
}

// A chef reads the board on one instance, and the kitchen of the other waits, too.
func TestInstances_waitForAChefOfTheOther(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		const pace = time.Second
		withKitchen(t, pace)(south)
		south.listen(t)
		north.get(t, kitchenPath, north.as(t, "carla")).wants(t, 200, "")
		bob := north.openSession(t, "bob").AccessToken
		south.wantsValid(t, bob)
		north.post(t, "/api/v1/auth/logout", "", bearer(bob)).wants(t, 204, "")
		eventually(t, "the other has heard of what came after the chef, and so of the chef", func() bool { return south.get(t, mePath, bearer(bob)).Code == 401 })
		alice := north.as(t, "alice")
		status := func(id int64) models.Status {
			return decode[orderResponse](t, north.get(t, ordersPath+"/"+itoa(id), alice)).Status
		}
		held := north.newOrder(t, alice).ID
		time.Sleep(2 * pace)
		if got := status(held); got != models.StatusPlaced {
			t.Errorf("the order is %s", got)
		}
		// The control: the kitchen of the other does cook, as soon as a chef has begun.
		if _, err := north.Kitchen.Advance(t.Context(), held, models.StatusPreparing); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is served", func() bool { return status(held) == models.StatusServed })
	})
}

// The mode is that of one instance.
func TestInstances_haveModesOfTheirOwn(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		carla := north.as(t, "carla")
		north.do(t, "PUT", modePath, `{"mode":"auto","pace_ms":7}`, carla).wants(t, 200, "")
		for srv, want := range map[*server]string{north: "auto", south: "manual"} {
			if got := decode[kitchenModeResponse](t, srv.get(t, modePath, srv.as(t, "carla"))).Mode; got != want {
				t.Errorf("the mode is %s, want %s", got, want)
			}
		}
	})
}

// TestInstances_chefReadsTheBoardWithoutWrites: while nothing can be written, the other
// instances cannot be told, and the board can be read as the lists of guests can.
func TestInstances_chefReadsTheBoardWithoutWrites(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, _ *server) {
		carla, alice := north.as(t, "carla"), north.as(t, "alice")
		north.newOrder(t, alice)
		north.Store.GuardWrites(func() error { return models.ErrStandbyAway })
		north.post(t, ordersPath, margherita, alice).wants(t, 503, "database-unavailable")
		north.get(t, ordersPath, alice).wants(t, 200, "")
		north.get(t, "/api/v1/kitchen/orders", carla).wants(t, 200, "")
	})
}
