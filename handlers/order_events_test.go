package handlers

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var eventPattern = regexp.MustCompile(`event: status\nid: (\d)\ndata: \{"id":1,"status":"(\w+)","updated_at":"[^"]+"\}\n\n`)

// eventSteps reads a stream as "1 placed, 2 preparing" and fails if it holds
// anything but events and heartbeats.
func eventSteps(t testing.TB, stream string) string {
	t.Helper()
	rest := strings.ReplaceAll(eventPattern.ReplaceAllString(stream, ""), ": still cooking\n\n", "")
	if rest != "" {
		t.Errorf("the stream holds %q", rest)
	}
	var list []string
	for _, m := range eventPattern.FindAllStringSubmatch(stream, -1) {
		list = append(list, m[1]+" "+m[2])
	}
	return strings.Join(list, ", ")
}

// A stream sends every step of an order.
func TestEvents_wholeHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withKitchen(t, 20*time.Second))
		defer srv.Store.Close()
		alice := srv.as(t, "alice")
		srv.newOrder(t, alice)
		srv.Kitchen.Wake()
		start := time.Now()
		res := srv.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if got := eventSteps(t, res.Body.String()); got != "1 placed, 2 preparing, 3 ready, 4 served" {
			t.Errorf("the stream tells %s", got)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		if !strings.Contains(res.Body.String(), ": still cooking\n\n") {
			t.Error("no heartbeat in a minute")
		}
		if n := res.queries(t); n != "1" || res.Header().Get("Content-Type") != "text/event-stream" || res.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s queries, headers %v", n, res.Header())
		}

		again := srv.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if got := eventSteps(t, again.Body.String()); got != "1 placed, 2 preparing, 3 ready, 4 served" {
			t.Errorf("a served order tells %s", got)
		}
		if time.Since(start) != time.Minute {
			t.Error("the stream of a served order stays open")
		}
	})
}

func TestEvents_resumeAfterLastEventID(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	srv.newOrder(t, alice)
	srv.post(t, "/api/v1/orders/1/cancel", "", alice).wants(t, 200, "")
	for last, want := range map[string]string{
		"0": "1 placed, 2 cancelled", "1": "2 cancelled", "": "1 placed, 2 cancelled",
	} {
		res := srv.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", last)).wants(t, 200, "")
		if got := eventSteps(t, res.Body.String()); got != want {
			t.Errorf("behind %q it tells %q", last, got)
		}
	}
	for _, last := range []string{"2", "4"} { // an EventSource would ask again and again
		for _, method := range []string{"GET", "HEAD"} {
			srv.do(t, method, "/api/v1/orders/1/events", "", alice, with("Last-Event-ID", last)).wants(t, 204, "")
		}
	}
	for _, last := range []string{"5", "-1", "-0", "+1", "01", "abc", "99999999999999999999", "1 OR 1=1", "\x00"} {
		srv.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", last)).wants(t, 422, "validation-failed")
	}
}

// TestEvents_eventSourceStops reads a stream to its end and asks again, as an EventSource
// does. An order on its way is no reason to stop.
func TestEvents_eventSourceStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		alice, carla := srv.as(t, "alice"), srv.as(t, "carla")
		srv.newOrder(t, alice)
		leaving, leave := context.WithTimeout(t.Context(), time.Minute)
		defer leave()
		srv.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", "1"), func(r *http.Request) { *r = *r.WithContext(leaving) }).wants(t, 200, "")
		for _, status := range []string{"preparing", "ready", "served"} {
			srv.do(t, "PATCH", kitchenPath+"/1", `{"status":"`+status+`"}`, carla).wants(t, 200, "")
		}
		res := srv.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", "3")).wants(t, 200, "")
		if got := eventSteps(t, res.Body.String()); got != "4 served" {
			t.Errorf("it told %s", got)
		}
		srv.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", "4")).wants(t, 204, "")
		srv.get(t, "/api/v1/orders/1/events", carla, with("Last-Event-ID", "4")).wants(t, 204, "")
		srv.get(t, "/api/v1/orders/1/events", srv.as(t, "bob"), with("Last-Event-ID", "4")).wants(t, 404, "not-found")
	})
}

