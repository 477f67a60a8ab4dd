// Package server is the front of the house: it opens the doors, gives everybody
// the same time to say what they want, and lets those who are still eating finish
// when the house closes. What is cooked inside it does not know.
//
// In plain words: an http.Server with limits for slow clients, TLS, a buffered
// log and an orderly shutdown, for any handler.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits for slow clients. A handler that streams lifts ReadTimeout for itself. A response has
// no limit for all of it: see maxStall.
const (
	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 15 * time.Second
	IdleTimeout       = 60 * time.Second
	// maxHeader is where net/http cuts a request off without a problem document. The
	// handlers' own limit is lower, so that they can explain it.
	maxHeader = 1 << 20
	// shutdownTimeout is how long running requests may take to finish at shutdown.
	shutdownTimeout = 4 * time.Second
)

// Options are where and how a server listens.
type Options struct {
	// Addr is host:port, as Bind takes it.
	Addr string
	// TLS is the certificate to serve HTTPS with; nil serves plain HTTP.
	TLS *Certificates
	Log *slog.Logger
}

// Server listens on one port.
type Server struct {
	http      *http.Server
	listeners []net.Listener
	guard     *guard
	log       *slog.Logger
}

// Listen binds the address. Clients can connect from then on, and wait for Serve.
func Listen(ctx context.Context, o Options) (*Server, error) {
	listeners, err := Bind(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	return New(o, listeners...), nil
}

// Addr is the host:port that the server listens on, the first one if there are two.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// New returns a server for the listeners. It answers nothing until Serve.
func New(o Options, listeners ...net.Listener) *Server {
	hs := &http.Server{
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ConnContext:       rememberConn,
		ConnState:         new(crowd).watch,
		// OPTIONS * goes to the handler, like any other request.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	if o.TLS != nil {
		hs.TLSConfig = o.TLS.config()
	}
	guarded := make([]net.Listener, len(listeners))
	g := &guard{log: o.Log, stalled: map[string][]*stall{}}
	for i, l := range listeners {
		guarded[i] = listener{l, g}
	}
	return &Server{hs, guarded, g, o.Log}
}

// Serve answers requests until Shutdown or Close, or until a listener fails.
func (s *Server) Serve(handler http.Handler) error {
	s.http.Handler = s.guard.responses(handler)
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	ended := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { ended <- serve(l) }()
	}
	for range s.listeners {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the server stopped: %w", err)
		}
	}
	return nil
}

// Shutdown stops accepting connections and waits for running requests, at most for
// shutdownTimeout.
func (s *Server) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("some requests were cut off at shutdown", "err", err)
		return s.http.Close()
	}
	return nil
}

// Close closes all connections and listeners at once. After Shutdown it does nothing.
func (s *Server) Close() {
	_ = s.http.Close()
	for _, l := range s.listeners {
		_ = l.Close() // of a server that never served
	}
}

// CloseConnsWhile adds Connection: close to each answer while draining reports true,
// so that a proxy reconnects to another server. Closing idle connections ourselves
// could race with a request that is on its way.
func CloseConnsWhile(draining func() bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
