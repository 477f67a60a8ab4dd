package testkit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Clients is how many clients of a workload order at the same time.
const Clients = 32

// maxOrders is how often one client may order in one test.
const maxOrders = 300

// Workload is a set of clients that order again and again, each order under an
// idempotency key of its own. A client without a receipt sends the same order
// with the same key the next time. All share one access token, because a login
// is slow on purpose; keys are per user, so it is the harder case, too.
type Workload struct {
	Token  string
	Client *http.Client

	t    testing.TB
	next [Clients]int // the number of each client's next order

	mu       sync.Mutex
	changed  *sync.Cond         // a receipt, or a client that has stopped
	receipts map[string]Receipt // by idempotency key
	active   int
}

// Receipt is what an answer says about an order and what never changes.
type Receipt struct {
	ID         int64
	TotalCents int64 `json:"total_cents"`
	Table      string
	PlacedAt   time.Time `json:"placed_at"`
	Items      [1]struct {
		MenuItemID     int64 `json:"menu_item_id"`
		Name           string
		Size           string
		Quantity       int
		Note           string
		UnitPriceCents int64 `json:"unit_price_cents"`
	}
}

// NewWorkload returns clients that have not ordered yet.
func NewWorkload(t testing.TB) *Workload {
	w := &Workload{t: t, receipts: map[string]Receipt{}, Client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: Clients}, Timeout: 20 * time.Second,
	}}
	w.changed = sync.NewCond(&w.mu)
	t.Cleanup(w.Client.CloseIdleConnections)
	return w
}

// Attach points the clients at a process that has just started. Tokens survive a
// restart, so the workload logs in only once.
func (w *Workload) Attach(p *Process) {
	w.t.Helper()
	p.HTTP = w.Client
	if w.Token == "" {
		w.Token = p.Login("alice")
	}
}

// Ordered returns how many orders of a client have a receipt.
func (w *Workload) Ordered(client int) int { return w.next[client] }

// Receipts returns how many orders of all clients have a receipt.
func (w *Workload) Receipts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.receipts)
}

func (w *Workload) key(client int) string {
	return fmt.Sprintf("guest-%d-order-%d", client, w.next[client])
}

// orderBody returns the order that a key stands for; no two are alike.
func orderBody(key string) (quantity int, body string) {
	quantity = 1 + int(key[len(key)-1]-'0')
	return quantity, fmt.Sprintf(`{"items":[{"menu_item_id":1,"size":"large","quantity":%d,"note":%q}],"table":"%.20s"}`, quantity, key, key)
}

// PlaceNext sends a client's next order and files the receipt. It reports whether
// there was a good one; the answer says why not.
func (w *Workload) PlaceNext(p *Process, client int, token string) (a Answer, ok bool) {
	key := w.key(client)
	_, body := orderBody(key)
	a = p.Do("POST", "/api/v1/orders", token, body, "Idempotency-Key", key)
	if ok = a.Status == http.StatusCreated && w.record(key, a.Body); ok {
		w.next[client]++
	}
	return a, ok
}

// PlaceOrders lets all clients order until stop says that one had enough; it is
// asked about every answer that is no receipt. The call returns at once; wait
// waits until all clients have stopped.
func (w *Workload) PlaceOrders(p *Process, stop func(Answer) bool) (wait func()) {
	var clients sync.WaitGroup
	w.active = Clients
	for client := range Clients {
		clients.Go(func() {
			defer w.update(func() { w.active-- })
			for w.next[client] < maxOrders {
				a, ok := w.PlaceNext(p, client, w.Token)
				if !ok && (a.Status == http.StatusCreated || stop(a)) {
					return
				}
			}
			w.t.Errorf("client %d was never refused", client)
		})
	}
	return clients.Wait
}

func (w *Workload) update(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.changed.Broadcast()
}