// A stream ends when its access token expires.
func TestEvents_endWithTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		alice := srv.as(t, "alice")
		srv.newOrder(t, alice)
		start := time.Now()
		res := srv.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if took := time.Since(start); took > 15*time.Minute || took < 15*time.Minute-time.Second {
			t.Errorf("the stream was open for %v", took)
		}
		if got := eventSteps(t, res.Body.String()); got != "1 placed" {
			t.Errorf("it told %s", got)
		}
		srv.get(t, "/api/v1/orders/1/events", alice).wants(t, 401, "token-expired")
	})
}

// The lab's clock runs ahead before a login, or jumps ahead of an open stream.
func TestEvents_endByTheClockOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		srv.newOrder(t, srv.as(t, "alice"))
		srv.post(t, "/lab/clock", `{"advance":"1h"}`).wants(t, 200, "")
		alice := srv.as(t, "alice")
		stream := func() chan time.Duration {
			took := make(chan time.Duration, 1)
			start := time.Now()
			go func() {
				srv.get(t, "/api/v1/orders/1/events", alice)
				took <- time.Since(start)
			}()
			synctest.Wait()
			return took
		}
		if took := <-stream(); took > 15*time.Minute || took < 15*time.Minute-time.Second {
			t.Errorf("a stream was open for %v", took)
		}
		alice = srv.as(t, "alice")
		open := stream()
		srv.post(t, "/lab/clock", `{"advance":"16m"}`).wants(t, 200, "")
		if took := <-open; took > heartbeat {
			t.Errorf("a stream was open for %v after its token had expired", took)
		}
	})
}

// A stream ends when the server shuts down or the client leaves.
func TestEvents_endWithServerOrClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		carla := srv.as(t, "carla")
		srv.newOrder(t, srv.as(t, "alice"))
		open := func(ctx context.Context) chan string {
			done := make(chan string)
			go func() {
				done <- srv.get(t, "/api/v1/orders/1/events", carla, func(r *http.Request) { *r = *r.WithContext(ctx) }).Body.String()
			}()
			return done
		}
		ctx, leave := context.WithCancel(t.Context())
		client, server := open(ctx), open(t.Context())
		synctest.Wait()
		start := time.Now()
		leave()
		if got := eventSteps(t, <-client); got != "1 placed" {
			t.Errorf("the guest who left had seen %s", got)
		}
		srv.do(t, "PATCH", kitchenPath+"/1", `{"status":"preparing"}`, carla).wants(t, 200, "")
		synctest.Wait()
		srv.Kitchen.Events.Close()
		if got := eventSteps(t, <-server); got != "1 placed, 2 preparing" {
			t.Errorf("at closing time the stream had told %s", got)
		}
		if time.Since(start) != 0 {
			t.Error("a stream ended late")
		}
	})
}

func TestEvents_manyClientsGetEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		alice, carla := srv.as(t, "alice"), srv.as(t, "carla")
		srv.newOrder(t, alice)
		const listeners = maxStreams
		heard := make(chan string, listeners)
		for range listeners {
			go func() {
				heard <- eventSteps(t, srv.get(t, "/api/v1/orders/1/events", alice).Body.String())
			}()
		}
		synctest.Wait()
		for _, to := range []string{"preparing", "ready", "served"} { // without giving them time in between
			srv.do(t, "PATCH", kitchenPath+"/1", fmt.Sprintf(`{"status":%q}`, to), carla).wants(t, 200, "")
		}
		for range listeners {
			if got := <-heard; got != "1 placed, 2 preparing, 3 ready, 4 served" {
				t.Errorf("a listener heard %s", got)
			}
		}
	})
}
