package tokens

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestTheBookIsBelievedWithinReason lets the book be ahead of the clock by a
// little, and by so much that the clock must have been wrong before.
func TestTheBookIsBelievedWithinReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for lead, believed := range map[time.Duration]bool{
			-time.Hour: true, 0: true, time.Hour: true, 24 * time.Hour: true, 25 * time.Hour: false, 4 * 365 * 24 * time.Hour: false,
		} {
			ks := &Keys{}
			used := time.Now().Add(lead)
			if got := ks.databaseTime(used); got.Equal(used) != believed {
				t.Errorf("%v ahead is taken for %v", lead, got)
			}
			if got := ks.DatabaseClockLead(); got != max(0, lead) {
				t.Errorf("%v ahead is said to be %v", lead, got)
			}
		}
	})
}
