package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"restaurant/httpjson"
)

// TestDatabase_slowCommit holds the database up, as a slow disk would,
// while guests order and every second one loses patience. Reading goes on
// meanwhile; who stays is served, and who left and asks again with the same key
// gets one order, not two.
func TestDatabase_slowCommit(t *testing.T) {
	const guests = 32
	srv := newServer(t)
	token, disk := srv.token(t, "alice"), srv.location.secondConnection(t)
	hold := "BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE"
	if srv.location.file != "" {
		hold = "BEGIN IMMEDIATE"
	}
	if _, err := disk.Exec(hold); err != nil {
		t.Fatal(err)
	}
	impatient, leave := context.WithCancel(t.Context())
	key := func(guest int) option { return with("Idempotency-Key", fmt.Sprint("guest-", guest)) }
	var ordering, arriving sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, guests)
	for guest := range guests {
		arriving.Add(1)
		ordering.Go(func() {
			req := newRequest(http.MethodPost, ordersPath, margherita)
			if guest%2 == 1 {
				req = req.WithContext(impatient)
			}
			for _, opt := range []option{bearer(token), key(guest), with("Content-Type", "application/json")} {
				opt(req)
			}
			answers[guest] = httptest.NewRecorder()
			arriving.Done()
			srv.handler.ServeHTTP(answers[guest], req)
		})
	}
	arriving.Wait()
	for range 10 { // while all of them wait
		srv.get(t, "/api/v1/menu").wants(t, 200, "")
		if page := decode[ordersResponse](t, srv.get(t, ordersPath, bearer(token)).wants(t, 200, "")); len(page.Items) != 0 {
			t.Fatal("the database was not held up")
		}
	}
	leave()
	if _, err := disk.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	ordering.Wait()

	for guest, answer := range answers {
		stays := guest%2 == 0
		if answer.Code != http.StatusCreated && (stays || answer.Code != httpjson.StatusClientGone) {
			t.Errorf("guest %d, who stays (%v), is answered %d %s", guest, stays, answer.Code, answer.Body)
		}
		again := srv.post(t, ordersPath, margherita, bearer(token), key(guest)).wants(t, 201, "")
		if stays && again.Header().Get("Location") != answer.Header().Get("Location") {
			t.Errorf("guest %d has %s and then %s", guest, answer.Header().Get("Location"), again.Header().Get("Location"))
		}
	}
	if page := decode[ordersResponse](t, srv.get(t, ordersPath+"?limit=100", bearer(token)).wants(t, 200, "")); len(page.Items) != guests {
		t.Errorf("%d orders of %d guests", len(page.Items), guests)
	}
}
