package tokens

import (
	"sync/atomic"
	"time"
)

// clock never goes back. If it did, tokens that have expired would be valid
// again: when the computer's clock is set back, this one goes on by the time
// that has really passed. A jump ahead it follows.
type clock struct {
	opened time.Time    // with Go's monotonic reading
	ahead  atomic.Int64 // of opened and the time since, in nanoseconds
}

// newClock starts at the computer's time, or at the moment given if that is
// later: what stands in the order book has already happened.
func newClock(notBefore time.Time) *clock {
	c := &clock{opened: time.Now()}
	c.ahead.Store(int64(max(0, notBefore.Sub(c.opened))))
	return c
}

func (c *clock) now() time.Time {
	passed := c.opened.Add(time.Since(c.opened)).Round(0) // by the monotonic reading
	wall := time.Now().Round(0)
	for {
		ahead := c.ahead.Load()
		lead := int64(wall.Sub(passed))
		if lead <= ahead {
			return passed.Add(time.Duration(ahead))
		}
		if c.ahead.CompareAndSwap(ahead, lead) {
			return wall
		}
	}
}

// behind is how far the computer's clock has fallen behind this one.
func (c *clock) behind() time.Duration { return c.now().Sub(time.Now().Round(0)) }

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
