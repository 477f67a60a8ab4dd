package handlers

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/models"
)

// BenchmarkStreams moves an order on that a thousand event streams follow, each
// over a connection of its own, and waits until the last of them has heard. The
// listeners' own work is part of it: they sit in the same process.
func BenchmarkStreams(b *testing.B) {
	const listeners = 1000
	srv := benchServer(b)
	server := httptest.NewServer(srv.handler)
	defer server.Close()
	defer srv.Kitchen.Events.Close()                                           // or the server would wait for streams of an order that is never served
	watching := srv.newUsers(b, "chef", models.RoleChef, listeners/maxStreams) // chefs may follow any order
	order := srv.calls(b, http.MethodPost, ordersPath, srv.token(b, "alice"))
	chef := srv.calls(b, http.MethodPatch, "/", watching[0])
	heard := make(chan models.Status, listeners)
	var (
		open    sync.WaitGroup
		waits   []time.Duration
		present int
	)
	steps := []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed}
	for step := 0; b.Loop(); step++ {
		to := steps[step%len(steps)]
		if to == models.StatusPreparing {
			b.StopTimer()
			open.Wait() // those of the order before, which has been served
			order.send(margherita, 201)
			path := order.header.Get("Location")
			chef.req.URL.Path = kitchenPath + strings.TrimPrefix(path, ordersPath)
			for present = range listeners {
				listen(b, server, path, watching[present/maxStreams], &open, heard)
			}
			for range listeners {
				if first := <-heard; first != models.StatusPlaced {
					b.Fatalf("a stream begins with %q", first)
				}
			}
			b.StartTimer()
		}
		start := time.Now()
		chef.send(fmt.Sprintf(`{"status":%q}`, to), 200)
		for range listeners {
			if news := <-heard; news != to {
				b.Fatalf("heard %q instead of %q", news, to)
			}
			waits = append(waits, time.Since(start))
		}
	}
	report(b, chef)
	reportWaits(b, waits)
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(len(waits)), "µs/listener")
}

// listen opens one stream and passes on each status that it tells, and an empty
// one if it is refused.
func listen(b *testing.B, server *httptest.Server, path, token string, open *sync.WaitGroup, heard chan<- models.Status) {
	b.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, token); err != nil {
		b.Fatal(err)
	}
	open.Go(func() {
		defer conn.Close()
		lines := bufio.NewScanner(conn)
		if !lines.Scan() || !strings.HasSuffix(lines.Text(), " 200 OK") {
			heard <- ""
			return
		}
		for lines.Scan() {
			_, rest, told := strings.Cut(lines.Text(), `"status":"`)
			status, _, _ := strings.Cut(rest, `"`)
			if told {
				heard <- models.Status(status)
			}
		}
	})
}
