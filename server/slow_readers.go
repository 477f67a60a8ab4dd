package server

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"restaurant/queue"
)

// Limits for clients that ask for much and read nothing. Each holds a connection, its
// buffers and a goroutine for as long as the response waits to be written. Clients that
// read, however slowly, do not count.
const (
	// stallAfter is how long a client may take nothing before it counts as waiting.
	stallAfter = 2 * time.Second
	// maxStall is how long a client may take nothing at all.
	maxStall = 10 * time.Second
	// maxStalled is how many connections of one client may wait at a time. Thirty browsers
	// behind one address have 180, if their network fails them all at once.
	maxStalled = 200
	// writeChunk is how much is written between two looks at the clock.
	writeChunk = 64 << 10
	// acceptWarning is how often the operator is told that no connection can be accepted.
	acceptWarning = time.Minute
)

// errTooManyStalled ends a connection whose client has too many that wait.
var errTooManyStalled = errors.New("server: too many connections of this client take nothing")

// guard watches the connections of a server.
type guard struct {
	log       *slog.Logger
	unlimited bool // a client may have any number of stalled connections

	mu      sync.Mutex
	stalled map[string]int // connections by client
	warned  time.Time
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
	return &conn{Conn: c, guard: l.guard}, nil
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

// beginStall counts a stalled connection of the client, unless there are too many.
func (g *guard) beginStall(client string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stalled[client] >= maxStalled && !g.unlimited {
		return false
	}
	g.stalled[client]++
	return true
}

func (g *guard) endStall(client string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stalled[client]--; g.stalled[client] == 0 {
		delete(g.stalled, client)
	}
}

// conn is a connection whose client has to take something from time to time while a
// response is written, besides the deadline for all of it.
type conn struct {
	net.Conn
	*guard
	deadline atomic.Pointer[time.Time]
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
	for {
		m, err := c.writeSome(p[n:min(n+writeChunk, len(p))])
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

func (c *conn) writeSome(p []byte) (n int, err error) {
	if n, err = c.writeFor(stallAfter, p); !c.isStalled(err) {
		return n, err
	}
	client := clientOf(c.RemoteAddr())
	if !c.beginStall(client) {
		return n, c.drop(errTooManyStalled)
	}
	defer c.endStall(client)
	for c.isStalled(err) {
		var m int
		m, err = c.writeFor(maxStall, p[n:])
		if n += m; m == 0 && c.isStalled(err) {
			return n, c.drop(err)
		}
	}
	return n, err
}

// writeFor writes for so long at most, or until the deadline of all.
func (c *conn) writeFor(d time.Duration, p []byte) (n int, err error) {
	until := time.Now().Add(d)
	if all := c.deadline.Load(); all != nil && !all.IsZero() && all.Before(until) {
		until = *all
	}
	if err := c.Conn.SetWriteDeadline(until); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// isStalled reports whether err is a write that took too long, while there is time left.
func (c *conn) isStalled(err error) bool {
	all := c.deadline.Load()
	return errors.Is(err, os.ErrDeadlineExceeded) && (all == nil || all.IsZero() || time.Now().Before(*all))
}

// drop lets the operating system forget at once what the client has not taken.
func (c *conn) drop(why error) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return why
}

func clientOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(tcp.IP); ok {
			return queue.ClientOf(ip)
		}
	}
	return addr.String()
}
