package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How many connections there are. Logins get fewer: each costs a password hash,
// and 32 would only wait for each other.
const (
	connections      = 32
	loginConnections = 8
)

// answerTimeout is how long an answer may take. Slow is not failed; how slow shows
// in p99.
const answerTimeout = 10 * time.Second

// request is what the connections of a measurement send, again and again. Guests
// take turns: the n-th request is that of token n and body n, modulo their number.
type request struct {
	method, url    string
	status         int // that every answer must have
	connections    int
	least          int      // requests of each connection, however long they take; 0: one
	tokens, bodies []string // none: without
	key            bool     // each with an idempotency key of its own
}

// run sends requests for a while, over connections that are kept. The generator
// shares its cores with the server, so it sends prepared bytes instead of using
// net/http's client. It takes as much CPU time for a request as wrk does.
func (q request) run(ctx context.Context, span time.Duration) (stats, error) {
	u, err := url.Parse(q.url)
	if err != nil {
		return stats{}, err
	}
	messages, name := q.messages(u), rand.Text()
	conns := make([]*conn, q.connections)
	for i := range conns {
		conns[i] = &conn{addr: u.Host, deadline: time.Now().Add(span + answerTimeout), key: fmt.Sprint(name, "-", i, "-")}
		defer conns[i].close()
	}
	s, err := closedLoop(ctx, q.connections, q.least, span, func(ctx context.Context, i int) error {
		c := conns[i]
		c.count(q.status, c.send(ctx, messages[(i+c.sent)%len(messages)]))
		return nil
	})
	for _, c := range conns {
		s.Wrong, s.Example, s.Broken = s.Wrong+c.wrong, max(s.Example, c.example), s.Broken+c.broken
	}
	s.Requests -= s.Broken
	if err == nil && s.Requests == 0 {
		err = fmt.Errorf("%s %s was not answered once: %w", q.method, q.url, conns[0].err)
	}
	return s, err
}

// message is the request of one guest. A key is sent between head and tail.
type message struct{ head, tail []byte }

func (q request) messages(u *url.URL) (all []message) {
	for i := range max(1, len(q.tokens), len(q.bodies)) {
		var m bytes.Buffer
		fmt.Fprintf(&m, "%s %s HTTP/1.1\r\nHost: %s\r\n", q.method, u.RequestURI(), u.Host)
		if len(q.tokens) > 0 {
			fmt.Fprintf(&m, "Authorization: Bearer %s\r\n", q.tokens[i%len(q.tokens)])
		}
		body := ""
		if len(q.bodies) > 0 {
			body = q.bodies[i%len(q.bodies)]
			fmt.Fprintf(&m, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
		}
		if !q.key {
			all = append(all, message{append(m.Bytes(), "\r\n"+body...), nil})
			continue
		}
		m.WriteString("Idempotency-Key: ")
		all = append(all, message{m.Bytes(), []byte("\r\n\r\n" + body)})
	}
	return all
}

// conn is one connection, which is opened again when it breaks.
type conn struct {
	addr     string
	deadline time.Time
	key      string // the beginning of its idempotency keys
	net      net.Conn
	in       *bufio.Reader
	out      []byte
	sent     int

	wrong, example, broken int64
	err                    error // the last
}

// send makes one request and returns the status of the answer.
func (c *conn) send(ctx context.Context, m message) (status int) {
	c.sent++
	if c.net == nil {
		if c.net, c.err = new(net.Dialer).DialContext(ctx, "tcp", c.addr); c.err != nil {
			c.net = nil
			return 0
		}
		_ = c.net.SetDeadline(c.deadline)
		c.in = bufio.NewReaderSize(c.net, 64<<10)
	}
	c.out = append(c.out[:0], m.head...)
	if m.tail != nil {
		c.out = append(strconv.AppendInt(append(c.out, c.key...), int64(c.sent), 10), m.tail...)
	}
	var keep bool
	if _, c.err = c.net.Write(c.out); c.err == nil {
		status, keep, c.err = readAnswer(c.in)
	}
	if c.err != nil || !keep {
		c.close()
	}
	return status
}

// count files an answer, or that there was none.
func (c *conn) count(want, status int) {
	switch {
	case c.err != nil:
		c.broken++
	case status != want:
		c.wrong, c.example = c.wrong+1, int64(status)
	}
}

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close() // what mattered has been read
		c.net = nil
	}
}

// readAnswer reads one answer to its end and reports whether the connection may be
// used again.
func readAnswer(in *bufio.Reader) (status int, keep bool, err error) {
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, false, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, !res.Close, err
}
