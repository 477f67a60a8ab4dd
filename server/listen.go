package server

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Listen binds the address. Clients can connect from then on, and wait for Serve.
func Listen(ctx context.Context, o Options) (*Server, error) {
	l, err := bind(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	return New(l, o), nil
}

// CheckFree returns an error if nobody could listen on the address.
func CheckFree(ctx context.Context, addr string) error {
	l, err := bind(ctx, addr)
	if err != nil {
		return err
	}
	return l.Close()
}

func bind(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, errors.Unwrap(err))
	}
	return l, nil
}

// Addr is the host:port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }
