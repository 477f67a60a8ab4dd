package server

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Listen binds the address. Clients can connect from then on, and wait for Serve.
func Listen(ctx context.Context, o Options) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", o.Addr, errors.Unwrap(err))
	}
	return New(l, o), nil
}

// Addr is the host:port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }
