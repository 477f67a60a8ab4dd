package tokens

import (
	"sync/atomic"
	"time"
)

// clock never goes back, or expired tokens would become valid again. When the
// computer's clock is set back, it continues by the monotonic clock; when that is set
// ahead, it follows.
type clock struct {
	started time.Time    // with Go's monotonic reading
	lead    atomic.Int64 // largest seen of the computer's clock over the monotonic one, in nanoseconds
}

// newClock starts at the computer's time, or at notBefore if that is later: what the
// database has recorded has already happened.
func newClock(notBefore time.Time) *clock {
	c := &clock{started: time.Now()}
	c.lead.Store(int64(max(0, notBefore.Sub(c.started))))
	return c
}

func (c *clock) now() time.Time {
	monotonic := c.started.Add(time.Since(c.started)).Round(0)
	wall := time.Now().Round(0)
	for {
		largest, lead := c.lead.Load(), int64(wall.Sub(monotonic))
		if lead <= largest {
			return monotonic.Add(time.Duration(largest))
		}
		if c.lead.CompareAndSwap(largest, lead) {
			return wall
		}
	}
}

// behind is how far the computer's clock is behind this one.
func (c *clock) behind() time.Duration { return c.now().Sub(time.Now().Round(0)) }

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
