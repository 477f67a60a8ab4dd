package handlers

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"restaurant/httpjson"
	"restaurant/models"
)

const ordersPath = "/api/v1/orders"

func orderOf(fields string) string { return `{"items":[` + fields + `]}` }

func TestOrders_oneLargeMargherita(t *testing.T) {
	srv := newServer(t)
	body := `{"items":[{"menu_item_id":1,"size":"large","quantity":2,"note":"ben cotta"},{"menu_item_id":1,"size":"small","quantity":1}],"table":"7"}`
	res := srv.post(t, ordersPath, body, srv.as(t, "alice")).wants(t, 201, "")
	o := decode[orderResponse](t, res)
	if o.ID != 1 || o.Status != "placed" || o.TotalCents != 2*1250+750 || o.Currency != "EUR" || *o.Table != "7" || !o.PlacedAt.Equal(o.UpdatedAt) {
		t.Errorf("the order is %+v", o)
	}
	if got, want := o.Items[0], (orderLineResponse{1, "Margherita", "large", 2, "ben cotta", 1250, 2500}); got != want {
		t.Errorf("the first line is %+v, want %+v", got, want)
	}
	if got := res.Header().Get("Location"); got != "/api/v1/orders/1" {
		t.Errorf("Location is %q", got)
	}
	if n := res.queries(t); n != "1" {
		t.Errorf("it costs %s queries", n)
	}
	if shown := srv.get(t, "/api/v1/orders/1", srv.as(t, "alice")).wants(t, 200, ""); shown.Body.String() != res.Body.String() {
		t.Errorf("it is shown as %s", shown.Body)
	}
}

// Tomorrow's menu does not rewrite today's bill.
func TestOrders_keepTheirPrices(t *testing.T) {
	srv := newServer(t)
	alice, marco := srv.as(t, "alice"), srv.as(t, "marco")
	before := srv.newOrder(t, alice)
	srv.do(t, "PUT", "/api/v1/menu/1", calzone, marco).wants(t, 200, "")
	srv.do(t, "DELETE", "/api/v1/menu/1", "", marco).wants(t, 204, "")
	after := decode[orderResponse](t, srv.get(t, ordersPath+"/1", alice).wants(t, 200, ""))
	if after.Items[0] != before.Items[0] || after.TotalCents != before.TotalCents {
		t.Errorf("the bill went from %+v to %+v", before, after)
	}
	srv.post(t, ordersPath, margherita, alice).wants(t, 422, "validation-failed")
}

