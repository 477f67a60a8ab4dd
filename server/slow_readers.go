package server

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"restaurant/queue"
)

// Limits for clients that ask for much and read nothing. Each holds a connection or a stream
// of one, its buffers and a goroutine for as long as the response waits to be written. Clients
// that read, however slowly, do not count.
const (
	// stallAfter is how long a client may take nothing before its response counts as waiting. The
	// longer it is, the more responses of a sudden crowd wait uncounted.
	stallAfter = 500 * time.Millisecond
	// maxStall is how long a client may take nothing at all.
	maxStall = 30 * time.Second
	// maxStalled is how many responses to one client may wait at a time. Thirty browsers behind
	// one address have 180 connections, if their network fails them all at once.
	maxStalled = 200
	// maxStalledInAll is how many may wait in all. Each takes 25 to 40 KiB.
	maxStalledInAll = 400
	// writeChunk is how much is written between two looks at the clock.
	writeChunk = 64 << 10
	// acceptWarning is how often the operator is told that no connection can be accepted.
	acceptWarning = time.Minute
)

// errStalled ends a connection whose client takes nothing, or has too many that wait.
var errStalled = errors.New("server: the client takes nothing")

// guard watches the connections of a server.
type guard struct {
	log *slog.Logger
	// clientOf tells who sent a request that a proxy passed on; nil: who connected.
	clientOf func(*http.Request) string

	mu      sync.Mutex
	stalled map[string][]*stall // by client; of each the one first that has taken nothing for longest
	total   int
	warned  time.Time
}

// stall is a response of which its client takes nothing.
type stall struct {
	client string // empty: nobody knows, and there is no limit for one
	cut    func() // ends it, from any goroutine
}

// begin counts a response that has begun to wait. One too many ends the one that has taken
// nothing for longest: the caller has to call cut, without holding a lock.
func (g *guard) begin(s *stall) (cut func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stalled[s.client] = append(g.stalled[s.client], s)
	g.total++
	switch {
	case len(g.stalled[s.client]) > maxStalled && s.client != "":
		return g.longest(s.client)
	case g.total > maxStalledInAll:
		return g.longest(g.busiest())
	}
	return func() {}
}

// longest takes out the response to a client that has taken nothing for longest.
func (g *guard) longest(client string) (cut func()) {
	s := g.stalled[client][0]
	g.remove(s)
	return s.cut
}

// busiest is the client with the most responses that wait.
func (g *guard) busiest() (client string) {
	for c, all := range g.stalled {
		if len(all) > len(g.stalled[client]) {
			client = c
		}
	}
	return client
}

// end takes a response back that waits no more, or was ended.
func (g *guard) end(s *stall) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(s)
}

func (g *guard) remove(s *stall) {
	all := g.stalled[s.client]
	left := slices.DeleteFunc(all, func(other *stall) bool { return other == s })
	g.total -= len(all) - len(left)
	if g.stalled[s.client] = left; len(left) == 0 {
		delete(g.stalled, s.client)
	}
}

// listener guards the connections that it accepts.
type listener struct {
	net.Listener
	*guard
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		l.warn(err)
		return nil, err
	}
	guarded := &conn{Conn: c, guard: l.guard}
	guarded.stall.cut = guarded.cutOff
	if l.clientOf == nil {
		guarded.stall.client = clientOf(c.RemoteAddr())
	}
	return guarded, nil
}

// warn tells the operator why clients wait; net/http tries again by itself. A client that
// left before it was accepted is none of the reasons.
func (g *guard) warn(err error) {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNABORTED) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.warned) >= acceptWarning {
		g.warned = time.Now()
		g.log.Warn("the server cannot accept more connections, so new clients must wait; if this happens again, allow this process more open files (ulimit -n)", "err", err)
	}
}

// conn is a connection whose client has to take something from time to time while a
// response is written.
type conn struct {
	net.Conn
	*guard
	joiner
	stall    stall
	cut      atomic.Bool
	deadline atomic.Pointer[time.Time] // that net/http has set
}

func (c *conn) SetDeadline(t time.Time) error {
	c.deadline.Store(&t)
	return c.Conn.SetDeadline(t)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadline.Store(&t)
	return c.Conn.SetWriteDeadline(t)
}

// CloseWrite lets net/http send the end of a response whose request it has not read.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) Write(p []byte) (n int, err error) {
	if c.keep(p) {
		return len(p), nil
	}
	for {
		m, err := c.writeSome(p[n:min(n+writeChunk, len(p))])
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// writeSome writes all of p, unless the client takes nothing for too long. Every stallAfter
// it looks whether the client has taken something.
func (c *conn) writeSome(p []byte) (n int, err error) {
	n, err = c.writeFor(stallAfter, p)
	for c.isStalled(err) {
		var took int
		took, err = c.wait(p[n:])
		n += took
	}
	return n, err
}

// wait counts as waiting until the client takes something of p.
func (c *conn) wait(p []byte) (n int, err error) {
	c.begin(&c.stall)()
	defer c.end(&c.stall)
	for waited := stallAfter; waited < maxStall; waited += stallAfter {
		if n, err = c.writeFor(stallAfter, p); n > 0 || !c.isStalled(err) {
			return n, err
		}
	}
	return 0, c.drop()
}

// writeFor writes for so long at most, or until net/http's deadline.
func (c *conn) writeFor(d time.Duration, p []byte) (n int, err error) {
	until := time.Now().Add(d)
	if all := c.deadline.Load(); all != nil && !all.IsZero() && all.Before(until) {
		until = *all
	}
	if err := c.Conn.SetWriteDeadline(until); err != nil {
		return 0, err
	}
	if c.cut.Load() { // or its deadline would be lifted again
		return 0, c.drop()
	}
	return c.writeTo(c.Conn, p)
}

// isStalled reports whether err is a write that took too long, before net/http's deadline.
func (c *conn) isStalled(err error) bool {
	all := c.deadline.Load()
	return errors.Is(err, os.ErrDeadlineExceeded) && (all == nil || all.IsZero() || time.Now().Before(*all))
}

// cutOff ends the write that waits.
func (c *conn) cutOff() {
	c.cut.Store(true)
	_ = c.Conn.SetWriteDeadline(time.Unix(1, 0)) // a connection that is closed has ended it
}

// drop lets the operating system forget at once what the client has not taken.
func (c *conn) drop() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return errStalled
}

func clientOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(tcp.IP); ok {
			return queue.ClientOf(ip)
		}
	}
	return addr.String()
}
