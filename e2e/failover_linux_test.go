package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestFailover_losesNoOrder lets 32 guests order with keys, follow orders, log in, refresh
// and log out through nginx, while the primary of two PostgreSQL servers is killed, the
// standby is promoted, and the old primary comes back as if nothing had happened: as often as
// FAILOVER says. Then the standby dies, and one instance is cut off from the primary. Then it
// counts.
func TestFailover_losesNoOrder(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("FAILOVER"))
	if err != nil {
		t.Skip("FAILOVER is no number of kills: make failover runs this test")
	}
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	f := newFailover(t)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for guest := range testkit.Clients {
		all.Go(func() { f.orderUntil(ctx, guest) })
	}
	all.Go(func() { f.readUntil(ctx) })
	for who := range f.ended {
		all.Go(func() { f.followUntil(ctx) })
		all.Go(func() { f.comeAndGoUntil(ctx, who) })
	}
	f.await("the first orders", func() bool { return f.Receipts() > testkit.Clients && f.followed.Load() > 0 && f.ends() > 0 })
	f.guess(3)
	for range kills {
		f.replacePrimary()
	}
	f.wantThrottled()
	f.loseStandby()
	f.cutOff(0)
	stop()
	all.Wait()

	f.AwaitReady()
	f.PlacePending(f.Nginx)
	f.WantEachOnce(f.Nginx)
	f.WantAllServed(f.Nginx)
	f.wantEnded()
	f.report()
}

// failover is a cluster over two servers that change places.
type failover struct {
	*testkit.Cluster
	*chaosGuests
	t                *testing.T
	pair             *testkit.PostgresPair
	links            [3][2]*testkit.Link // of each instance to both servers
	primary, standby int                 // of the pair's servers

	toFirstOrder []time.Duration // from a promotion
	followed     atomic.Int64    // orders, up to served
	staleWrites  int
	mu           sync.Mutex
	ended        [2][]string // access tokens of logouts that were answered 204, of each who comes and goes
}

func newFailover(t *testing.T) *failover {
	f := &failover{t: t, pair: testkit.NewPostgresPair(t), standby: 1}
	for i := range f.links {
		for j, server := range f.pair.Servers {
			f.links[i][j] = testkit.NewLink(t, server.Addr)
		}
	}
	f.Cluster = testkit.StartClusterOver(t, func(i int) string {
		return f.pair.URL("&target_session_attrs=read-write", f.links[i][0].Addr, f.links[i][1].Addr)
	})
	f.chaosGuests = newGuests(t, f.Nginx)
	return f
}

// await polls.
func (f *failover) await(what string, is func() bool) (took time.Duration) {
	f.t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > 30*time.Second {
			f.dump()
			f.t.Fatalf("%s: not within 30 s", what)
		}
		time.Sleep(2 * time.Millisecond) // polled, not raced against
	}
	return time.Since(began)
}

func (f *failover) dump() {
	for i := range f.Size() {
		text := f.Instance(i).Output.String()
		f.t.Logf("instance %d wrote\n%s", i, text[max(0, len(text)-4000):])
	}
}

// awaitOrders waits until so many more orders were accepted.
func (f *failover) awaitOrders(more int) time.Duration {
	f.t.Helper()
	goal := f.Receipts() + more
	return f.await(fmt.Sprintf("%d more orders", more), func() bool { return f.Receipts() >= goal })
}

// replacePrimary kills the primary, promotes the standby, lets the old primary come back
// and then makes it the new standby.
func (f *failover) replacePrimary() {
	f.t.Helper()
	first, second := f.pair.Servers[f.primary], f.pair.Servers[f.standby]
	first.AwaitStandby(true)
	f.awaitOrders(2 * testkit.Clients)
	first.Kill()
	began := time.Now()
	second.Promote()
	f.awaitOrders(1)
	f.toFirstOrder = append(f.toFirstOrder, time.Since(began))

	first.Start()
	first.AwaitStandby(false) // it takes writes
	before := first.Transactions()
	for range 3 {
		second.CutConnections()
		f.awaitOrders(testkit.Clients)
	}
	if wrote := first.Transactions() - before; wrote > 0 {
		f.staleWrites += wrote
		f.t.Errorf("%d transactions wrote to the old primary", wrote)
	}
	first.Kill()
	first.Follow(second)
	f.primary, f.standby = f.standby, f.primary
	f.wantEnded()
}

