package app

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// regularsCount is how many guests order at once.
const regularsCount = 32

// mostOrders is how often one guest may order in one test.
const mostOrders = 300

// regulars are guests who order again and again, each order under an idempotency
// key of its own. Whoever got no receipt sends the same order with the same key
// the next time. They share one wristband, because logging in is slow on
// purpose; keys are per guest, so it is the harder case, too.
type regulars struct {
	t      *testing.T
	token  string
	client *http.Client
	next   [regularsCount]int // the number of each guest's next order

	mu       sync.Mutex
	news     *sync.Cond         // a receipt, or a guest who has left
	receipts map[string]receipt // by idempotency key
	present  int
}

// receipt is what an answer says about an order and what never changes.
type receipt struct {
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

func newRegulars(t *testing.T) *regulars {
	c := &regulars{t: t, receipts: map[string]receipt{}, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: regularsCount}, Timeout: 20 * time.Second,
	}}
	c.news = sync.NewCond(&c.mu)
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// come brings the regulars to a house that has just opened. Wristbands survive a
// restart, so it logs in only once.
func (c *regulars) come(house *running) {
	c.t.Helper()
	house.client = c.client
	if c.token == "" {
		c.token = house.login("alice")
	}
}

func (c *regulars) key(guest int) string {
	return fmt.Sprintf("guest-%d-order-%d", guest, c.next[guest])
}

// wish is the order that a key stands for; no two are alike.
func wish(key string) (quantity int, body string) {
	quantity = 1 + int(key[len(key)-1]-'0')
	return quantity, fmt.Sprintf(`{"items":[{"menu_item_id":1,"size":"large","quantity":%d,"note":%q}],"table":"%.20s"}`, quantity, key, key)
}

// order lets everybody order at once until refused says that a guest had
// enough. It is asked about every answer that is no receipt. The call returns at
// once; wait waits until all have left.
func (c *regulars) order(house *running, refused func(answer) (leaves bool)) (wait func()) {
	var ordering sync.WaitGroup
	c.present = regularsCount
	for guest := range regularsCount {
		ordering.Go(func() {
			defer c.tell(func() { c.present-- })
			for c.next[guest] < mostOrders {
				key := c.key(guest)
				_, body := wish(key)
				a := house.exchange("POST", "/api/v1/orders", c.token, body, "Idempotency-Key", key)
				switch {
				case a.status != http.StatusCreated:
					if refused(a) {
						return
					}
				case !c.keep(key, a.text):
					return
				default:
					c.next[guest]++
				}
			}
			c.t.Errorf("guest %d was never refused", guest)
		})
	}
	return ordering.Wait
}

func (c *regulars) tell(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.news.Broadcast()
}

// keep files a receipt if it is for what was ordered.
func (c *regulars) keep(key string, text []byte) bool {
	var r receipt
	err := json.Unmarshal(text, &r)
	quantity, _ := wish(key)
	if err != nil || r.ID == 0 || r.Items[0].Note != key || r.Items[0].Quantity != quantity || r.TotalCents != int64(quantity)*r.Items[0].UnitPriceCents {
		c.t.Errorf("ordered %d under %s, got %s", quantity, key, text)
		return false
	}
	c.tell(func() { c.receipts[key] = r })
	return true
}

// await waits until the regulars has so many more receipts, and fails the test if
// everybody leaves before.
func (c *regulars) await(more int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for goal := len(c.receipts) + more; len(c.receipts) < goal; c.news.Wait() {
		if c.present == 0 {
			c.t.Fatalf("all guests have left with %d receipts of %d", len(c.receipts), goal)
		}
	}
}

// settle lets each guest repeat the order that it has no receipt for. It must be
// taken now.
func (c *regulars) settle(house *running) {
	c.t.Helper()
	for guest := range regularsCount {
		key := c.key(guest)
		_, body := wish(key)
		a := house.exchange("POST", "/api/v1/orders", c.token, body, "Idempotency-Key", key)
		if a.status != http.StatusCreated || !c.keep(key, a.text) {
			c.t.Fatalf("%s is not taken: %d %s", key, a.status, a.text)
		}
		c.next[guest]++
	}
}

// wantEachOnce holds the receipts against the order book: every one is in it
// unchanged, nothing else is, and each key still stands for its order.
func (c *regulars) wantEachOnce(house *running) {
	c.t.Helper()
	book := c.book(house)
	if len(book) != len(c.receipts) {
		c.t.Errorf("%d orders in the book for %d receipts", len(book), len(c.receipts))
	}
	for key, r := range c.receipts {
		if book[r.ID] != r {
			c.t.Errorf("%s was %+v and is now %+v", key, r, book[r.ID])
		}
		var again receipt
		_, body := wish(key)
		if status := house.call("POST", "/api/v1/orders", c.token, body, &again, "Idempotency-Key", key); status != http.StatusCreated || again != r {
			c.t.Errorf("%s was %+v and is repeated as %d %+v", key, r, status, again)
		}
	}
	if now := c.book(house); len(now) != len(book) {
		c.t.Errorf("repeating %d keys has made %d new orders", len(c.receipts), len(now)-len(book))
	}
}

// book reads all orders of the regulars, page by page.
func (c *regulars) book(house *running) map[int64]receipt {
	c.t.Helper()
	all := map[int64]receipt{}
	for path := "/api/v1/orders?limit=100"; ; {
		var page struct {
			Items      []receipt
			NextCursor *string `json:"next_cursor"`
		}
		if status := house.call("GET", path, c.token, "", &page); status != 200 {
			c.t.Fatalf("the list answers %d", status)
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

// wantAllServed waits until the kitchen has nothing open any more, and looks
// that it has served all of them.
func (c *regulars) wantAllServed(house *running) {
	c.t.Helper()
	carla := house.login("carla")
	var board struct{ Items []struct{ ID int64 } }
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) { // asked again, not raced against
		if status := house.call("GET", "/api/v1/kitchen/orders?limit=1", carla, "", &board); status != 200 {
			c.t.Fatalf("the board answers %d", status)
		}
		if len(board.Items) == 0 {
			break
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("order %d is still open", board.Items[0].ID)
		}
	}
	for _, status := range []string{"placed", "preparing", "ready", "cancelled"} {
		var page struct{ Items []struct{ ID int64 } }
		if code := house.call("GET", "/api/v1/orders?limit=1&status="+status, c.token, "", &page); code != 200 || len(page.Items) > 0 {
			c.t.Errorf("%s: %d %+v", status, code, page.Items)
		}
	}
}

// wantIntact lets the engine check the order book and a backup of it. Copying
// makes new pages and indexes, so a sound copy says nothing about the original.
func wantIntact(t *testing.T, dir string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	copying := launch(t, dir, freeAddr(t), "backup", to)
	if code := copying.wait(20 * time.Second); code != 0 {
		t.Fatalf("backup ends with %d: %s", code, copying.out)
	}
	for _, path := range []string{filepath.Join(dir, "restaurant.db"), to} {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var verdict string
		var strays int
		err = db.QueryRow("SELECT group_concat(integrity_check), (SELECT count(*) FROM pragma_foreign_key_check) FROM pragma_integrity_check").Scan(&verdict, &strays)
		if err != nil || verdict != "ok" || strays != 0 {
			t.Errorf("%s: integrity_check says %s, %d rows point nowhere, %v", filepath.Base(path), strings.TrimSpace(verdict), strays, err)
		}
	}
}