func TestOrders_whatCannotBeOrdered(t *testing.T) {
	srv := newServer(t)
	soldOut := `{"name":"Puntarelle","category":"Pizza","sizes":[{"size":"regular","price_cents":900}],"available":false}`
	sold := decode[dishResponse](t, srv.post(t, "/api/v1/menu", soldOut, srv.as(t, "marco")).wants(t, 201, "")).ID
	wine := srv.newDish(t, func(d dishResponse) bool { return d.AgeRestricted && !d.VIPOnly && d.Available })
	secret := srv.newDish(t, func(d dishResponse) bool { return d.VIPOnly && !d.AgeRestricted && d.Available })
	of := func(d dishResponse) string {
		return orderOf(fmt.Sprintf(`{"menu_item_id":%d,"size":%q,"quantity":1}`, d.ID, d.Sizes[0].Size))
	}
	for _, tc := range []struct {
		name, as, body string
		status         int
		slug, field    string
	}{
		{"wine by an adult", "alice", of(wine), 201, "", ""},
		{"wine by Bob", "bob", of(wine), 403, "age-restricted", ""},
		{"a secret dish by a VIP", "vera", of(secret), 201, "", ""},
		{"a secret dish by Alice", "alice", of(secret), 403, "vip-only", ""},
		{"a secret dish by the manager", "marco", of(secret), 403, "vip-only", ""},
		{"a dish that is sold out", "alice", orderOf(fmt.Sprintf(`{"menu_item_id":%d,"size":"regular","quantity":1}`, sold)), 409, "item-unavailable", ""},
		{"an unknown dish", "alice", orderOf(`{"menu_item_id":9999,"size":"large","quantity":1}`), 422, "validation-failed", "items[0].menu_item_id"},
		{"a size that it does not come in", "alice", orderOf(`{"menu_item_id":1,"size":"regular","quantity":1}`), 422, "validation-failed", "items[0].size"},
		{"an unknown size", "alice", orderOf(`{"menu_item_id":1,"size":"huge","quantity":1}`), 422, "validation-failed", "items[0].size"},
		{"no size", "alice", orderOf(`{"menu_item_id":1,"quantity":1}`), 422, "validation-failed", "items[0].size"},
		{"none of it", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":0}`), 422, "validation-failed", "items[0].quantity"},
		{"less than none", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":-1}`), 422, "validation-failed", "items[0].quantity"},
		{"twenty", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":20}`), 201, "", ""},
		{"twenty-one", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":21}`), 422, "validation-failed", "items[0].quantity"},
		{"half a pizza", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":0.5}`), 422, "validation-failed", "items[0].quantity"},
		{"a number beyond numbers", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1e400}`), 422, "validation-failed", "items[0].quantity"},
		{"more than 64 bits", "alice", orderOf(`{"menu_item_id":99999999999999999999,"size":"large","quantity":1}`), 422, "validation-failed", "items[0].menu_item_id"},
		{"a quantity in words", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":"one"}`), 422, "validation-failed", "items[0].quantity"},
		{"a quantity of null", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":null}`), 422, "validation-failed", "items[0].quantity"},
		{"the second line wrong", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1},{"menu_item_id":9999,"size":"large","quantity":1}`), 422, "validation-failed", "items[1].menu_item_id"},
		{"a note of 200 characters", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1,"note":"` + strings.Repeat("ü", 200) + `"}`), 201, "", ""},
		{"a note of 201", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1,"note":"` + strings.Repeat("ü", 201) + `"}`), 422, "validation-failed", "items[0].note"},
		{"a note with NUL", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1,"note":"a\u0000"}`), 422, "validation-failed", "items[0].note"},
		{"a note in SQL and HTML", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1,"note":"'); DROP TABLE orders; -- <script>alert(1)</script>"}`), 201, "", ""},
		{"no lines", "alice", `{"items":[]}`, 422, "validation-failed", "items"},
		{"lines of null", "alice", `{"items":null}`, 422, "validation-failed", "items"},
		{"nothing at all", "alice", `{}`, 422, "validation-failed", "items"},
		{"fifty lines", "alice", orderOf(strings.Repeat(`{"menu_item_id":1,"size":"large","quantity":1},`, 49) + `{"menu_item_id":1,"size":"large","quantity":1}`), 201, "", ""},
		{"fifty-one lines", "alice", orderOf(strings.Repeat(`{"menu_item_id":1,"size":"large","quantity":1},`, 50) + `{"menu_item_id":1,"size":"large","quantity":1}`), 422, "validation-failed", "items"},
		{"a table of 21 characters", "alice", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"table":"` + strings.Repeat("x", 21) + `"}`, 422, "validation-failed", "table"},
		{"an empty table", "alice", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"table":""}`, 422, "validation-failed", "table"},
		{"a table of null", "alice", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"table":null}`, 201, "", ""},
		{"a price of one's own", "alice", orderOf(`{"menu_item_id":1,"size":"large","quantity":1,"unit_price_cents":1}`), 400, "unknown-field", ""},
		{"in somebody's name", "alice", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"user_id":3}`, 400, "unknown-field", ""},
		{"a status of one's own", "alice", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"status":"served"}`, 400, "unknown-field", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mine := func() int {
				return len(decode[ordersResponse](t, srv.get(t, ordersPath+"?limit=100", srv.as(t, tc.as))).Items)
			}
			before := mine()
			res := srv.post(t, ordersPath, tc.body, srv.as(t, tc.as)).wants(t, tc.status, tc.slug)
			if tc.field != "" && !slices.Equal(res.fields(t), []string{tc.field}) {
				t.Errorf("finds fault with %v, want %s", res.fields(t), tc.field)
			}
			if placed := mine() - before; (placed == 1) != (tc.status == 201) {
				t.Errorf("answered %d and placed %d orders", tc.status, placed)
			}
		})
	}
}

// newDish finds a dish for which a test has use, as the manager sees the menu.
func (srv *server) newDish(t testing.TB, fits func(dishResponse) bool) dishResponse {
	t.Helper()
	dishes := srv.menu(t, "", srv.as(t, "vera"))
	i := slices.IndexFunc(dishes, fits)
	if i < 0 {
		t.Fatal("the menu has no such dish")
	}
	return dishes[i]
}

