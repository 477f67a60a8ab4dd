package server

import (
	"net/http"
	"testing"
)

// TestCrowd_collectsAsItGrows: once for each crowdStep that are more, and never because
// connections come and go.
func TestCrowd_collectsAsItGrows(t *testing.T) {
	c := new(crowd)
	collections := func(connections, by int) (n int) {
		for range connections {
			if c.grow(by) {
				n++
			}
		}
		return n
	}
	for _, step := range []struct{ connections, by, want int }{
		{crowdStep - 1, 1, 0}, {1, 1, 1}, {2 * crowdStep, 1, 2}, // a crowd comes
		{crowdStep, -1, 0}, {crowdStep - 1, 1, 0}, // some of it leave, and others come
		{3*crowdStep - 1, -1, 0}, {crowdStep - 1, 1, 0}, {1, 1, 1}, // all leave, and the next crowd comes
	} {
		if got := collections(step.connections, step.by); got != step.want {
			t.Errorf("%d times %+d: %d collections, want %d", step.connections, step.by, got, step.want)
		}
	}
	for range 1000 {
		c.watch(nil, http.StateNew)
		c.watch(nil, http.StateActive)
		c.watch(nil, http.StateClosed)
	}
	if c.open != crowdStep {
		t.Errorf("%d are open, want %d", c.open, crowdStep)
	}
}
