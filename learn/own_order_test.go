package learn

import (
	"testing"

	"restaurant/learn/course"
)

// TestOrderMatch_ofTheGuestWhoRegistered: alice has gone further with an earlier order, because
// somebody else had registered before. L18 names the order of the guest whom the learner has
// registered; L04 names the order with which the learner is furthest.
func TestOrderMatch_ofTheGuestWhoRegistered(t *testing.T) {
	for id, want := range map[string]uint64{"L18": 4, "L04": 1} {
		of, _ := course.Load().Lesson(id)
		l := lesson{Lesson: of, progress: progress{Trails: []course.PartialMatch{
			{Steps: 4, Order: 1, Guest: 1}, {Steps: 3, Order: 3, Guest: 8}, {Steps: 3, Order: 4, Guest: 8}, {Steps: 3, Order: 5, Guest: 2},
		}}}
		if got := l.orderMatch(); got.Order != want {
			t.Errorf("%s names order %d, and not %d", id, got.Order, want)
		}
	}
}
