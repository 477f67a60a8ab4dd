package testkit

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Link passes connections on to an address, until it is cut: then nothing passes, and
// nobody is told, as when a cable is cut.
type Link struct {
	// Addr is where the link begins.
	Addr string

	to     string
	mu     sync.Mutex
	mended *sync.Cond
	cut    bool
	closed bool
	conns  map[net.Conn]struct{}
}

// NewLink starts a link, which ends with the test.
func NewLink(t testing.TB, to string) *Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{Addr: listener.Addr().String(), to: to, conns: map[net.Conn]struct{}{}}
	l.mended = sync.NewCond(&l.mu)
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { l.pass(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close() // Accept ends
		l.mu.Lock()
		l.closed = true
		for conn := range l.conns {
			_ = conn.Close() // its copying ends
		}
		l.mu.Unlock()
		l.mended.Broadcast()
		passing.Wait()
	})
	return l
}

// Cut lets nothing pass until Mend.
func (l *Link) Cut() { l.set(true) }

// Mend ends Cut.
func (l *Link) Mend() { l.set(false) }

func (l *Link) set(cut bool) {
	l.mu.Lock()
	l.cut = cut
	l.mu.Unlock()
	l.mended.Broadcast()
}

// wait returns while the link is whole, and false when it has ended.
func (l *Link) wait() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.cut && !l.closed {
		l.mended.Wait()
	}
	return !l.closed
}

// keep notes a connection that the end of the link has to close.
func (l *Link) keep(conn net.Conn) (forget func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close() // at once
	}
	l.conns[conn] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, conn)
		_ = conn.Close() // by the other end, or by us
	}
}

func (l *Link) pass(from net.Conn) {
	defer l.keep(from)()
	if !l.wait() {
		return
	}
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		if tcp, ok := from.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a refusal, and not an end
		}
		return
	}
	defer l.keep(to)()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			_, _ = io.Copy(gate{l, way[1]}, way[0]) // until one of them ends
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
}

// gate writes only while the link is whole.
type gate struct {
	*Link
	net.Conn
}

// Write waits while the link is cut.
func (g gate) Write(p []byte) (int, error) {
	if !g.wait() {
		return 0, net.ErrClosed
	}
	return g.Conn.Write(p)
}
