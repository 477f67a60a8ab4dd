package models

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// talliesOf are the failures in the places, and whether they are trusted.
func talliesOf(t testing.TB, s *Store, places ...string) (failures []int32, trusted []bool) {
	t.Helper()
	known, err := s.LoginTallies(t.Context(), places...)
	noError(t, err)
	for _, tally := range known {
		failures, trusted = append(failures, tally.Failures), append(trusted, tally.Trusted)
	}
	return failures, trusted
}

func TestCountFailedLogin_instancesCountTogether(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 3)
		concurrently(stores, func(s *Store, guest int) {
			places := []string{"alice", "an address"}
			if guest%2 == 0 {
				places = []string{"an address", "alice"} // the order must not matter
			}
			if err := s.CountFailedLogin(t.Context(), places...); err != nil {
				t.Error(err)
			}
		})
		failures, trusted := talliesOf(t, stores[0], "an address", "nobody", "alice")
		wantSame(t, failures, []int32{goroutines, 0, goroutines})
		wantSame(t, trusted, []bool{false, false, false})

		concurrently(stores, func(s *Store, _ int) {
			if err := s.CountLogin(t.Context(), "alice", "alice at home"); err != nil {
				t.Error(err)
			}
		})
		failures, trusted = talliesOf(t, stores[1], "an address", "alice", "alice at home")
		wantSame(t, failures, []int32{goroutines, 0, 0})
		wantSame(t, trusted, []bool{false, false, true})

		noError(t, stores[2].CountFailedLogin(t.Context(), "alice at home", "an address"))
		failures, trusted = talliesOf(t, stores[1], "alice at home")
		wantSame(t, failures, []int32{1})
		wantSame(t, trusted, []bool{true})
		noError(t, stores[0].CountLogin(t.Context(), "alice at home", "alice at home"))
		failures, _ = talliesOf(t, stores[1], "alice at home")
		wantSame(t, failures, []int32{0})
	})
}

// Failures count for TallyLife; a trusted address is kept for trustedFor.
func TestSweepLoginTallies(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := openStore(t)
			noError(t, s.CountLogin(t.Context(), "alice", "alice at home"))
			for range 3 {
				noError(t, s.CountFailedLogin(t.Context(), "alice", "elsewhere"))
			}
			time.Sleep(TallyLife)
			noError(t, s.SweepLoginTallies(t.Context()))
			failures, _ := talliesOf(t, s, "alice", "elsewhere")
			wantSame(t, failures, []int32{3, 3})
			time.Sleep(time.Millisecond)
			noError(t, s.CountFailedLogin(t.Context(), "alice"))
			failures, _ = talliesOf(t, s, "alice")
			wantSame(t, failures, []int32{1}) // the old ones are over
			noError(t, s.SweepLoginTallies(t.Context()))
			if got := queryInt(t, s, "SELECT count(*) FROM login_tallies"); got != 2 {
				t.Errorf("%d places are left, want the account and its home", got)
			}
			time.Sleep(trustedFor)
			noError(t, s.SweepLoginTallies(t.Context()))
			if got := queryInt(t, s, "SELECT count(*) FROM login_tallies"); got != 0 {
				t.Errorf("%d places are left after a month", got)
			}
		})
	})
}

// What is typed as a username may be a password, so the table has only hashes.
func TestLoginTallies_holdNoNames(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		noError(t, s.CountFailedLogin(t.Context(), "alice-likes-pizza", "192.0.2.1"))
		var text string
		noError(t, s.read(t.Context()).Raw("SELECT string_agg(t::text, ' ') FROM login_tallies t").Scan(&text).Error)
		if strings.Contains(text, "alice") || strings.Contains(text, "192.0.2") || text == "" {
			t.Error(text)
		}
	})
}
