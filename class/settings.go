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

// catchUp brings a restaurant that was just opened to what is set.
func (s *tableSettings) catchUp(t *table) {
	s.restorePace(t)
	s.moveClock(t)
}

func (s *tableSettings) restorePace(t *table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := t.opened(); in != nil {
		t.class.mu.Lock()
		pace := t.class.pace.Over(s.pace)
		t.class.mu.Unlock()
		in.restaurant.SetPace(pace)
	}
}

// moveClock brings the clock of a restaurant to what is set, if it is open. It reports false if the
// clock cannot go as far.
func (s *tableSettings) moveClock(t *table) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := t.opened()
	if in == nil {
		return true
	}
	t.class.mu.Lock()
	ahead := t.class.ahead + s.ahead
	t.class.mu.Unlock()
	if in.ahead == ahead {
		return true
	}
	if !in.restaurant.AdvanceClock(ahead - in.ahead) {
		return false
	}
	in.ahead = ahead
	return true
}

// setPace applies what the teacher has just set, and nothing of before: since then a chef may have
// chosen otherwise. What is set for this table alone goes before what is set for all.
func (s *tableSettings) setPace(t *table, set Pace, alone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if alone {
		s.pace = s.pace.Over(set)
	} else {
		set = set.without(s.pace)
	}
	if in := t.opened(); in != nil {
		in.restaurant.SetPace(set)
	}
}

func (s *tableSettings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.pace, s.own = 0, Pace{}, 0
}
