package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener without a network, so that deadlines follow the clock of a bubble.
type pipes struct {
	conns  chan net.Conn
	done   chan struct{}
	close  func()
	inside atomic.Int64 // requests in the handler
}

// pipe is the server's end of a connection, from an address.
type pipe struct {
	net.Conn
	from net.Addr
	cut  *atomic.Bool // the server has closed it
}

func (p pipe) RemoteAddr() net.Addr { return p.from }

func (p pipe) Close() error {
	p.cut.Store(true)
	return p.Conn.Close()
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// bodySize is how much the server of these tests answers.
const bodySize = 256 << 10

// servePipes serves until the test ends: that much, or events without end, or bytes that are
// written once the handler has returned.
func servePipes(t *testing.T, o Options, prepare ...func(*Server)) *pipes {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	o.Log = slog.New(slog.DiscardHandler)
	s := New(o, p)
	for _, change := range prepare {
		change(s)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(http.HandlerFunc(p.answer)) })
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return p
}

func (p *pipes) answer(w http.ResponseWriter, r *http.Request) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	body := strings.Repeat("x", bodySize)
	switch r.URL.Path {
	case "/events":
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, body[:1<<10])
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	case "/later":
		w.(interface{ WriteLater([]byte) }).WriteLater([]byte(body))
	default:
		_, _ = io.WriteString(w, body)
	}
}

// client is the client's end of a connection.
type client struct {
	net.Conn
	cut atomic.Bool
}

// get sends a request and reads nothing of the response yet.
func (p *pipes) get(t *testing.T, ip string) *client {
	t.Helper()
	return p.ask(t, ip, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

func (p *pipes) ask(t *testing.T, ip, request string) *client {
	t.Helper()
	c := p.dial(t, ip)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *pipes) dial(t *testing.T, ip string) *client {
	t.Helper()
	near, far := net.Pipe()
	c := &client{Conn: near}
	t.Cleanup(func() { near.Close() })
	p.conns <- pipe{far, &net.TCPAddr{IP: net.ParseIP(ip), Port: 5000}, &c.cut}
	return c
}

// readAll reports whether the whole response comes.
func (c *client) readAll() bool {
	n, _ := io.CopyN(io.Discard, c, bodySize)
	return n == bodySize
}

// waiting are the clients that have not been cut off.
func waiting(clients []*client) (n int) {
	for _, c := range clients {
		if !c.cut.Load() {
			n++
		}
	}
	return n
}

// TestSlowReaders_haveToTakeSomething: what counts is progress, not how long it takes in all.
func TestSlowReaders_haveToTakeSomething(t *testing.T) {
	for name, tc := range map[string]struct {
		each   int
		pause  time.Duration
		served bool
	}{
		"reads at once":                       {bodySize, 0, true},
		"reads a quarter in five seconds":     {bodySize / 4, 5 * time.Second, true},
		"reads slowly but steadily, for long": {bodySize / 64, 20 * time.Second, true},
		"reads little of the start at a time": {bodySize / 2048, 20 * time.Second, true},
		"reads a kilobyte, and then stops":    {1 << 10, maxStall + time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := servePipes(t, Options{}).get(t, "203.0.113.1")
				var got int64
				for {
					n, err := io.CopyN(io.Discard, c, int64(tc.each))
					if got += n; err != nil || got >= bodySize {
						break
					}
					time.Sleep(tc.pause)
				}
				if served := got >= bodySize; served != tc.served {
					t.Errorf("%d of %d bytes were read", got, bodySize)
				}
			})
		})
	}
}

func TestSlowReaders_areCutOffAfterHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := servePipes(t, Options{}).get(t, "203.0.113.1")
		time.Sleep(maxStall - time.Millisecond)
		if c.cut.Load() {
			t.Error("cut off early")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if !c.cut.Load() {
			t.Error("not cut off")
		}
	})
}

