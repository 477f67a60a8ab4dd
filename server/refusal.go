package server

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Refuse answers a request that net/http refuses before a handler sees it. Nothing is
// known of the request but the address of its client. Status and reason are those of
// net/http, such as 400 and "invalid header name"; the reason may be empty.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, reason string)

// OnRefusal lets fn answer such requests, where net/http would write a line of plain
// text. It has to be called before Serve. Inside of TLS net/http writes past us, so
// there its own answer stays.
func (s *Server) OnRefusal(fn Refuse) {
	for i, l := range s.listeners {
		s.listeners[i] = refusingListener{l, fn}
	}
}

type refusingListener struct {
	net.Listener
	refuse Refuse
}

func (l refusingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return refusingConn{conn, l.refuse}, nil
}

// refusingConn replaces the refusals of net/http, which writes each in one piece.
type refusingConn struct {
	net.Conn
	refuse Refuse
}

func (c refusingConn) Write(p []byte) (int, error) {
	status, reason, refused := refusal(p)
	if !refused {
		return c.Conn.Write(p)
	}
	answer := refusalWriter{header: http.Header{}, status: http.StatusOK}
	c.refuse(&answer, c.unknownRequest(), status, reason)
	if _, err := c.Conn.Write(answer.bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets the client read the answer before the connection is reset: net/http
// calls it when it refuses a request that is still being sent.
func (c refusingConn) CloseWrite() error {
	if tcp, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// unknownRequest has neither a method nor a path.
func (c refusingConn) unknownRequest() *http.Request {
	return &http.Request{
		URL: &url.URL{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, RemoteAddr: c.RemoteAddr().String(),
	}
}

// bare is the beginning of net/http's refusals. Answers of handlers begin otherwise: they
// have a Date. The second form answers plain HTTP where TLS is spoken, and the third an
// Expect header.
var bare = regexp.MustCompile(`^HTTP/1\.[01] (\d{3}) (?:([^\r]*)\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n` +
	`|Bad Request\r\n\r\n(Client sent an HTTP request to an HTTPS server)` +
	`|(Expectation Failed)\r\n)`)

// refusal reports whether net/http writes that it refuses a request.
func refusal(p []byte) (status int, reason string, refused bool) {
	const longest = 512
	if len(p) > longest || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return 0, "", false
	}
	m := bare.FindStringSubmatch(string(p))
	if m == nil {
		return 0, "", false
	}
	status, _ = strconv.Atoi(m[1])
	_, reason, _ = strings.Cut(m[2], ": ")
	return status, reason + m[3] + m[4], true
}

// refusalWriter collects an answer.
type refusalWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *refusalWriter) Header() http.Header         { return w.header }
func (w *refusalWriter) WriteHeader(status int)      { w.status = status }
func (w *refusalWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *refusalWriter) bytes() []byte {
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	res := http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header, Close: true,
		ContentLength: int64(w.body.Len()), Body: io.NopCloser(&w.body),
	}
	var text bytes.Buffer
	_ = res.Write(&text) // into memory
	return text.Bytes()
}
