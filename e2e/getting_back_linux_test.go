package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestGettingBack_asThePageSays types the commands of docs/postgresql.md on two machines,
// while guests order at two instances: a standby is made, the primary dies and comes back
// by pg_rewind, and so does the other one. Then a manager asks for a fresh kitchen by
// mistake, and the moment before is restored: every order that was accepted is there.
func TestGettingBack_asThePageSays(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://restaurant.example") // or tokens would hold at one instance only
	g := newGettingBack(t)
	g.typeAll("on first: the roles", "on first: the settings", "on both: the password", "on second: a standby from scratch", "on first: wait for the standby")
	g.openInstances()

	stop := g.letGuestsOrder()
	g.awaitOrders(50)
	for _, names := range [][2]string{{"first", "second"}, {"second", "first"}} {
		primary, standby := g.machines.Named(names[0]), g.machines.Named(names[1])
		g.wantSynchronous(primary)
		primary.Kill()
		g.typeOn(standby, "on second: the promotion")
		g.awaitOrders(50)
		g.typeOn(primary, "on first: the way back") // which names the machine to follow
		g.typeOn(standby, "on first: wait for the standby")
		g.wantSynchronous(standby)
		g.awaitOrders(50)
	}
	g.typeAll("on first: a backup")
	g.awaitOrders(50)
	stop()
	g.guests.PlacePending(g.instances[0])
	accepted := g.guests.Receipts()

	moment := g.freshKitchen()
	after := g.orderAfterTheMistake()
	for _, instance := range g.instances {
		instance.Stop()
	}
	g.machines.Named("second").Kill()
	g.commands["on first: back to a moment"] = strings.ReplaceAll(g.commands["on first: back to a moment"], "2026-11-28 18:30:00.000 UTC", moment)
	g.typeAll("on first: back to a moment")
	g.openInstances()
	g.wantOnlyTrustedAnew(after)
	g.guests.WantEachOnce(g.instances[1])
	g.guests.WantAllServed(g.instances[1])
	g.machines.Named("second").Wipe()
	g.typeAll("on second: a standby from scratch", "on first: wait for the standby")
	g.wantSynchronous(g.machines.Named("first"))
	g.guests.PlacePending(g.instances[0])
	g.wantFenceToBeOpened()
	t.Logf("%d orders were accepted before %s, and all are there", accepted, moment)
}

// gettingBack is a page, the machines that it is about, and two instances.
type gettingBack struct {
	t         *testing.T
	commands  map[string]string // of the page, by the comment above them
	machines  *testkit.Machines
	url       string
	folders   [2]string
	instances [2]*testkit.Process
	guests    *chaosGuests
}

// someGuests is how many order: enough to have some under way whenever something happens.
const someGuests = 8

func newGettingBack(t *testing.T) *gettingBack {
	testkit.NeedPostgres(t)
	page, err := os.ReadFile("../docs/postgresql.md")
	if err != nil {
		t.Fatal(err)
	}
	g := &gettingBack{t: t, commands: map[string]string{}, machines: testkit.NewMachines(t, "first", "second"), folders: [2]string{t.TempDir(), t.TempDir()}}
	for _, block := range regexp.MustCompile("(?s)```sh\n# ([^\n]*)\n(.*?)```").FindAllSubmatch(page, -1) {
		g.commands[string(block[1])] = string(block[2])
	}
	url := regexp.MustCompile(`RESTAURANT_DATABASE_URL=(\S+)`).FindSubmatch(page)
	if len(url) == 0 || len(g.commands) != 10 {
		t.Fatalf("docs/postgresql.md has %d blocks of commands and the address %q", len(g.commands), url)
	}
	g.url = g.machines.Reach(string(url[1]))
	return g
}

// typeAll types blocks of the page on the machines that they name.
func (g *gettingBack) typeAll(blocks ...string) {
	g.t.Helper()
	for _, block := range blocks {
		name, _, _ := strings.Cut(strings.TrimPrefix(block, "on "), ":")
		if name == "both" {
			g.typeOn(g.machines.Named("second"), block)
			name = "first"
		}
		g.typeOn(g.machines.Named(name), block)
	}
}

// typeOn types a block on a machine. On the one that it does not name, the names are
// exchanged.
func (g *gettingBack) typeOn(machine *testkit.Machine, block string) {
	g.t.Helper()
	commands := g.commands[block]
	if commands == "" {
		g.t.Fatalf("docs/postgresql.md has no commands %q", block)
	}
	if !strings.HasPrefix(block, "on "+machine.Name) && !strings.HasPrefix(block, "on both") {
		commands = strings.NewReplacer("first:", "second:", "second:", "first:").Replace(commands)
	}
	began := time.Now()
	machine.Type(commands)
	g.t.Logf("%s, typed on %s, took %v", block, machine.Name, time.Since(began).Round(time.Millisecond))
}

func (g *gettingBack) openInstances() {
	g.t.Helper()
	for i, folder := range g.folders {
		g.instances[i] = testkit.Start(g.t, folder, "-database-url", g.url)
	}
}

// letGuestsOrder lets guests order, half of them at each instance, until the function that
// it returns is called.
func (g *gettingBack) letGuestsOrder() (stop func()) {
	g.guests = newGuests(g.t, g.instances[0])
	other := &chaosGuests{Workload: g.guests.Workload, t: g.t, nginx: g.instances[1]}
	ctx, cancel := context.WithCancel(g.t.Context())
	var all sync.WaitGroup
	for guest := range someGuests {
		all.Go(func() { []*chaosGuests{g.guests, other}[guest%2].orderUntil(ctx, guest) })
	}
	return func() { cancel(); all.Wait() }
}

