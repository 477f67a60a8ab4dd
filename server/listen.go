package server

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// maxFreePorts is how many free ports of 127.0.0.1 are tried for one that is free on
// [::1], too.
const maxFreePorts = 20

// Bind listens on addr, host:port; port 0 takes a free one. The host localhost is both
// loopback addresses, 127.0.0.1 and, where the machine has it, [::1]: clients try either
// first, and one that is not held here may belong to another program. The error says what
// is in the way, for the operator.
func Bind(ctx context.Context, addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host != "localhost" {
		l, err := bind(ctx, addr)
		return []net.Listener{l}, err
	}
	for try := 1; ; try++ {
		both, err := bindLoopback(ctx, port)
		if err == nil || port != "0" || try == maxFreePorts {
			return both, err
		}
	}
}

func bindLoopback(ctx context.Context, port string) ([]net.Listener, error) {
	four, err := bind(ctx, net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	_, port, _ = net.SplitHostPort(four.Addr().String())
	six, err := bind(ctx, net.JoinHostPort("::1", port))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case !hasIPv6Loopback(ctx):
		return []net.Listener{four}, nil
	}
	return nil, errors.Join(fmt.Errorf("%w (localhost is both loopback addresses)", err), four.Close())
}

// hasIPv6Loopback asks by listening, because each system says it differently that it has
// no such address.
func hasIPv6Loopback(ctx context.Context) bool {
	l, err := bind(ctx, "[::1]:0")
	return err == nil && l.Close() == nil
}

func bind(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, errors.Unwrap(err))
	}
	return l, nil
}
