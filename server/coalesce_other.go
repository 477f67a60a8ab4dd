//go:build !linux

package server

import (
	"net"
	"net/http"
)

// coalescingListener changes nothing where there is no MSG_MORE.
type coalescingListener struct{ net.Listener }

func flushWhenIdle(net.Conn, http.ConnState) {}
