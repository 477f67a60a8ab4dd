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

var eventForm = regexp.MustCompile(`event: status\nid: (\d)\ndata: \{"id":1,"status":"(\w+)","updated_at":"[^"]+"\}\n\n`)

// steps reads a stream as "1 placed, 2 preparing" and fails if it holds
// anything but events and heartbeats.
func steps(t testing.TB, stream string) string {
	t.Helper()
	rest := strings.ReplaceAll(eventForm.ReplaceAllString(stream, ""), ": still cooking\n\n", "")
	if rest != "" {
		t.Errorf("the stream holds %q", rest)
	}
	var list []string
	for _, m := range eventForm.FindAllStringSubmatch(stream, -1) {
		list = append(list, m[1]+" "+m[2])
	}
	return strings.Join(list, ", ")
}

func TestAStreamTellsTheWholeStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, cooking(t, 20*time.Second))
		defer h.Store.Close()
		alice := h.as(t, "alice")
		h.order(t, alice)
		h.Kitchen.Wake()
		start := time.Now()
		res := h.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if got := steps(t, res.Body.String()); got != "1 placed, 2 preparing, 3 ready, 4 served" {
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

		again := h.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if got := steps(t, again.Body.String()); got != "1 placed, 2 preparing, 3 ready, 4 served" {
			t.Errorf("a served order tells %s", got)
		}
		if time.Since(start) != time.Minute {
			t.Error("the stream of a served order stays open")
		}
	})
}

func TestAStreamResumesBehindTheLastEvent(t *testing.T) {
	h := newHouse(t)
	alice := h.as(t, "alice")
	h.order(t, alice)
	h.post(t, "/api/v1/orders/1/cancel", "", alice).wants(t, 200, "")
	for last, want := range map[string]string{
		"0": "1 placed, 2 cancelled", "1": "2 cancelled", "2": "", "4": "", "": "1 placed, 2 cancelled",
	} {
		res := h.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", last)).wants(t, 200, "")
		if got := steps(t, res.Body.String()); got != want {
			t.Errorf("behind %q it tells %q", last, got)
		}
	}
	for _, last := range []string{"5", "-1", "abc", "99999999999999999999", "1 OR 1=1", "\x00"} {
		h.get(t, "/api/v1/orders/1/events", alice, with("Last-Event-ID", last)).wants(t, 422, "validation-failed")
	}
}

func TestAStreamEndsWithTheWristband(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.Store.Close()
		alice := h.as(t, "alice")
		h.order(t, alice)
		start := time.Now()
		res := h.get(t, "/api/v1/orders/1/events", alice).wants(t, 200, "")
		if took := time.Since(start); took > 15*time.Minute || took < 15*time.Minute-time.Second {
			t.Errorf("the stream was open for %v", took)
		}
		if got := steps(t, res.Body.String()); got != "1 placed" {
			t.Errorf("it told %s", got)
		}
		h.get(t, "/api/v1/orders/1/events", alice).wants(t, 401, "token-expired")
	})
}

func TestAStreamEndsWithTheHouseOrTheGuest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.Store.Close()
		carla := h.as(t, "carla")
		h.order(t, h.as(t, "alice"))
		open := func(ctx context.Context) chan string {
			done := make(chan string)
			go func() {
				done <- h.get(t, "/api/v1/orders/1/events", carla, func(r *http.Request) { *r = *r.WithContext(ctx) }).Body.String()
			}()
			return done
		}
		ctx, leave := context.WithCancel(t.Context())
		guest, house := open(ctx), open(t.Context())
		synctest.Wait()
		start := time.Now()
		leave()
		if got := steps(t, <-guest); got != "1 placed" {
			t.Errorf("the guest who left had seen %s", got)
		}
		h.do(t, "PATCH", kitchenPath+"/1", `{"status":"preparing"}`, carla).wants(t, 200, "")
		synctest.Wait()
		h.Kitchen.Events.Close()
		if got := steps(t, <-house); got != "1 placed, 2 preparing" {
			t.Errorf("at closing time the stream had told %s", got)
		}
		if time.Since(start) != 0 {
			t.Error("a stream ended late")
		}
	})
}

func TestManyListenersHearEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.Store.Close()
		alice, carla := h.as(t, "alice"), h.as(t, "carla")
		h.order(t, alice)
		const listeners = maxStreams
		heard := make(chan string, listeners)
		for range listeners {
			go func() {
				heard <- steps(t, h.get(t, "/api/v1/orders/1/events", alice).Body.String())
			}()
		}
		synctest.Wait()
		for _, to := range []string{"preparing", "ready", "served"} { // without giving them time in between
			h.do(t, "PATCH", kitchenPath+"/1", fmt.Sprintf(`{"status":%q}`, to), carla).wants(t, 200, "")
		}
		for range listeners {
			if got := <-heard; got != "1 placed, 2 preparing, 3 ready, 4 served" {
				t.Errorf("a listener heard %s", got)
			}
		}
	})
}
