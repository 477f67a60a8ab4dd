package server

import (
	"errors"
	"net"
	"net/http"
	"syscall"
)

// httpBuffer is the size of net/http's write buffer. A write of exactly this size is a
// full buffer, and mostly the rest of the response follows.
const httpBuffer = 4 << 10

// coalescingListener sends a response that is larger than a buffer in one go. Otherwise
// its first 4 KiB would travel alone, and wake the client for a part.
type coalescingListener struct{ net.Listener }

// Accept implements net.Listener.
func (l coalescingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	tcp, ok := conn.(*net.TCPConn)
	if !ok || err != nil {
		return conn, err
	}
	raw, err := tcp.SyscallConn()
	return &coalescingConn{TCPConn: tcp, raw: raw}, err
}

type coalescingConn struct {
	*net.TCPConn
	raw  syscall.RawConn
	held bool // the kernel may still wait for more
}

// Write announces more data to the kernel after a full buffer (MSG_MORE, send(2)). If
// none follows, the kernel sends what it has after 200 ms.
func (c *coalescingConn) Write(p []byte) (n int, err error) {
	if c.held = len(p) == httpBuffer; !c.held {
		return c.TCPConn.Write(p)
	}
	failed := c.raw.Write(func(fd uintptr) bool {
		n, err = syscall.SendmsgN(int(fd), p, nil, nil, syscall.MSG_MORE|syscall.MSG_NOSIGNAL)
		return !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
	})
	if n = max(n, 0); failed != nil {
		return n, failed
	}
	if err != nil || n == len(p) {
		return n, err
	}
	rest, err := c.TCPConn.Write(p[n:])
	return n + rest, err
}

// flushWhenIdle is a ConnState hook: a response that ended with a full buffer leaves at
// once and not 200 ms later. Setting TCP_NODELAY pushes it out (tcp(7)).
func flushWhenIdle(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*coalescingConn); ok && state == http.StateIdle && c.held {
		c.held = false
		_ = c.SetNoDelay(true) // a client that has gone needs no response
	}
}
