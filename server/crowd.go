package server

import (
	"net"
	"net/http"
	"runtime"
	"sync"
)

// crowdStep is how many more open connections than before are a reason to collect garbage. A
// handshake of TLS leaves 65 KB, so that is 8 MB.
const crowdStep = 128

// crowd collects garbage as the number of open connections grows. A new connection takes memory
// to stay, and the runtime would let the garbage grow with it.
type crowd struct {
	mu         sync.Mutex
	open, mark int // mark is the fewest that were open since the last collection
}

// watch is an http.Server's ConnState.
func (c *crowd) watch(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.grow(1) {
			go runtime.GC()
		}
	case http.StateClosed, http.StateHijacked:
		c.grow(-1)
	}
}

// grow reports whether there are crowdStep more than at the mark.
func (c *crowd) grow(by int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += by
	if c.open >= c.mark+crowdStep {
		c.mark = c.open
		return true
	}
	c.mark = min(c.mark, c.open)
	return false
}