func (g *gettingBack) awaitOrders(more int) {
	g.t.Helper()
	goal, deadline := g.guests.Receipts()+more, time.Now().Add(30*time.Second)
	for ; g.guests.Receipts() < goal; time.Sleep(2 * time.Millisecond) { // polled, not raced against
		if time.Now().After(deadline) {
			g.t.Fatalf("not %d more orders within 30 s; the instances wrote\n%s\n%s", more, g.instances[0].Output, g.instances[1].Output)
		}
	}
}

// wantSynchronous waits until the primary has a standby that commits wait for.
func (g *gettingBack) wantSynchronous(primary *testkit.Machine) {
	g.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); primary.Query("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1"; { // polled, not raced against
		if time.Now().After(deadline) {
			g.t.Fatalf("%s has no standby", primary.Name)
		}
	}
}

// freshKitchen is the mistake. It returns the moment at which that began, as an operator
// finds it in the log.
func (g *gettingBack) freshKitchen() (moment string) {
	g.t.Helper()
	manager := g.instances[0].Login("marco")
	if a := g.instances[0].Do("POST", "/learn/reset", manager, `{"what":"kitchen"}`); a.Status != 200 {
		g.t.Fatalf("the reset is answered %d %s", a.Status, a.Body)
	}
	logged := regexp.MustCompile(`time=(\S+) .*route=/learn/reset .*duration_ms=(\S+)`)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the log is written once a second
		if line := logged.FindStringSubmatch(g.instances[0].Output.String()); line != nil {
			at, err := time.Parse(time.RFC3339Nano, line[1])
			took, perr := strconv.ParseFloat(line[2], 64)
			if err != nil || perr != nil {
				g.t.Fatalf("the log has %q", line)
			}
			return at.Add(-time.Duration(took * float64(time.Millisecond))).UTC().Format("2006-01-02 15:04:05.000 UTC")
		}
		if time.Now().After(deadline) {
			g.t.Fatal("the log does not have the reset")
		}
	}
}

// madeAfter is what the restored database must not know.
type madeAfter struct {
	order, user int64
	token       string
}

// orderAfterTheMistake lets somebody register and order before the mistake is noticed.
func (g *gettingBack) orderAfterTheMistake() (after madeAfter) {
	g.t.Helper()
	after.user = register(g.t, g.instances[1], "later")
	after.token = login(g.t, g.instances[1], "later", password).AccessToken
	var order struct{ ID int64 }
	if status := g.instances[1].Call("POST", "/api/v1/orders", after.token, onePizza, &order); status != 201 {
		g.t.Fatalf("an order after the mistake is answered %d", status)
	}
	after.order = order.ID
	g.guests.Token = g.instances[0].Login("alice")
	if left := len(g.guests.Orders(g.instances[0])); left != 0 {
		g.t.Errorf("the mistake has left %d orders", left)
	}
	for i, instance := range g.instances { // each knows how far the database has come
		wantMe(g.t, instance, after.token, 200)
		deadline := time.Now().Add(10 * time.Second)
		for before := memoryOf(g.t, g.folders[i]); memoryOf(g.t, g.folders[i]) == before && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // polled; written once a second
			instance.Login("bob")
		}
	}
	return after
}

// wantOnlyTrustedAnew: what was signed for the time that is gone does not hold, and its
// numbers are not given to others.
func (g *gettingBack) wantOnlyTrustedAnew(after madeAfter) {
	g.t.Helper()
	for _, instance := range g.instances {
		instance.AwaitOutput("all users must log in again")
		for _, token := range []string{after.token, g.guests.Token} {
			wantMe(g.t, instance, token, 401)
		}
	}
	if victim := register(g.t, g.instances[0], "victim"); victim <= after.user {
		g.t.Errorf("the user %d comes after %d", victim, after.user)
	}
	var order struct{ ID int64 }
	if status := g.instances[0].Call("POST", "/api/v1/orders", login(g.t, g.instances[0], "victim", password).AccessToken, onePizza, &order); status != 201 || order.ID <= after.order {
		g.t.Errorf("order %d comes after %d (%d)", order.ID, after.order, status)
	}
	g.guests.Token = g.instances[0].Login("alice")
	wantMe(g.t, g.instances[1], g.guests.Token, 200)
}

// wantFenceToBeOpened: an instance that has seen a newer timeline refuses the server, until
// somebody does what the page says.
func (g *gettingBack) wantFenceToBeOpened() {
	g.t.Helper()
	g.instances[0].Stop()
	file := filepath.Join(g.folders[0], "keys", "primary.json")
	var known map[string]any
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	known["timeline"] = 99
	if text, err = json.Marshal(known); err != nil {
		g.t.Fatal(err)
	}
	writeFile(g.t, file, text)
	refused := testkit.Launch(g.t, g.folders[0], testkit.FreeAddr(g.t), "-database-url", g.url)
	if code := refused.Wait(20 * time.Second); code != 1 || !strings.Contains(refused.Output.String(), "it is an old primary (timeline ") || !strings.Contains(refused.Output.String(), "keys/primary.json") {
		g.t.Errorf("exits with %d: %s", code, refused.Output)
	}
	if got := strings.Fields(g.commands["for each instance: accept the server"]); len(got) != 2 || got[0] != "rm" || os.Remove(filepath.Join(g.folders[0], strings.TrimPrefix(got[1], "data/"))) != nil {
		g.t.Errorf("the page says %q", got)
	}
	wantMe(g.t, testkit.Start(g.t, g.folders[0], "-database-url", g.url), g.guests.Token, 200)
}
