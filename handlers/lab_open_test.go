package handlers

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestOpenDoors: what strangers may do where nobody asks who they are, beside the same
// requests at the real door.
func TestOpenDoors(t *testing.T) {
	srv := newServer(t)
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required")
	srv.post(t, "/lab/open/orders", margherita).wants(t, 201, "")
	srv.get(t, ordersPath).wants(t, 401, "authentication-required")
	if list := srv.get(t, "/lab/open/orders").wants(t, 200, "").Body.String(); !strings.Contains(list, `"by":"alice"`) || !strings.Contains(list, `"by":"a stranger"`) {
		t.Errorf("a stranger reads %s", list)
	}
	srv.do(t, "DELETE", "/api/v1/menu/1", "").wants(t, 401, "authentication-required")
	srv.do(t, "DELETE", "/lab/open/menu", "").wants(t, 204, "")
	if menu := srv.get(t, "/lab/open/menu").wants(t, 200, "").Body.String(); menu != `{"items":[]}`+"\n" {
		t.Errorf("the menu is %s", menu)
	}
	srv.post(t, "/lab/open/menu", "").wants(t, 201, "")
	if menu := srv.get(t, "/lab/open/menu").wants(t, 200, "").Body.String(); !strings.Contains(menu, "Margherita") {
		t.Errorf("the menu is %s", menu)
	}
	for range 30 {
		srv.post(t, "/lab/open/orders", "").wants(t, 201, "")
	}
	if list := srv.get(t, "/lab/open/orders").Body.String(); strings.Count(list, `"id"`) != 20 || !strings.Contains(list, `"by":"alice"`) {
		t.Errorf("it keeps %s", list)
	}
	srv.do(t, "DELETE", "/lab/open/orders", "").wants(t, 204, "")
	if list := srv.get(t, "/lab/open/orders").Body.String(); strings.Count(list, `"id"`) != 1 {
		t.Errorf("after the DELETE it has %s", list)
	}
	for _, method := range []string{"POST", "DELETE"} {
		for _, path := range []string{"/lab/open/menu", "/lab/open/orders"} {
			srv.do(t, method, path, "", with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
		}
	}
}

func TestOpenDoors_dishComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		srv.do(t, "DELETE", "/lab/open/menu", "").wants(t, 204, "")
		time.Sleep(time.Minute + time.Second)
		if menu := srv.get(t, "/lab/open/menu").Body.String(); !strings.Contains(menu, "Margherita") {
			t.Errorf("a minute later the menu is %s", menu)
		}
	})
}

// TestRush: ten at once, and then one a second.
func TestRush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		served := func(n int) (ok int) {
			for range n {
				res := srv.get(t, "/lab/rush")
				if res.Code == 200 {
					ok++
				} else if res.wants(t, 429, "rate-limited"); res.Header().Get("Retry-After") != "1" {
					t.Errorf("Retry-After is %q", res.Header().Get("Retry-After"))
				}
			}
			return ok
		}
		if n := served(20); n != 10 {
			t.Errorf("%d of 20 are served", n)
		}
		time.Sleep(time.Second)
		if n := served(2); n != 1 {
			t.Errorf("%d of 2 are served a second later", n)
		}
	})
}