// The same Idempotency-Key is the same order.
func TestOrders_sameKeySameOrder(t *testing.T) {
	srv := newServer(t)
	alice, key := srv.as(t, "alice"), with("Idempotency-Key", "my-first-pizza")
	first := srv.post(t, ordersPath, margherita, alice, key).wants(t, 201, "")
	if first.Header().Get("Idempotency-Replayed") != "" {
		t.Error("the first order says that it is a replay")
	}
	for _, same := range []string{margherita, " " + margherita, `{"items":[{"quantity":1,"size":"large","menu_item_id":1}]}`} {
		again := srv.post(t, ordersPath, same, alice, key).wants(t, 201, "")
		if again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" || again.Header().Get("Location") != first.Header().Get("Location") {
			t.Errorf("the repeated order is %v %s", again.Header(), again.Body)
		}
	}
	srv.post(t, ordersPath, strings.Replace(margherita, "large", "small", 1), alice, key).wants(t, 422, "idempotency-key-reused")
	vera := srv.post(t, ordersPath, margherita, srv.as(t, "vera"), key).wants(t, 201, "")
	if vera.Header().Get("Idempotency-Replayed") != "" || vera.Header().Get("Location") == first.Header().Get("Location") {
		t.Error("vera got alice's order")
	}
	if n := len(decode[ordersResponse](t, srv.get(t, ordersPath, alice)).Items); n != 1 {
		t.Errorf("alice has %d orders", n)
	}
	for _, bad := range []string{"", "with space", "ü", strings.Repeat("x", 256), "a\tb"} {
		res := srv.post(t, ordersPath, margherita, alice, with("Idempotency-Key", bad)).wants(t, 422, "validation-failed")
		if !slices.Equal(res.fields(t), []string{"Idempotency-Key"}) {
			t.Errorf("%q finds fault with %v", bad, res.fields(t))
		}
	}
	srv.post(t, ordersPath, margherita, alice, key, with("Idempotency-Key", "another")).wants(t, 422, "validation-failed")
	srv.post(t, ordersPath, margherita, alice, with("Idempotency-Key", strings.Repeat("~", 255))).wants(t, 201, "")
}

// Many requests at once with one key place one order.
func TestOrders_oneKeyAtOnceOrdersOnce(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	var ids [32]string
	var guests sync.WaitGroup
	for i := range ids {
		guests.Go(func() {
			ids[i] = srv.post(t, ordersPath, margherita, alice, with("Idempotency-Key", "k")).Header().Get("Location")
		})
	}
	guests.Wait()
	for _, id := range ids {
		if id != "/api/v1/orders/1" {
			t.Errorf("somebody got %q", id)
		}
	}
	if n := len(decode[ordersResponse](t, srv.get(t, ordersPath, alice)).Items); n != 1 {
		t.Errorf("alice has %d orders", n)
	}
}

func TestOrders_guestSeesOnlyTheirOwn(t *testing.T) {
	srv := newServer(t)
	alice, vera, carla, marco := srv.as(t, "alice"), srv.as(t, "vera"), srv.as(t, "carla"), srv.as(t, "marco")
	srv.newOrder(t, alice)
	plain := func(res *response) string {
		p := res.Body.String()
		p = strings.Replace(p, res.Header().Get("X-Request-ID"), "", 1)
		return strings.NewReplacer("/orders/1", "/orders/N", "/orders/2", "/orders/N").Replace(p)
	}
	for _, call := range [][2]string{{"GET", ""}, {"POST", "/cancel"}, {"GET", "/events"}} {
		theirs := srv.do(t, call[0], ordersPath+"/1"+call[1], "", vera).wants(t, 404, "not-found")
		none := srv.do(t, call[0], ordersPath+"/2"+call[1], "", vera).wants(t, 404, "not-found")
		if plain(theirs) != plain(none) || theirs.queries(t) != none.queries(t) {
			t.Errorf("%s: another's order and none differ:\n%s\n%s", call, theirs.Body, none.Body)
		}
	}
	if n := len(decode[ordersResponse](t, srv.get(t, ordersPath, vera)).Items); n != 0 {
		t.Errorf("vera sees %d orders", n)
	}
	for _, who := range []option{alice, carla, marco} {
		srv.get(t, ordersPath+"/1", who).wants(t, 200, "")
	}
	srv.post(t, ordersPath+"/1/cancel", "", carla).wants(t, 404, "not-found") // not hers; the kitchen has its own route
	srv.post(t, ordersPath+"/1/cancel", "", alice).wants(t, 200, "")
}

