package handlers

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// logged returns the lines of the log that hold all of the words.
func (srv *server) logged(words ...string) (lines []string) {
next:
	for line := range strings.Lines(srv.log.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestLog_sumsUpEqualRefusals: a flood of refusals takes a few lines, and one that says
// how many there were. What is no refusal, and a refusal of another kind, has its line.
func TestLog_sumsUpEqualRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for range 50 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 200, "")
		}
		for range 500 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 429, "rate-limited")
		}
		srv.get(t, mePath, fromAddress(home)).wants(t, 401, "authentication-required")
		if got := len(srv.logged("route=/problems", "status=429")); got != 10 {
			t.Errorf("500 equal refusals have %d lines", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := srv.logged("level=INFO", "more requests", "route=/problems", "status=429", "problem=rate-limited", "count=490"); len(got) != 1 {
			t.Errorf("the rest has the lines %q", got)
		}
		if got := srv.logged("more requests"); len(got) != 1 {
			t.Errorf("summed up were %q", got)
		}
		if served, other := len(srv.logged("route=/problems", "status=200")), len(srv.logged("status=401")); served != 50 || other != 1 {
			t.Errorf("%d of 50 pages and %d of 1 other refusals have lines", served, other)
		}
		for range 49 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 200, "")
		}
		time.Sleep(time.Millisecond)
		for range 4 { // the next second begins anew
			srv.get(t, mePath, fromAddress(home)).wants(t, 401, "authentication-required")
		}
		if got := len(srv.logged("status=401")); got != 5 {
			t.Errorf("5 refusals have %d lines", got)
		}
		time.Sleep(time.Second) // nothing is left to sum up
	})
}

// TestLog_aClientThatLeavesIsNoError hangs up in the middle of a large response.
func TestLog_aClientThatLeavesIsNoError(t *testing.T) {
	srv := newServer(t)
	answered := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.handler.ServeHTTP(w, r)
		answered <- struct{}{}
	}))
	defer web.Close()
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-answered
	if got := srv.logged("route=/swagger/*file"); len(got) != 1 || !strings.Contains(got[0], "level=INFO") || strings.Contains(got[0], "err=") {
		t.Errorf("the log says %q", got)
	}
}
