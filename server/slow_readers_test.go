package server

import (
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
	conns chan net.Conn
	done  chan struct{}
	close func()
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

// servePipes serves that much until the test ends.
func servePipes(t *testing.T, o Options) *pipes {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	o.Log = slog.New(slog.DiscardHandler)
	s := New(o, p)
	var serving sync.WaitGroup
	serving.Go(func() {
		_ = s.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", bodySize)) }))
	})
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return p
}

// client is the client's end of a connection.
type client struct {
	net.Conn
	cut atomic.Bool
}

// get sends a request and reads nothing of the response yet.
func (p *pipes) get(t *testing.T, ip string) *client {
	t.Helper()
	near, far := net.Pipe()
	c := &client{Conn: near}
	t.Cleanup(func() { near.Close() })
	p.conns <- pipe{far, &net.TCPAddr{IP: net.ParseIP(ip), Port: 5000}, &c.cut}
	if _, err := io.WriteString(near, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// readAll reports whether the whole response comes.
func (c *client) readAll() bool {
	n, _ := io.CopyN(io.Discard, c, bodySize)
	return n == bodySize
}

func TestSlowReaders_haveToTakeSomething(t *testing.T) {
	for name, tc := range map[string]struct {
		each   int
		pause  time.Duration
		served bool
	}{
		"reads at once":                    {bodySize, 0, true},
		"reads a quarter in five seconds":  {bodySize / 4, 5 * time.Second, true},
		"reads a kilobyte, and then stops": {1 << 10, 13 * time.Second, false},
		"reads for too long in all":        {bodySize / 8, 5 * time.Second, false},
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

func TestSlowReaders_areCutOffAfterTwelveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := servePipes(t, Options{}).get(t, "203.0.113.1")
		time.Sleep(stallAfter + maxStall - time.Millisecond)
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

// TestSlowReaders_oneAddressHasSoMany: further ones of that address are cut off, and
// nobody else notices: neither those who read behind the same address nor other addresses.
// A proxy may have any number.
func TestSlowReaders_oneAddressHasSoMany(t *testing.T) {
	for name, tc := range map[string]struct {
		o      Options
		ip     string
		served int
	}{
		"of a client":             {Options{}, "203.0.113.1", maxStalled},
		"of an IPv6 network":      {Options{}, "2001:db8::1", maxStalled},
		"of a proxy":              {Options{Proxied: true}, "203.0.113.1", maxStalled + 20},
		"a class of thirty has":   {Options{}, "203.0.113.1", 30 * 6},
		"eight are always served": {Options{}, "203.0.113.1", 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := servePipes(t, tc.o)
				want, n := tc.served, tc.served
				if want == maxStalled {
					n += 20
				}
				slow := make([]*client, n)
				for i := range slow {
					slow[i] = p.get(t, tc.ip)
				}
				time.Sleep(stallAfter + time.Second)
				served := 0
				for _, c := range slow {
					if !c.cut.Load() {
						served++
					}
				}
				if served != want {
					t.Errorf("%d wait, want %d", served, want)
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