// TestSlowReaders_oneAddressHasSoMany: beyond that the one is cut off that has taken nothing for
// longest, and nobody else notices: neither those who read behind the same address, however
// slowly, nor other addresses.
func TestSlowReaders_oneAddressHasSoMany(t *testing.T) {
	for name, tc := range map[string]struct {
		ip     string
		served int
	}{
		"of a client":             {"203.0.113.1", maxStalled},
		"of an IPv6 network":      {"2001:db8::1", maxStalled},
		"a class of thirty has":   {"203.0.113.1", 30 * 6},
		"eight are always served": {"203.0.113.1", 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := servePipes(t, Options{})
				steady := p.get(t, tc.ip)
				first, n := p.get(t, tc.ip), tc.served
				if n == maxStalled {
					n += 20
				}
				time.Sleep(3 * time.Second)
				slow := make([]*client, n-1)
				for i := range slow {
					slow[i] = p.get(t, tc.ip)
				}
				time.Sleep(stallAfter / 2) // before they count
				if _, err := io.CopyN(io.Discard, steady, bodySize/2); err != nil {
					t.Fatal(err)
				}
				time.Sleep(stallAfter + time.Second)
				if served := waiting(append(slow, first)); served != tc.served-1 && served != tc.served {
					t.Errorf("%d wait, want %d", served, tc.served)
				}
				if first.cut.Load() != (n > maxStalled) {
					t.Error("the one that has taken nothing for longest is not the one that was cut off")
				}
				if n, err := io.CopyN(io.Discard, steady, bodySize/2); err != nil {
					t.Errorf("one that reads slowly was cut off after %d bytes: %v", n, err)
				}
				for range 200 {
					if !p.get(t, tc.ip).readAll() {
						t.Fatal("a client of that address that reads was cut off")
					}
				}
				other := p.get(t, "203.0.113.2")
				time.Sleep(stallAfter + time.Second)
				if other.cut.Load() || !other.readAll() {
					t.Error("another address was cut off")
				}
				for _, c := range slow {
					if !c.cut.Load() && !c.readAll() {
						t.Fatal("a client that begins to read in time was cut off")
					}
				}
			})
		})
	}
}

// TestSlowReaders_allTogetherAreSoMany: beyond that one is cut off of whoever has most.
func TestSlowReaders_allTogetherAreSoMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t, Options{})
		few := []*client{p.get(t, "203.0.113.1"), p.get(t, "203.0.113.1")}
		time.Sleep(time.Second)
		var many []*client
		for i := range maxStalledInAll + 20 {
			many = append(many, p.get(t, fmt.Sprint("203.0.113.", 2+i%5)))
		}
		time.Sleep(stallAfter + time.Second)
		if n := waiting(many) + len(few); n != maxStalledInAll {
			t.Errorf("%d wait, want %d", n, maxStalledInAll)
		}
		for _, c := range few {
			if c.cut.Load() || !c.readAll() {
				t.Error("one of an address with two was cut off")
			}
		}
	})
}

// TestSlowReaders_behindAProxy: a client is who the proxy says. If it does not say, no address
// has a limit, because all are that of the proxy.
func TestSlowReaders_behindAProxy(t *testing.T) {
	for name, tc := range map[string]struct {
		told bool
		want int
	}{
		"that tells":    {true, maxStalled},
		"that does not": {false, maxStalled + 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := servePipes(t, Options{}, func(s *Server) {
					s.OnClient(func(r *http.Request) string { return r.Header.Get("X-Forwarded-For") })
				})
				from := func(guest string) *client {
					if !tc.told {
						guest = ""
					}
					return p.ask(t, "127.0.0.1", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "+guest+"\r\n\r\n")
				}
				other := from("203.0.113.2")
				time.Sleep(time.Second)
				slow := make([]*client, maxStalled+20)
				for i := range slow {
					slow[i] = from("203.0.113.1")
				}
				time.Sleep(stallAfter + time.Second)
				if n := waiting(slow); n != tc.want {
					t.Errorf("%d wait, want %d", n, tc.want)
				}
				if other.cut.Load() || !other.readAll() {
					t.Error("another guest behind the proxy was cut off")
				}
			})
		})
	}
}

// TestSlowReaders_ofEvents: a stream of events ends when its client takes nothing, and goes on
// for as long as it does.
func TestSlowReaders_ofEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t, Options{})
		ask := "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
		stopped, steady := p.ask(t, "203.0.113.1", ask), p.ask(t, "203.0.113.1", ask)
		defer time.Sleep(time.Second) // until the handler has noticed that the client has gone
		defer steady.Close()
		for range 10 {
			time.Sleep(maxStall / 3)
			if _, err := io.CopyN(io.Discard, steady, 2<<10); err != nil {
				t.Fatalf("a client that reads was cut off: %v", err)
			}
		}
		synctest.Wait()
		if n := p.inside.Load(); !stopped.cut.Load() || n != 1 {
			t.Errorf("the client that reads nothing was cut off: %v; %d streams are open, want 1", stopped.cut.Load(), n)
		}
	})
}

// TestSlowReaders_holdNoHandler: bytes that all share wait without the handler.
func TestSlowReaders_holdNoHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t, Options{})
		for path, inside := range map[string]int64{"/later": 0, "/": 1} {
			c := p.ask(t, "203.0.113.1", "GET "+path+" HTTP/1.0\r\n\r\n")
			synctest.Wait()
			if n := p.inside.Load(); n != inside {
				t.Errorf("%s: %d handlers wait, want %d", path, n, inside)
			}
			if body, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(body), strings.Repeat("x", bodySize)) {
				t.Errorf("%s: the response is not whole", path)
			}
			synctest.Wait()
		}
	})
}
