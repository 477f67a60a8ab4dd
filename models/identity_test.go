package models

import (
	"maps"
	"testing"
)

func TestAdvance_movesTheIdentityOn(t *testing.T) {
	s := openStore(t)
	before, err := s.Identity(t.Context())
	noError(t, err)
	first, err := s.Advance(t.Context())
	noError(t, err)
	alice := newUser(t, s, "alice")
	placeOrder(t, s, alice, newDish(t, s))
	second, err := s.Advance(t.Context())
	noError(t, err)
	if before.ID != "" || first.ID == "" || second.ID != first.ID || second.Generation != first.Generation+1 || first.Generation != before.Generation+1 {
		t.Errorf("the identity was %+v, then %+v, then %+v", before, first, second)
	}
	if want := map[string]int64{"users": alice.ID, "menu_items": 1, "orders": 1}; !maps.Equal(second.LastIDs, want) {
		t.Errorf("the last ids are %v, want %v", second.LastIDs, want)
	}
}

// TestDistrust_neverGivesAnIDAgain: also for a table that is empty, and more than once.
func TestDistrust_neverGivesAnIDAgain(t *testing.T) {
	for name, fill := range map[string]bool{"an empty database": false, "a database with rows": true} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			if fill {
				placeOrder(t, s, newUser(t, s, "bob"), newDish(t, s))
			}
			known := Identity{LastIDs: map[string]int64{"users": 20, "menu_items": 30, "orders": 40}}
			for range 2 {
				noError(t, s.Distrust(t.Context(), known))
			}
			noError(t, s.Distrust(t.Context(), Identity{}))      // knows less than the database
			alice, dish := newUser(t, s, "alice"), newDish(t, s) // each takes the next id
			order := placeOrder(t, s, alice, dish)
			if alice.ID <= 20 || dish.ID <= 30 || order.ID <= 40 {
				t.Errorf("user %d, dish %d and order %d are given out again", alice.ID, dish.ID, order.ID)
			}
			if alice.ID > 30 || dish.ID > 40 || order.ID > 50 {
				t.Errorf("user %d, dish %d and order %d are far from those before", alice.ID, dish.ID, order.ID)
			}
		})
	}
}

// TestDistrust_endsSessionsAndVersions: no login session lives on, no refresh token is
// left, and no tag of a dish matches what the dish will be.
func TestDistrust_endsSessionsAndVersions(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	newSession(t, s, alice, "of alice")
	first, err := s.Advance(t.Context())
	noError(t, err)
	var ended []string
	s.OnSessionsEnded(func(list []RevokedSession) {
		for _, e := range list {
			ended = append(ended, e.ID)
		}
	})
	noError(t, s.Distrust(t.Context(), first))
	if len(ended) != 1 || ended[0] != "of alice" {
		t.Errorf("%v have ended", ended)
	}
	if n := queryInt(t, s, "SELECT count(*) FROM refresh_tokens"); n != 0 {
		t.Errorf("%d refresh tokens are left", n)
	}
	after, err := storedDish(t, s, dish.ID)
	noError(t, err)
	if after.Version <= dish.Version+1000 {
		t.Errorf("the version of the dish was %d and is %d, which it may have had before", dish.Version, after.Version)
	}
	second, err := s.Identity(t.Context())
	noError(t, err)
	if second.ID == first.ID || second.ID == "" || second.CopiedAt != nil {
		t.Errorf("the identity was %+v and is %+v", first, second)
	}
}
