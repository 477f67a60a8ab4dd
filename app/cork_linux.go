package app

import (
	"errors"
	"net"
	"net/http"
	"syscall"
)

// httpBuffer is the size of net/http's buffer for what goes to a connection. A
// write of just this size is a full buffer: mostly, the rest of the answer follows.
const httpBuffer = 4 << 10

// coalescingListener lets an answer that is larger than a buffer leave in one go. Otherwise
// its first 4 KiB would travel alone, and wake the other side for a part.
type coalescingListener struct{ net.Listener }

// Accept implements net.Listener.
func (l coalescingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	tcp, ok := conn.(*net.TCPConn)
	if !ok || err != nil {
		return conn, err
	}
	raw, err := tcp.SyscallConn()
	return &corkedConn{TCPConn: tcp, raw: raw}, err
}

type corkedConn struct {
	*net.TCPConn
	raw  syscall.RawConn
	held bool // the kernel may still wait for more
}

// Write tells the kernel of a full buffer that more is to come (MSG_MORE,
// send(2)). Should nothing come, it sends what it has after 200 ms.
func (c *corkedConn) Write(p []byte) (n int, err error) {
	if c.held = len(p) == httpBuffer; !c.held {
		return c.TCPConn.Write(p)
	}
	gone := c.raw.Write(func(fd uintptr) bool {
		n, err = syscall.SendmsgN(int(fd), p, nil, nil, syscall.MSG_MORE|syscall.MSG_NOSIGNAL)
		return !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
	})
	if n = max(n, 0); gone != nil {
		return n, gone
	}
	if err != nil || n == len(p) {
		return n, err
	}
	rest, err := c.TCPConn.Write(p[n:])
	return n + rest, err
}

// flushWhenIdle is a ConnState hook: an answer that ended with a full buffer leaves when
// it is over, and not 200 ms later. Setting TCP_NODELAY pushes it out (tcp(7)).
func flushWhenIdle(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*corkedConn); ok && state == http.StateIdle && c.held {
		c.held = false
		_ = c.SetNoDelay(true) // whoever has left needs no answer
	}
}
