package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestCrowd_collectsAsItGrows: once for each crowdStep that are more, and never because
// connections come and go.
func TestCrowd_collectsAsItGrows(t *testing.T) {
	c := new(crowd)
	collections := func(connections, by int) (n int) {
		for range connections {
			if c.grow(by) {
				n++
			}
		}
		return n
	}
	for _, step := range []struct{ connections, by, want int }{
		{crowdStep - 1, 1, 0}, {1, 1, 1}, {2 * crowdStep, 1, 2}, // a crowd comes
		{crowdStep, -1, 0}, {crowdStep - 1, 1, 0}, // some of it leave, and others come
		{3*crowdStep - 1, -1, 0}, {crowdStep - 1, 1, 0}, {1, 1, 1}, // all leave, and the next crowd comes
	} {
		if got := collections(step.connections, step.by); got != step.want {
			t.Errorf("%d times %+d: %d collections, want %d", step.connections, step.by, got, step.want)
		}
	}
}

// TestCrowd_isCollected serves connections over TCP while the runtime collects nothing by itself.
func TestCrowd_isCollected(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	s, err := Listen(t.Context(), Options{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go s.Serve(http.NotFoundHandler()) //nolint:errcheck // it ends with Close
	ask := func(header string) net.Conn {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n"+header+"\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := collections()
	for range 3 * crowdStep { // they come and go
		if _, err := io.Copy(io.Discard, ask("Connection: close\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	if n := collections() - before; n != 0 {
		t.Errorf("%d collections for connections that came and went", n)
	}
	for range 2 * crowdStep {
		ask("")
	}
	for deadline := time.Now().Add(20 * time.Second); collections() == before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("no collection for a crowd")
		}
	}
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}