// record files a receipt if it is for what was ordered.
func (w *Workload) record(key string, text []byte) bool {
	var r Receipt
	err := json.Unmarshal(text, &r)
	quantity, _ := orderBody(key)
	if err != nil || r.ID == 0 || r.Items[0].Note != key || r.Items[0].Quantity != quantity || r.TotalCents != int64(quantity)*r.Items[0].UnitPriceCents {
		w.t.Errorf("ordered %d under %s, got %s", quantity, key, text)
		return false
	}
	w.update(func() { w.receipts[key] = r })
	return true
}

// AwaitReceipts waits until there are so many more receipts, and fails the test
// if all clients stop before.
func (w *Workload) AwaitReceipts(more int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for goal := len(w.receipts) + more; len(w.receipts) < goal; w.changed.Wait() {
		if w.active == 0 {
			w.t.Fatalf("all clients have stopped with %d receipts of %d", len(w.receipts), goal)
		}
	}
}

// PlacePending lets each client repeat the order that it has no receipt for. It
// must be accepted now.
func (w *Workload) PlacePending(p *Process) {
	w.t.Helper()
	for client := range Clients {
		if a, ok := w.PlaceNext(p, client, w.Token); !ok {
			w.t.Fatalf("%s is not accepted: %d %s", w.key(client), a.Status, a.Body)
		}
	}
}

// WantEachOnce holds the receipts against the database: every one is in it
// unchanged, nothing else is, and each key still stands for its order.
func (w *Workload) WantEachOnce(p *Process) {
	w.t.Helper()
	orders := w.Orders(p)
	if len(orders) != len(w.receipts) {
		w.t.Errorf("%d orders in the database for %d receipts", len(orders), len(w.receipts))
	}
	for key, r := range w.receipts {
		if orders[r.ID] != r {
			w.t.Errorf("%s was %+v and is now %+v", key, r, orders[r.ID])
		}
		var again Receipt
		_, body := orderBody(key)
		if status := p.Call("POST", "/api/v1/orders", w.Token, body, &again, "Idempotency-Key", key); status != http.StatusCreated || again != r {
			w.t.Errorf("%s was %+v and is repeated as %d %+v", key, r, status, again)
		}
	}
	if now := w.Orders(p); len(now) != len(orders) {
		w.t.Errorf("repeating %d keys has made %d new orders", len(w.receipts), len(now)-len(orders))
	}
}

// Orders reads all orders of the workload's user, page by page.
func (w *Workload) Orders(p *Process) map[int64]Receipt {
	w.t.Helper()
	all := map[int64]Receipt{}
	for path := "/api/v1/orders?limit=100"; ; {
		var page struct {
			Items      []Receipt
			NextCursor *string `json:"next_cursor"`
		}
		if status := p.Call("GET", path, w.Token, "", &page); status != http.StatusOK {
			w.t.Fatalf("the list answers %d", status)
		}
		for _, r := range page.Items {
			all[r.ID] = r
		}
		if page.NextCursor == nil {
			return all
		}
		path = "/api/v1/orders?limit=100&cursor=" + *page.NextCursor
	}
}

// WantAllServed waits until the kitchen has no open order, and checks that it has
// served all of them.
func (w *Workload) WantAllServed(p *Process) {
	w.t.Helper()
	manager := p.Login("marco") // a chef who looks would hold the orders back
	var board struct{ Items []struct{ ID int64 } }
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) { // polled, not raced against
		if status := p.Call("GET", "/api/v1/kitchen/orders?limit=1", manager, "", &board); status != http.StatusOK {
			w.t.Fatalf("the board answers %d", status)
		}
		if len(board.Items) == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("order %d is still open", board.Items[0].ID)
		}
	}
	for _, status := range []string{"placed", "preparing", "ready", "cancelled"} {
		var page struct{ Items []struct{ ID int64 } }
		if code := p.Call("GET", "/api/v1/orders?limit=1&status="+status, w.Token, "", &page); code != http.StatusOK || len(page.Items) > 0 {
			w.t.Errorf("%s: %d %+v", status, code, page.Items)
		}
	}
}