// loseStandby kills the standby that commits wait for. Orders are refused, and readyz says
// why, until it is back.
func (f *failover) loseStandby() {
	f.t.Helper()
	f.pair.Servers[f.primary].AwaitStandby(true)
	f.awaitOrders(testkit.Clients)
	f.pair.Servers[f.standby].Kill()
	for i := range f.Size() {
		f.await("readyz names the standby", func() bool {
			a := f.Instance(i).Do("GET", "/readyz", "", "")
			return a.Status == http.StatusServiceUnavailable && strings.Contains(string(a.Body), "waits for a standby")
		})
		if metrics := f.Instance(i).Do("GET", "/metrics", "", ""); !strings.Contains(string(metrics.Body), `restaurant_database_role{role="waiting"} 1`) {
			f.t.Errorf("the metrics of instance %d say\n%s", i, databaseMetrics(metrics.Body))
		}
	}
	f.pair.Servers[f.standby].Start()
	f.t.Logf("orders were accepted %v after the standby was started", f.awaitOrders(1).Round(time.Millisecond))
	f.awaitOrders(testkit.Clients)
}

func databaseMetrics(text []byte) string {
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "restaurant_database_") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// cutOff cuts an instance off from the primary only. It takes no order, and the others do.
func (f *failover) cutOff(i int) {
	f.t.Helper()
	f.links[i][f.primary].Cut()
	f.await("the instance is not ready", func() bool { return f.Instance(i).Call("GET", "/readyz", "", "", nil) == http.StatusServiceUnavailable })
	f.t.Logf("orders were accepted %v after instance %d was not ready", f.awaitOrders(1).Round(time.Millisecond), i)
	f.awaitOrders(2 * testkit.Clients)
	ready := func(j int) int { return f.Instance(j).Call("GET", "/readyz", "", "", nil) }
	for j := range f.Size() {
		if j != i { // a check has a second, which it may exceed among so many guests
			f.await(fmt.Sprintf("instance %d is ready while %d is cut off", j, i), func() bool { return ready(j) == http.StatusOK })
		}
	}
	if status := ready(i); status != http.StatusServiceUnavailable {
		f.t.Errorf("instance %d is answered %d while it is cut off", i, status)
	}
	f.links[i][f.primary].Mend()
	f.t.Logf("the instance is ready %v after the network was mended", f.await("the instance is ready", func() bool {
		return f.Instance(i).Call("GET", "/readyz", "", "", nil) == http.StatusOK
	}).Round(time.Millisecond))
}

// tokenPair is a login session with its tokens.
type tokenPair struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

// logIn logs a demo user in, as often as it takes.
func (f *failover) logIn(ctx context.Context, username string) (l tokenPair, ok bool) {
	a := f.persist(ctx, http.StatusOK, func() testkit.Answer {
		return f.nginx.Do("POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, username, username))
	})
	return l, a.Status == http.StatusOK && json.Unmarshal(a.Body, &l) == nil
}

// comeAndGoUntil logs in, refreshes and logs out. A token that was ended for certain is
// looked at later; one that nobody ended must hold.
func (f *failover) comeAndGoUntil(ctx context.Context, who int) {
	for ctx.Err() == nil {
		l, ok := f.logIn(ctx, "vera")
		if !ok {
			continue
		}
		if a := f.nginx.Do("POST", "/api/v1/auth/refresh", "", fmt.Sprintf(`{"refresh_token":%q}`, l.RefreshToken)); a.Status == http.StatusOK {
			if err := json.Unmarshal(a.Body, &l); err != nil {
				f.t.Error(err)
			}
		} else if a.Status != 0 && a.Status < 500 {
			f.t.Errorf("a refresh is refused with %d %s", a.Status, a.Body)
		}
		if a := f.nginx.Do("GET", "/api/v1/auth/me", l.AccessToken, ""); a.Status != http.StatusOK && a.Status != 0 && a.Status != http.StatusBadGateway {
			f.t.Errorf("a token that should hold is refused with %d %s", a.Status, a.Body)
		}
		switch a := f.nginx.Do("POST", "/api/v1/auth/logout", l.AccessToken, ""); {
		case a.Status == http.StatusNoContent:
			f.mu.Lock()
			f.ended[who] = append(f.ended[who], l.AccessToken)
			f.mu.Unlock()
		case a.Status != 0 && a.Status < 500:
			f.t.Errorf("a logout is refused with %d %s", a.Status, a.Body)
		}
		think(ctx)
	}
}

func (f *failover) ends() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ended[0]) + len(f.ended[1])
}

