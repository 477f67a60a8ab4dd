package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestUpgrade_besideTheVersionBefore replaces two instances of the version before, one
// after the other, while guests order at both: the new program changes the tables under the
// old one, and both work side by side. Nothing is lost, and nobody gets a 500. After that the
// old program refuses to start, and says what to do.
func TestUpgrade_besideTheVersionBefore(t *testing.T) {
	testkit.NeedPostgres(t)
	version := testkit.LastVersion(t)
	commit := testkit.CommitOf(t, version)
	u := &upgrade{t: t, database: testkit.EmptyDatabase(t), before: testkit.ProgramOf(t, commit), folders: [2]string{t.TempDir(), t.TempDir()}}
	t.Setenv("RESTAURANT_PUBLIC_URL", u.publicURL())
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	first, second := u.old(0), u.old(1)
	first.AwaitReady()
	second.AwaitReady()
	session := login(t, first, "bob", "bob-likes-pizza")

	u.guests = newGuests(t, first)
	stop := u.letGuestsOrder(first)
	second.Stop()
	third := testkit.Start(t, u.folders[1], "-database-url", u.database)
	alsoStop := u.letGuestsOrder(third)
	u.awaitOrders(100)
	u.wantAsOne(first, third)
	stop()
	alsoStop()

	first.Kill()
	u.wantNoWayBack(commit)
	fourth := testkit.Start(t, u.folders[0], "-database-url", u.database)
	wantMe(t, fourth, session.AccessToken, 200)
	if a := fourth.Do("POST", "/api/v1/auth/refresh", "", fmt.Sprintf(`{"refresh_token":%q}`, session.RefreshToken)); a.Status != 200 {
		t.Errorf("the refresh token of a login before the update is answered %d %s", a.Status, a.Body)
	}
	u.guests.PlacePending(third)
	u.guests.WantEachOnce(fourth)
	u.guests.WantAllServed(third)
	for _, p := range []*testkit.Process{first, third, fourth} {
		if output := p.Output.String(); strings.Contains(output, "status=500") || strings.Contains(output, "level=ERROR") {
			t.Errorf("an instance wrote\n%s", output)
		}
	}
	t.Logf("%d orders at %s and at the program of today", u.guests.Receipts(), version)
}

// upgrade is two instances over one database.
type upgrade struct {
	t                *testing.T
	database, before string // its address, and the path of the older program
	folders          [2]string
	guests           *chaosGuests
	letting          int // guests that order already
}

func (u *upgrade) publicURL() string { return "http://restaurant.example" }

// old starts the program of the version before, which reads settings with the prefix of
// today or, as 0.1.0, without one.
func (u *upgrade) old(i int) *testkit.Process {
	u.t.Helper()
	p := testkit.Prepare(u.t, u.folders[i], testkit.FreeAddr(u.t), exec.Command(u.before, "-database-url", u.database))
	p.Cmd.Env = append(p.Cmd.Env, "ADDR="+p.Addr, "DATA_DIR="+u.folders[i], "PUBLIC_URL="+u.publicURL(), "KITCHEN_PACE=20ms", "RATE_LIMIT=off")
	p.Start()
	return p
}

// wantNoWayBack: the program of the commit refuses the tables of today, unless they are its own.
func (u *upgrade) wantNoWayBack(commit string) {
	u.t.Helper()
	const folder = "models/migrations/postgres/"
	again := u.old(0)
	if bytes.Equal(testkit.Git(u.t, "ls-tree", "--name-only", commit, folder), testkit.Git(u.t, "ls-tree", "--name-only", "HEAD", folder)) {
		again.AwaitReady()
		again.Stop()
		return
	}
	if code := again.Wait(20 * time.Second); code != 1 || !strings.Contains(again.Output.String(), "written by a newer release") {
		u.t.Errorf("the program of %s starts over the tables of today: exit code %d\n%s", commit, code, again.Output)
	}
}

// letGuestsOrder lets some more guests order at an instance.
func (u *upgrade) letGuestsOrder(at *testkit.Process) (stop func()) {
	g := u.guests
	if g.nginx != at {
		g = &chaosGuests{Workload: g.Workload, t: u.t, nginx: at}
		at.HTTP = g.Client
	}
	ctx, cancel := context.WithCancel(u.t.Context())
	var all sync.WaitGroup
	for range 4 {
		guest := u.letting
		u.letting++
		all.Go(func() { g.orderUntil(ctx, guest) })
	}
	return func() { cancel(); all.Wait() }
}

func (u *upgrade) awaitOrders(more int) {
	u.t.Helper()
	goal, deadline := u.guests.Receipts()+more, time.Now().Add(30*time.Second)
	for ; u.guests.Receipts() < goal; time.Sleep(2 * time.Millisecond) { // polled, not raced against
		if time.Now().After(deadline) {
			u.t.Fatalf("not %d more orders within 30 s", more)
		}
	}
}

// wantAsOne: what is done at one of both is seen at the other, in both directions.
func (u *upgrade) wantAsOne(old, today *testkit.Process) {
	u.t.Helper()
	for i, pair := range [][2]*testkit.Process{{old, today}, {today, old}} {
		here, there := pair[0], pair[1]
		vera := here.Login("vera")
		wantMe(u.t, there, vera, 200)
		var order, replay, seen struct {
			ID     int64
			Status string
		}
		key := fmt.Sprint("upgrade-", i)
		if status := here.Call("POST", "/api/v1/orders", vera, onePizza, &order, "Idempotency-Key", key); status != 201 {
			u.t.Errorf("an order is answered %d", status)
		}
		if status := there.Call("POST", "/api/v1/orders", vera, onePizza, &replay, "Idempotency-Key", key); status != 201 || replay.ID != order.ID {
			u.t.Errorf("the key of order %d stands for %d at the other one (%d)", order.ID, replay.ID, status)
		}
		u.eventually("the order is served", func() bool {
			return there.Call("GET", fmt.Sprint("/api/v1/orders/", order.ID), vera, "", &seen) == 200 && seen.Status == "served"
		})
		if status := here.Call("POST", "/api/v1/auth/logout", vera, "", nil); status != 204 {
			u.t.Errorf("a logout is answered %d", status)
		}
		u.eventually("the logout is known at the other one", func() bool { return there.Call("GET", "/api/v1/orders", vera, "", nil) == 401 })

		dish := fmt.Sprintf(`{"name":"Pizza %d","category":"pizza","description":"New","sizes":[{"size":"large","price_cents":900}],"vegetarian":true,"allergens":[],"vip_only":false,"age_restricted":false,"available":true}`, i)
		var item struct{ ID int64 }
		if a := here.Do("POST", "/api/v1/menu", here.Login("marco"), dish); a.Status != 201 {
			u.t.Errorf("a new dish is answered %d %s", a.Status, a.Body)
		} else if here.Call("GET", a.Header.Get("Location"), "", "", &item) != 200 {
			u.t.Error("a new dish is not there")
		}
		u.eventually("the dish is on the other menu", func() bool { return there.Call("GET", fmt.Sprint("/api/v1/menu/", item.ID), "", "", nil) == 200 })
	}
}

func (u *upgrade) eventually(what string, is func() bool) {
	u.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); time.Sleep(5 * time.Millisecond) { // polled, not raced against
		if time.Now().After(deadline) {
			u.t.Errorf("not within 15 s: %s", what)
			return
		}
	}
}