func TestOrders_pages(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	for range 25 {
		srv.newOrder(t, alice)
	}
	srv.newOrder(t, srv.as(t, "vera"))
	srv.do(t, "PATCH", "/api/v1/kitchen/orders/3", `{"status":"preparing"}`, srv.as(t, "carla")).wants(t, 200, "")
	for _, tc := range []struct {
		query string
		sizes []int
		total int
	}{
		{"", []int{20, 5}, 25},
		{"&limit=100", []int{25}, 25},
		{"&limit=5", []int{5, 5, 5, 5, 5}, 25},
		{"&limit=1&status=preparing", []int{1}, 1},
		{"&limit=24&status=placed", []int{24}, 24},
		{"&limit=12&status=placed", []int{12, 12}, 24},
		{"&status=served", []int{0}, 0},
	} {
		var ids []int64
		var sizes []int
		cursor := ""
		for page := 0; page == 0 || cursor != ""; page++ {
			res := srv.get(t, ordersPath+"?"+cursor+tc.query, alice).wants(t, 200, "")
			if n := res.queries(t); n != "1" {
				t.Errorf("%s costs %s queries", tc.query, n)
			}
			got := decode[ordersResponse](t, res)
			for _, o := range got.Items {
				ids = append(ids, o.ID)
			}
			sizes = append(sizes, len(got.Items))
			cursor = ""
			if got.NextCursor != nil {
				cursor = "cursor=" + *got.NextCursor
			}
		}
		if !slices.Equal(sizes, tc.sizes) || len(ids) != tc.total || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("%q gives pages of %v and %v", tc.query, sizes, ids)
		}
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=ten": "limit", "limit=": "limit", "limit=99999999999999999999": "limit",
		"limit=5&limit=100": "query", "status=placed&status=served": "query",
		"cursor=": "cursor", "cursor=abc": "cursor", "cursor=%00": "cursor", "cursor=aWQ6MA": "cursor", "cursor=aWQ6LTE": "cursor",
		"cursor=aWQ6MDE": "cursor", "cursor=aWQ6MTc%3D": "cursor", "cursor=" + strings.Repeat("A", 4000): "cursor",
		"cursor=" + httpjson.Cursor(math.MaxInt64).String() + "A": "cursor", "cursor=%27%20OR%201%3D1--": "cursor",
		"status=eaten": "status", "status=": "status", "status=PLACED": "status", "status=placed%00": "status",
	} {
		for _, path := range []string{ordersPath, "/api/v1/kitchen/orders", "/api/v1/users"} {
			if path == "/api/v1/users" && field == "status" {
				continue
			}
			res := srv.get(t, path+"?"+query, srv.as(t, "marco")).wants(t, 422, "validation-failed")
			if !slices.Equal(res.fields(t), []string{field}) {
				t.Errorf("%s?%s finds fault with %v", path, query, res.fields(t))
			}
		}
	}
	srv.get(t, ordersPath+"?cursor="+httpjson.Cursor(math.MaxInt64).String(), alice).wants(t, 200, "")
}

// An id that is no number of anything is a 404.
func TestRoutes_unknownIDsAreNotFound(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	for _, id := range []string{"0", "-1", "abc", "1.5", "99999999999999999999", "1e3", "%00", "%27%3B--", "1%20", "+1", "01", "0x1", strings.Repeat("9", 3000)} {
		for _, call := range [][3]string{
			{"GET", "/api/v1/menu/" + id, ""}, {"PUT", "/api/v1/menu/" + id, calzone}, {"DELETE", "/api/v1/menu/" + id, ""},
			{"GET", ordersPath + "/" + id, ""}, {"POST", ordersPath + "/" + id + "/cancel", ""}, {"GET", ordersPath + "/" + id + "/events", ""},
			{"PATCH", "/api/v1/kitchen/orders/" + id, `{"status":"ready"}`}, {"PATCH", "/api/v1/users/" + id, `{"vip":true}`},
		} {
			srv.do(t, call[0], call[1], call[2], marco).wants(t, 404, "not-found")
		}
	}
}

// TestOrders_cancelOnlyWhilePlaced also covers the race with the cook in
// models; here the guest's view.
func TestOrders_cancelOnlyWhilePlaced(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	srv.newOrder(t, alice)
	o := decode[orderResponse](t, srv.post(t, ordersPath+"/1/cancel", "", alice).wants(t, 200, ""))
	if o.Status != models.StatusCancelled || o.UpdatedAt.Before(o.PlacedAt) {
		t.Errorf("the order is %+v", o)
	}
	srv.post(t, ordersPath+"/1/cancel", "", alice).wants(t, 409, "invalid-transition")
	srv.newOrder(t, alice)
	srv.do(t, "PATCH", "/api/v1/kitchen/orders/2", `{"status":"preparing"}`, srv.as(t, "carla")).wants(t, 200, "")
	srv.post(t, ordersPath+"/2/cancel", "", alice).wants(t, 409, "invalid-transition")
}