// wantEnded looks whether what was ended for certain is ended everywhere: the access
// tokens at each instance, and all login sessions in the database.
func (f *failover) wantEnded() {
	f.t.Helper()
	f.mu.Lock()
	ended := f.ended // what is appended later is not seen here
	f.mu.Unlock()
	all := 0
	for _, tokens := range ended {
		all += len(tokens)
		if len(tokens) == 0 {
			continue
		}
		for i := range f.Size() {
			// An instance hears of logouts in their order. The last one may be under way.
			f.await("the last token that was ended is refused", func() bool { return f.revoked(i, tokens[len(tokens)-1]) })
			for _, token := range tokens[max(0, len(tokens)-50):] {
				if !f.revoked(i, token) {
					f.t.Errorf("instance %d does not refuse a token that was ended", i)
				}
			}
		}
	}
	if n := f.pair.Servers[f.primary].Count("SELECT count(*) FROM login_sessions WHERE ended_at IS NOT NULL"); n < all {
		f.t.Errorf("%d sessions of %d are ended in the database", n, all)
	}
}

// revoked asks an instance whether it refuses a token because that was ended.
func (f *failover) revoked(instance int, token string) bool {
	a := f.Instance(instance).Do("GET", "/api/v1/auth/me", token, "")
	return a.Status == http.StatusUnauthorized && strings.Contains(string(a.Body), "token-revoked")
}

// followUntil orders as bob and follows each order until it is served, over as many streams
// as that takes.
func (f *failover) followUntil(ctx context.Context) {
	l, _ := f.logIn(ctx, "bob")
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("%p-%d", &l, n)
		var order struct{ ID int64 }
		a := f.persist(ctx, http.StatusCreated, func() testkit.Answer {
			return f.nginx.Do("POST", "/api/v1/orders", l.AccessToken, onePizza, "Idempotency-Key", key)
		})
		if a.Status != http.StatusCreated || json.Unmarshal(a.Body, &order) != nil {
			continue
		}
		deadline := time.Now().Add(40 * time.Second)
		for !f.served(ctx, l.AccessToken, order.ID) && ctx.Err() == nil {
			if think(ctx); time.Now().After(deadline) {
				f.t.Errorf("order %d is never served to who follows it", order.ID)
				break
			}
		}
		f.followed.Add(1)
		think(ctx)
	}
}

// served follows one stream to its end, and reports whether the order was served.
func (f *failover) served(ctx context.Context, token string, id int64) bool {
	req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/api/v1/orders/%d/events", f.nginx.URL, id), nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := f.nginx.HTTP.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		f.t.Errorf("order %d, which was accepted, is not there", id)
	}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"status":"served"`) {
			return true
		}
	}
	return false
}

// guess gives wrong passwords for an account that is not there.
func (f *failover) guess(times int) {
	f.t.Helper()
	for range times {
		if status := f.wrongLogin("nobody", 0); status != http.StatusUnauthorized {
			f.t.Errorf("a wrong password is answered %d", status)
		}
	}
}

func (f *failover) wrongLogin(username string, instance int) int {
	return f.Instance(instance).Call("POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":%q,"password":"mozzarella"}`, username), nil)
}

// wantThrottled goes on guessing: the failures before the changes count, too.
func (f *failover) wantThrottled() {
	f.t.Helper()
	answers := func(username string) (statuses []int) {
		for i := range 4 {
			statuses = append(statuses, f.wrongLogin(username, i%f.Size()))
		}
		return statuses
	}
	if got := answers("nobody"); !slices.Contains(got, http.StatusTooManyRequests) { // who waits a second after it may guess once more
		f.t.Errorf("who has guessed before is answered %v", got)
	}
	if got := answers("somebody"); got[3] != http.StatusUnauthorized || slices.Contains(got, http.StatusTooManyRequests) { // the control
		f.t.Errorf("who has not guessed before is answered %v", got)
	}
}

func (f *failover) report() {
	if f.t.Failed() {
		f.dump()
	}
	slices.Sort(f.toFirstOrder)
	median := f.toFirstOrder[(len(f.toFirstOrder)-1)/2] // of two the faster one, or two kills would allow no exception
	if median > 3*time.Second {
		f.t.Errorf("more than half of the promotions took %v or longer until an order was accepted", median)
	}
	f.t.Log(f.summary())
	f.t.Logf("%d kills; from the promotion until the first accepted order: median %v, slowest %v (all: %v); %d sessions ended, %d orders followed; %d transactions on old primaries",
		len(f.toFirstOrder), median.Round(time.Millisecond), f.toFirstOrder[len(f.toFirstOrder)-1].Round(time.Millisecond), f.toFirstOrder, f.ends(), f.followed.Load(), f.staleWrites)
}
