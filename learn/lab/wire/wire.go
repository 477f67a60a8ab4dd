// Package wire is a cable with a window: who looks in reads what guest and waiter say to
// each other, or sees that there is nothing to read.
//
// A Wire is a listener for one server and some minutes. It records what goes over its
// connections: the text without TLS, and with TLS what anybody on the way still sees.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	// maxConns bounds the connections that are open at a time.
	maxConns = 8
	// patience is how long a client may take for a TLS handshake or a request.
	patience = 10 * time.Second
)

// Wire is an open wire. Its methods may be called at any time.
type Wire struct {
	Log *Log

	listener net.Listener
	server   *http.Server
	secure   *tls.Config // nil: without TLS
	ready    chan net.Conn
	closed   chan struct{}
	broken   func()
	end      *time.Timer // closes the wire
}

// Options are what a wire connects.
type Options struct {
	// Host is the address to listen on, such as 127.0.0.1; the port is any that is free.
	Host string
	// Server answers the requests.
	Server http.Handler
	// Certificate makes it a wire with TLS, for clients that trust it; nil: without.
	Certificate *tls.Certificate
	// Life is how long the wire stays open.
	Life time.Duration
	// Broken is called when a client has got the certificate and breaks off the handshake, or
	// leaves after it without a request.
	Broken func()
}

// Open opens a wire. It closes itself at the end of its life.
func Open(o Options) (*Wire, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(o.Host, "0"))
	if err != nil {
		return nil, err
	}
	w := &Wire{Log: new(Log), listener: listener, ready: make(chan net.Conn), closed: make(chan struct{}), broken: o.Broken}
	if o.Certificate != nil {
		w.secure = &tls.Config{Certificates: []tls.Certificate{*o.Certificate}, MinVersion: tls.VersionTLS12}
	}
	w.server = &http.Server{
		Handler: o.Server, ReadTimeout: patience, WriteTimeout: o.Life, IdleTimeout: patience, MaxHeaderBytes: 16 << 10,
		ConnState: w.watch,
	}
	go w.accept()
	go w.server.Serve(conns{w}) //nolint:errcheck // it ends with Close
	w.end = time.AfterFunc(o.Life, w.Close)
	return w, nil
}

// Addr is where it listens, such as 127.0.0.1:49152.
func (w *Wire) Addr() string { return w.listener.Addr().String() }

// Open reports whether it still listens.
func (w *Wire) Open() bool {
	select {
	case <-w.closed:
		return false
	default:
		return true
	}
}

// Close ends all connections and keeps the log.
func (w *Wire) Close() {
	w.end.Stop()
	_ = w.listener.Close()
	_ = w.server.Close()
}

// accept takes connections until the listener is closed.
func (w *Wire) accept() {
	defer close(w.closed)
	slots := make(chan struct{}, maxConns)
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		slots <- struct{}{}
		tap := w.Log.tap(conn, w.secure != nil, func() { <-slots })
		go w.prepare(tap)
	}
}

// prepare shakes hands, so that a client that leaves is noticed, and hands the connection
// to the server.
func (w *Wire) prepare(tap *tapped) {
	conn, err := w.handshake(tap)
	if err == nil {
		select {
		case w.ready <- conn:
			return
		case <-w.closed:
		}
	}
	_ = tap.Close()
}

func (w *Wire) handshake(tap *tapped) (net.Conn, error) {
	if w.secure == nil {
		return tap, nil
	}
	config := w.secure.Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		w.Log.note(nameNote(hello.ServerName))
		return nil, nil //nolint:nilnil // as crypto/tls wants it: no other config
	}
	conn := tls.Server(tap, config)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := conn.HandshakeContext(ctx)
	// The error does not say who has refused: the refusal of OpenSSL 3.0 is a plain alert,
	// which looks like a damaged record. What counts is that the certificate was sent.
	if err != nil && tap.sent.handshake && !errors.Is(err, context.DeadlineExceeded) {
		w.breakOff("The client broke off the handshake")
	}
	return conn, err
}

func (w *Wire) breakOff(how string) {
	w.Log.note(how + ": it does not trust the certificate. It has sent no request.")
	w.broken()
}

// watch notices a client that leaves after the handshake without a request. With OpenSSL, curl
// looks at the certificate only then (seen with 8.22).
func (w *Wire) watch(conn net.Conn, state http.ConnState) {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return
	}
	tap := secure.NetConn().(*tapped) //nolint:forcetypeassert // handshake made it so
	switch {
	case state == http.StateActive:
		tap.asked = true
	case state == http.StateClosed && !tap.asked && !tap.ended:
		w.breakOff("The client left after the handshake")
	}
}

// nameNote says what a client has asked for. It sends a name, and never an IP address (RFC 6066,
// section 3).
func nameNote(host string) string {
	if host == "" {
		return "The client asks for no host name: it uses an IP address."
	}
	return "The client asks for the host name " + printable([]byte(host)) + ". TLS does not hide it."
}

// conns gives the server the connections that are ready.
type conns struct{ w *Wire }

func (c conns) Accept() (net.Conn, error) {
	select {
	case conn := <-c.w.ready:
		return conn, nil
	case <-c.w.closed:
		return nil, net.ErrClosed
	}
}

func (c conns) Close() error   { return c.w.listener.Close() }
func (c conns) Addr() net.Addr { return c.w.listener.Addr() }
