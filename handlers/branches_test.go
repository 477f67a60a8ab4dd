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

// twoBranches opens two branches over one order book, each with keys of its own.
// It needs a server, see testkit; without one there is only one branch, about
// which there is nothing to say.
func twoBranches(t *testing.T, test func(t *testing.T, north, south *house), options ...func(*house)) {
	testkit.NeedPostgres(t)
	_, s := moveIn(t)
	test(t, openHouse(t, t.TempDir(), s, "north", options...), openHouse(t, t.TempDir(), s, "south", options...))
}

// hearing lets a branch hear the others until the test ends. The connection to
// the server holds the clock of a synctest bubble still, so it is for tests in
// real time.
func (h *house) hearing(t testing.TB) {
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	listening := make(chan struct{}, 1)
	following.Go(func() {
		h.Store.Follow(ctx, models.Listener{
			Keys: h.Authority.Keys().Reload, Orders: h.Kitchen.Publish,
			AnyOrders: func(ctx context.Context) error { listening <- struct{}{}; return h.Kitchen.PublishAll(ctx) },
			Lost:      func(err error) { t.Error(err) },
		})
	})
	t.Cleanup(func() { stop(); following.Wait() })
	<-listening
}

// telling is the one statement that tells other branches.
const telling = 1

// plus is a number of queries, and those more that it takes where there may be
// other branches.
func (h *house) plus(queries, shared int) string {
	if h.Store.Shared() {
		queries += shared
	}
	return strconv.Itoa(queries)
}

// following is how many guests have a stream open.
func (h *house) following() int {
	h.streams.mu.Lock()
	defer h.streams.mu.Unlock()
	return len(h.streams.open)
}

// soon asks again until the answer is right. News come from a server, so no
// clock can be moved.
func soon(t testing.TB, what string, is func() bool) (after time.Duration) {
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

func TestALogoutInOneBranchHoldsInTheOther(t *testing.T) {
	twoBranches(t, func(t *testing.T, north, south *house) {
		south.hearing(t)
		var took []time.Duration
		for range 20 {
			raw := north.enter(t, "alice").AccessToken
			south.alive(t, raw)
			north.post(t, "/api/v1/auth/logout", "", bearer(raw)).wants(t, 204, "")
			took = append(took, soon(t, "the token is refused", func() bool { return south.get(t, mePath, bearer(raw)).Code == 401 }))
			south.get(t, mePath, bearer(raw)).wants(t, 401, "token-revoked")
		}
		slices.Sort(took)
		t.Logf("median %v, at worst %v", took[len(took)/2], took[len(took)-1])
	})
}

func TestAStreamShowsWhatIsCookedInAnotherBranch(t *testing.T) {
	twoBranches(t, func(t *testing.T, north, south *house) {
		south.hearing(t)
		alice := north.as(t, "alice")
		id := north.order(t, alice).ID
		told := make(chan string)
		go func() {
			told <- steps(t, south.get(t, fmt.Sprintf("/api/v1/orders/%d/events", id), alice).Body.String())
		}()
		soon(t, "somebody follows the order", func() bool { return south.following() == 1 })
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

func TestAStreamEndsWithALogoutInAnotherBranch(t *testing.T) {
	twoBranches(t, func(t *testing.T, north, south *house) {
		south.hearing(t)
		raw := north.enter(t, "alice").AccessToken
		id := north.order(t, bearer(raw)).ID
		ended := make(chan string)
		go func() { ended <- south.get(t, fmt.Sprintf("/api/v1/orders/%d/events", id), bearer(raw)).Body.String() }()
		soon(t, "somebody follows the order", func() bool { return south.following() == 1 })
		north.post(t, "/api/v1/auth/logout", "", bearer(raw)).wants(t, 204, "")
		select {
		case got := <-ended:
			if steps(t, got) != "1 placed" {
				t.Errorf("the stream tells %s", got)
			}
		case <-time.After(10 * time.Second):
			t.Error("the stream stays open")
		}
	})
}

func TestAMenuChangedInOneBranchIsThatOfTheOther(t *testing.T) {
	twoBranches(t, func(t *testing.T, north, south *house) {
		south.hearing(t)
		marco := north.as(t, "marco")
		before := south.get(t, "/api/v1/menu/1").wants(t, 200, "")
		north.do(t, "DELETE", "/api/v1/menu/1", "", marco, with("If-Match", before.Header().Get("ETag"))).wants(t, 204, "")
		soon(t, "the dish is gone", func() bool { return south.get(t, "/api/v1/menu/1").Code == 404 })
		south.post(t, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, south.as(t, "alice")).wants(t, 422, "validation-failed")
	})
}

func TestBothBranchesPublishAllKeys(t *testing.T) {
	twoBranches(t, func(t *testing.T, north, south *house) {
		north.hearing(t)
		keys := func(h *house) (kids []string) {
			for _, k := range decode[jwksResponse](t, h.get(t, "/.well-known/jwks.json").wants(t, 200, "")).Keys {
				kids = append(kids, k.KeyID)
			}
			return slices.Sorted(slices.Values(kids))
		}
		south.post(t, "/api/v1/auth/keys/rotate", "", south.as(t, "marco")).wants(t, 201, "")
		soon(t, "all three keys", func() bool { return len(keys(north)) == 3 })
		if got, want := keys(south), keys(north); !slices.Equal(got, want) {
			t.Errorf("one publishes %v, the other %v", got, want)
		}
		north.alive(t, south.enter(t, "alice").AccessToken)
	})
}

// Guesses count wherever they are made, and so does a home.
func TestBranchesSlowDownGuessingTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twoBranches(t, func(t *testing.T, north, south *house) {
			north.try(t, "alice", right("alice"), home).wants(t, 200, "")
			north.fails(t, 3, "alice", elsewhere)
			south.fails(t, 2, "alice", "203.0.113.77:1")
			for _, h := range []*house{north, south} {
				h.try(t, "alice", right("alice"), elsewhere).waits(t, 1)
				h.try(t, "alice", right("alice"), home).wants(t, 200, "") // the guest is not locked out
				h.try(t, "bob", right("bob"), elsewhere).wants(t, 200, "")
			}
			time.Sleep(time.Second)
			south.try(t, "alice", "wrong", "203.0.113.78:1").wants(t, 401, "invalid-credentials")
			north.try(t, "alice", right("alice"), elsewhere).waits(t, 2)
			time.Sleep(2 * time.Second)
			north.try(t, "alice", right("alice"), elsewhere).wants(t, 200, "")
			south.fails(t, 5, "alice", elsewhere) // and all is forgiven
			south.try(t, "alice", "wrong", elsewhere).waits(t, 1)
		})
	})
}

func TestAGuessThatCannotBeCountedGetsNoAnswer(t *testing.T) {
	t.Parallel()
	twoBranches(t, func(t *testing.T, north, south *house) {
		tx, err := north.shelf.beside(t).Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("LOCK TABLE login_tallies IN EXCLUSIVE MODE"); err != nil { // it can still be read
			t.Fatal(err)
		}
		north.try(t, "alice", right("alice"), home).wants(t, 503, "database-unavailable")
		north.try(t, "alice", "wrong", home).wants(t, 503, "database-unavailable")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		south.try(t, "alice", right("alice"), home).wants(t, 200, "")
	})
}
