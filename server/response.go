package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxStreams is how many requests of an HTTP/2 connection are served at a time. RFC 9113,
	// section 6.5.2, recommends not to go below.
	maxStreams = 100
	// framePiece is a frame as HTTP/2 sends it (RFC 9113, section 4.2).
	framePiece = 16 << 10
	// recordPiece makes a record of TLS. A connection keeps the one that its client does not take.
	recordPiece = 4 << 10
)

// OnClient lets fn tell to which client a request belongs that a proxy has passed on, as
// queue.ClientOf has it; empty means that nobody knows, and then there is no limit for one. It
// has to be called before Serve. Without it, clients are the addresses that connect.
func (s *Server) OnClient(fn func(*http.Request) string) { s.guard.clientOf = fn }

// connKey is where a request finds its connection.
type connKey struct{}

func rememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, guardedConn(c))
}

func guardedConn(c net.Conn) *conn {
	switch c := c.(type) {
	case *tls.Conn:
		return guardedConn(c.NetConn())
	case refusingConn:
		return guardedConn(c.Conn)
	case *conn:
		return c
	}
	return nil
}

// responses tells each connection to whom it writes. Over HTTP/2 many responses share one, and a
// client may take some of them and others not: there each response is watched for itself.
func (g *guard) responses(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(connKey{}).(*conn)
		client := c.stall.client
		if g.clientOf != nil {
			client = g.clientOf(r)
		}
		res := &response{ResponseWriter: w}
		if r.ProtoMajor > 1 {
			res.piece, res.watch = framePiece, newWatch(g, client, w)
			defer res.watch.leave()
		} else {
			c.stall.client = client
			if r.TLS == nil {
				res.conn = c
			} else {
				res.piece = recordPiece
			}
		}
		next.ServeHTTP(res, r)
		_, _ = res.Write(res.later) // a client that has gone is no failure
		if res.watch != nil && r.Method != http.MethodHead && w.Header().Get("Content-Length") != "" {
			res.Flush() // what is left is watched, too
		}
	})
}

// response writes in pieces, so that it is seen when its client takes something.
type response struct {
	http.ResponseWriter
	piece int
	watch *watch // nil: the connection is watched
	conn  *conn  // nil: it does not write what net/http does, but records of TLS
	later []byte
}

// WriteLater writes p once the handler has returned, so that a client who takes it slowly holds
// nothing of the handler, and a smaller stack. Nobody may change p.
func (w *response) WriteLater(p []byte) { w.later = p }

func (w *response) Write(p []byte) (n int, err error) {
	if w.conn != nil && len(p) > 0 {
		w.conn.expects = true
		defer func() { w.conn.expects = false }()
	}
	for n < len(p) && err == nil {
		piece := p[n:]
		if w.piece > 0 {
			piece = piece[:min(w.piece, len(piece))]
		}
		var took int
		w.while(func() { took, err = w.ResponseWriter.Write(piece) })
		n += took
	}
	return n, err
}

// Flush makes the response an http.Flusher, which streams of events need.
func (w *response) Flush() {
	w.while(func() { _ = http.NewResponseController(w.ResponseWriter).Flush() }) // a client that has gone is no failure
}

// Unwrap lets http.ResponseController reach the deadlines.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) while(write func()) {
	if w.watch != nil {
		w.watch.begin()
		defer w.watch.end()
	}
	write()
}

// watch is that of a response over HTTP/2. Its client has to take something from time to time
// while it is written: each has a window of its own, which the client has to open.
type watch struct {
	*guard
	stall   stall
	control *http.ResponseController

	mu      sync.Mutex
	timer   *time.Timer // of late
	writing bool
	counted bool // as waiting
}

func newWatch(g *guard, client string, w http.ResponseWriter) *watch {
	s := &watch{guard: g, control: http.NewResponseController(w)}
	s.stall = stall{client: client, cut: s.cutOff}
	return s
}

func (s *watch) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = true
	if s.timer == nil {
		s.timer = time.AfterFunc(stallAfter, s.late)
	}
	s.timer.Reset(stallAfter)
}

// end is when the client has taken something, or has gone.
func (s *watch) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
	s.writing = false
	if s.counted {
		s.counted = false
		s.guard.end(&s.stall)
	}
}

// late is called when the client has taken nothing for stallAfter, and again after maxStall.
func (s *watch) late() {
	s.mu.Lock()
	cut := func() {}
	switch {
	case !s.writing:
	case s.counted:
		cut = s.cutOff
	default:
		s.counted = true
		s.timer.Reset(maxStall - stallAfter)
		cut = s.guard.begin(&s.stall)
	}
	s.mu.Unlock()
	cut()
}

// cutOff resets the stream, which ends the write that waits. Once the handler has returned
// there is nothing to reset.
func (s *watch) cutOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing {
		_ = s.control.SetWriteDeadline(time.Unix(1, 0)) // a stream that has ended has no write that waits
	}
}

// leave gives what net/http still has to write the same time: the last 4 KiB, or fewer, of a
// response that did not tell its length.
func (s *watch) leave() {
	_ = s.control.SetWriteDeadline(time.Now().Add(maxStall)) // fails for no stream that is open
}
