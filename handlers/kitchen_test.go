package handlers

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/problem"
)

const (
	kitchenPath = "/api/v1/kitchen/orders"
	modePath    = "/api/v1/kitchen/mode"
)

func TestKitchen_advancesOneStepAtATime(t *testing.T) {
	srv := newServer(t)
	carla := srv.as(t, "carla")
	all := []models.Status{"placed", "preparing", "ready", "served", "cancelled"}
	for i, path := range [][]models.Status{{"preparing", "ready", "served"}, {"cancelled"}} {
		id := itoa(srv.newOrder(t, srv.as(t, "alice")).ID)
		for _, next := range path {
			for _, to := range all {
				if to == next || i == 0 && next == "preparing" && to == "cancelled" || i == 1 && to == "preparing" {
					continue // steps that may be taken; the other path takes them
				}
				srv.refusesStep(t, id, to, carla)
			}
			o := decode[orderResponse](t, srv.do(t, "PATCH", kitchenPath+"/"+id, `{"status":"`+string(next)+`"}`, carla).wants(t, 200, ""))
			if o.Status != next {
				t.Errorf("asked for %s, got %s", next, o.Status)
			}
		}
		for _, to := range all {
			srv.refusesStep(t, id, to, carla)
		}
	}
	for body, slug := range map[string]string{`{"status":"eaten"}`: "validation-failed", `{}`: "validation-failed", `{"status":null}`: "validation-failed", `{"status":1}`: "validation-failed"} {
		srv.do(t, "PATCH", kitchenPath+"/1", body, carla).wants(t, 422, slug)
	}
	srv.do(t, "PATCH", kitchenPath+"/99", `{"status":"ready"}`, carla).wants(t, 404, "not-found")
}

// refusesStep asks for a step that does not follow. The refusal names the status that the
// order has.
func (srv *server) refusesStep(t *testing.T, id string, to models.Status, chef option) {
	t.Helper()
	now := decode[orderResponse](t, srv.get(t, ordersPath+"/"+id, chef)).Status
	res := srv.do(t, "PATCH", kitchenPath+"/"+id, `{"status":"`+string(to)+`"}`, chef).wants(t, 409, "invalid-transition")
	if detail := decode[problem.Problem](t, res).Detail; !strings.HasPrefix(detail, "The order is "+string(now)+":") {
		t.Errorf("a %s order that should become %s is answered %q", now, to, detail)
	}
}

func TestKitchen_twoChefsOneStep(t *testing.T) {
	srv := newServer(t)
	carla := srv.as(t, "carla")
	srv.newOrder(t, srv.as(t, "alice"))
	var codes [16]int
	var chefs sync.WaitGroup
	for i := range codes {
		chefs.Go(func() { codes[i] = srv.do(t, "PATCH", kitchenPath+"/1", `{"status":"preparing"}`, carla).Code })
	}
	chefs.Wait()
	slices.Sort(codes[:])
	if codes[0] != 200 || codes[1] != 409 || codes[15] != 409 {
		t.Errorf("the answers are %v", codes)
	}
}

func TestKitchen_listsOpenOrdersOldestFirst(t *testing.T) {
	srv := newServer(t)
	alice, carla := srv.as(t, "alice"), srv.as(t, "carla")
	for range 6 {
		srv.newOrder(t, alice)
	}
	srv.post(t, "/api/v1/orders/2/cancel", "", alice).wants(t, 200, "")
	for _, to := range []string{"preparing", "ready", "served"} {
		srv.do(t, "PATCH", kitchenPath+"/4", `{"status":"`+to+`"}`, carla).wants(t, 200, "")
	}
	srv.do(t, "PATCH", kitchenPath+"/5", `{"status":"preparing"}`, carla).wants(t, 200, "")
	for query, want := range map[string][]int64{
		"":                                       {1, 3, 5, 6},
		"?limit=3":                               {1, 3, 5},
		"?status=placed":                         {1, 3, 6},
		"?status=served":                         {4},
		"?status=cancelled":                      {2},
		"?cursor=" + httpjson.Cursor(3).String(): {5, 6},
	} {
		page := decode[ordersResponse](t, srv.get(t, kitchenPath+query, carla).wants(t, 200, ""))
		var ids []int64
		for _, o := range page.Items {
			ids = append(ids, o.ID)
		}
		if !slices.Equal(ids, want) || (page.NextCursor != nil) != (query == "?limit=3") {
			t.Errorf("%q shows %v, next %v", query, ids, page.NextCursor)
		}
	}
	srv.get(t, kitchenPath, alice).wants(t, 403, "role-required")
}

