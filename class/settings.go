package class

import (
	"sync"
	"time"
)

// tableSettings are what the teacher has set for one table, beside what is set for all, and its own
// clock. The program forgets all of it when it ends.
type tableSettings struct {
	mu    sync.Mutex
	ahead time.Duration
	pace  Pace
	own   time.Duration // how far the learner had moved the clock when the restaurant was closed
}

// keepClock notes how far the learner has moved the clock of a restaurant that is to be closed.
// Otherwise its tokens would come from the future when it is open again.
func (s *tableSettings) keepClock(in *inside) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = in.restaurant.ClockAhead() - in.ahead
}

// restoreClock moves the clock of a restaurant that was just opened to where the learner had it.
func (s *tableSettings) restoreClock(in *inside) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.broken == nil && s.own > 0 {
		in.restaurant.AdvanceClock(s.own)
	}
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
	s.ahead, s.pace, s.own = 0, Pace{}, 0
}
