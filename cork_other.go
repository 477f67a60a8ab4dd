//go:build !linux

package main

import (
	"net"
	"net/http"
)

// corked is of use on Linux only; elsewhere answers leave as net/http writes them.
type corked struct{ net.Listener }

func uncork(net.Conn, http.ConnState) {}
