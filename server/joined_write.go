package server

import (
	"net"
	"sync"
)

// httpBuffer is the size of net/http's buffer of a connection. A response that is longer comes
// from there in two writes: a full buffer, with its header and its start, and the rest.
const httpBuffer = 4 << 10

// startBuffers are for the starts that wait for their rest.
var startBuffers = sync.Pool{New: func() any { return new([httpBuffer]byte) }}

// joiner keeps the start of a response until its rest comes, and writes both with one system
// call, which also wakes the client once instead of twice (docs/decisions/0127).
type joiner struct {
	// expects is set while a handler writes. What net/http sends meanwhile is a buffer that was
	// full and did not take everything, so it has the rest still to send, whatever happens.
	expects bool
	buffer  *[httpBuffer]byte // nil: no start waits
	start   []byte            // the part of buffer that waits
}

// keep reports whether p is a start; then it waits. What comes after it is the rest, even if
// that is another full buffer. All else is no start: "100 Continue", which net/http sends while
// another goroutine reads the body, or what a hijacked connection sends. So expects is asked last.
func (j *joiner) keep(p []byte) bool {
	if len(p) != httpBuffer || !j.expects || j.buffer != nil {
		return false
	}
	j.buffer = startBuffers.Get().(*[httpBuffer]byte)
	j.start = j.buffer[:copy(j.buffer[:], p)]
	return true
}

// writeTo writes the start that waits, if one does, and p. It returns how much of p was written.
// Without an error it may be less than all: then the client has taken some of the start, and the
// next write tells what stopped this one.
func (j *joiner) writeTo(c net.Conn, p []byte) (n int, err error) {
	if j.buffer == nil {
		return c.Write(p)
	}
	both := net.Buffers{j.start, p}
	wrote, err := both.WriteTo(c)
	ofStart := min(int(wrote), len(j.start))
	if j.start = j.start[ofStart:]; len(j.start) == 0 {
		startBuffers.Put(j.buffer)
		j.buffer, j.start = nil, nil
	}
	if n = int(wrote) - ofStart; n == 0 && ofStart > 0 {
		err = nil
	}
	return n, err
}
