package class

import (
	"sync"
	"time"
)

// tableSettings are what the teacher has set for one table, beside what is set for all. The
// program forgets both when it ends.
type tableSettings struct {
	mu    sync.Mutex
	ahead time.Duration
	pace  Pace
}

// catchUp brings the restaurant of a table to what is set, if it is open. It reports false if
// the clock cannot go as far.
func (s *tableSettings) catchUp(t *table) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := t.opened()
	if in == nil {
		return true
	}
	t.class.mu.Lock()
	ahead, pace := t.class.ahead+s.ahead, t.class.pace.over(s.pace)
	t.class.mu.Unlock()
	in.restaurant.SetPace(pace)
	if in.ahead == ahead {
		return true
	}
	if !in.restaurant.AdvanceClock(ahead - in.ahead) {
		return false
	}
	in.ahead = ahead
	return true
}

func (s *tableSettings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.pace = 0, Pace{}
}