func TestKitchenMode_whatItTakes(t *testing.T) {
	srv := newServer(t, withKitchen(t, 3*time.Second))
	carla, alice := srv.as(t, "carla"), srv.as(t, "alice")
	wants := func(res *response, mode string, pace int64) {
		t.Helper()
		if got := decode[kitchenModeResponse](t, res.wants(t, 200, "")); got != (kitchenModeResponse{mode, pace}) {
			t.Errorf("the mode is %+v, want %s, %d", got, mode, pace)
		}
	}
	put := func(body string, who option) *response { return srv.do(t, "PUT", modePath, body, who) }
	wants(srv.get(t, modePath, carla), "auto", 3000)
	for body, fields := range map[string]string{
		`{}`:                                "mode",
		`{"pace_ms":5}`:                     "mode",
		`{"mode":null}`:                     "mode",
		`{"mode":"Manual"}`:                 "mode",
		`{"mode":1}`:                        "mode",
		`{"mode":"manual","pace_ms":0}`:     "pace_ms",
		`{"mode":"manual","pace_ms":1.5}`:   "pace_ms",
		`{"mode":"auto","pace_ms":"3s"}`:    "pace_ms",
		`{"mode":"auto","pace_ms":-1}`:      "pace_ms",
		`{"mode":"x","pace_ms":86400001}`:   "mode pace_ms",
		`{"mode":"auto","pace_ms":9999e99}`: "pace_ms",
	} {
		var named []string
		for _, e := range decode[problem.Problem](t, put(body, carla).wants(t, 422, "validation-failed")).Errors {
			named = append(named, e.Field)
		}
		if got := strings.Join(named, " "); got != fields {
			t.Errorf("%s: %s is named, want %s", body, got, fields)
		}
	}
	put(`{"mode":"manual","pace":1}`, carla).wants(t, 400, "unknown-field")
	put(`{"mode":"eaten"}`, alice).wants(t, 403, "role-required") // before validation
	put(`{"mode":"manual"}`, alice).wants(t, 403, "role-required")
	srv.get(t, modePath, alice).wants(t, 403, "role-required")
	srv.get(t, modePath).wants(t, 401, "authentication-required")
	wants(srv.get(t, modePath, carla), "auto", 3000) // nothing of all that changed it

	wants(put(`{"mode":"manual"}`, carla), "manual", 3000)
	wants(put(`{"mode":"manual","pace_ms":1}`, srv.as(t, "marco")), "manual", 1)
	wants(put(`{"mode":"auto","pace_ms":86400000}`, carla), "auto", 86400000)
	wants(put(`{"mode":"auto","pace_ms":null}`, carla), "auto", 86400000)
	wants(srv.get(t, modePath, carla), "auto", 86400000)
}

func TestKitchenMode_decidesWhoCooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withKitchen(t, 3*time.Second))
		defer srv.Store.Close()
		alice, carla := srv.as(t, "alice"), srv.as(t, "carla")
		wants := func(want models.Status) {
			t.Helper()
			synctest.Wait()
			if got := decode[orderResponse](t, srv.get(t, ordersPath+"/1", alice)).Status; got != want {
				t.Errorf("the order is %s, want %s", got, want)
			}
		}
		srv.do(t, "PUT", modePath, `{"mode":"manual"}`, carla).wants(t, 200, "")
		srv.post(t, ordersPath, margherita, alice).wants(t, 201, "")
		time.Sleep(10 * time.Minute)
		wants(models.StatusPlaced)
		srv.do(t, "PATCH", kitchenPath+"/1", `{"status":"preparing"}`, srv.as(t, "carla")).wants(t, 200, "")
		time.Sleep(10 * time.Minute)
		alice = srv.as(t, "alice")
		wants(models.StatusPreparing)
		srv.do(t, "PUT", modePath, `{"mode":"auto","pace_ms":20000}`, srv.as(t, "carla")).wants(t, 200, "")
		wants(models.StatusReady) // it has waited long enough
		time.Sleep(20 * time.Second)
		wants(models.StatusServed)
	})
}

// Only a chef's reading keeps orders waiting: managers and guests look at them, too.
func TestKitchen_waitsForAChefWhoReadsTheBoard(t *testing.T) {
	for who, want := range map[string]models.Status{"carla": models.StatusPlaced, "marco": models.StatusServed} {
		t.Run(who, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, withKitchen(t, 3*time.Second))
				defer srv.Store.Close()
				alice := srv.as(t, "alice")
				srv.post(t, ordersPath, margherita, alice).wants(t, 201, "")
				srv.get(t, kitchenPath, srv.as(t, who)).wants(t, 200, "")
				srv.get(t, kitchenPath, alice).wants(t, 403, "role-required")
				time.Sleep(59 * time.Second)
				synctest.Wait()
				if got := decode[orderResponse](t, srv.get(t, ordersPath+"/1", alice)).Status; got != want {
					t.Errorf("the order is %s, want %s", got, want)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := decode[orderResponse](t, srv.get(t, ordersPath+"/1", alice)).Status; got != models.StatusServed {
					t.Errorf("after two minutes the order is %s", got)
				}
			})
		})
	}
}
