package app

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestNothingAcknowledgedIsLost kills the program while guests order, twenty
// times over one folder, and then counts.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	killAgainAndAgain(t, dir, 20)
	wantIntact(t, dir)
}

func killAgainAndAgain(t *testing.T, dir string, kills int) {
	t.Helper()
	t.Setenv("KITCHEN_PACE", "20ms")
	t.Setenv("LOG_LEVEL", "error")
	t.Setenv("PUBLIC_URL", "http://localhost:8080") // or wristbands would hold at one address only
	guests := newRegulars(t)
	for range kills {
		house := start(t, dir)
		guests.come(house)
		wait := guests.order(house, func(a answer) bool {
			if a.status != 0 {
				t.Errorf("refused with %d %s", a.status, a.text)
			}
			return true
		})
		guests.await(1 + rand.IntN(100))
		time.Sleep(rand.N(5 * time.Millisecond)) // acknowledgements follow commits; this hits what comes between
		house.kill()
		wait()
	}

	t.Setenv("KITCHEN_PACE", "1ms")
	house := start(t, dir)
	guests.come(house)
	guests.settle(house)
	guests.wantEachOnce(house)
	guests.wantAllServed(house)
	t.Logf("%d orders over %d kills", len(guests.receipts), kills)
}
