package handlers

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/problem"
)

const kitchenPath = "/api/v1/kitchen/orders"

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
