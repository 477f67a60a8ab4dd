package models

import (
	"slices"
	"testing"
	"time"
)

// seedState is two dishes, alice and marco.
func seedState() SeedState {
	day := SeedState{Dishes: []MenuItem{margherita(), margherita()}, Users: []User{testUsers["alice"], testUsers["marco"]}}
	day.Dishes[1].Name = "Marinara"
	for i := range day.Users {
		day.Users[i].PasswordHash = unusableHash
	}
	return day
}

// newSeededStore opens a store with seedState.
func newSeededStore(t testing.TB) (s *Store, alice, marco User) {
	t.Helper()
	s = openStore(t)
	day := seedState()
	noError(t, s.SeedMenu(t.Context(), "menu", slices.Clone(day.Dishes)))
	noError(t, s.SeedUsers(t.Context(), "users", slices.Clone(day.Users)))
	alice, err := s.UserByUsername(t.Context(), "alice")
	noError(t, err)
	marco, err = s.UserByUsername(t.Context(), "marco")
	noError(t, err)
	return s, alice, marco
}

func TestResetTo(t *testing.T) {
	s, alice, marco := newSeededStore(t)
	ctx := t.Context()
	bob := newUser(t, s, "bob") // registered later
	newSession(t, s, alice, "of alice")
	newSession(t, s, bob, "of bob")
	newSession(t, s, marco, "ended before")
	noError(t, s.EndSession(ctx, marco.ID, "ended before", EndLogout))
	place := NewOrder{UserID: bob.ID, Lines: []NewLine{{MenuItemID: 1, Size: SizeLarge, Quantity: 1}}, IdempotencyKey: "k", RequestHash: "h"}
	first, _, err := s.PlaceOrder(ctx, place)
	noError(t, err)
	_, err = s.UpdateUser(ctx, alice.ID, UserChanges{Role: new(RoleChef), VIP: new(true), Name: new("Al")})
	noError(t, err)
	newSession(t, s, alice, "of alice the chef")
	noError(t, s.DeleteMenuItem(ctx, 2))
	changed := margherita()
	changed.ID, changed.Name = 1, "Marguerite"
	noError(t, s.ReplaceMenuItem(ctx, &changed))
	added := newDish(t, s)

	since, err := s.ChangesSince(ctx, seedState())
	noError(t, err)
	if want := (Changes{Orders: 1, Users: 1, Sessions: 2, Dishes: 3}); since != want {
		t.Errorf("since the first day: %+v, want %+v", since, want)
	}

	ended := watchEnded(s)
	noError(t, s.ResetTo(ctx, seedState()))
	var ids []string
	for _, e := range ended.take() {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	if want := []string{"of alice the chef", "of bob"}; !slices.Equal(ids, want) {
		t.Errorf("ended are %v, want %v", ids, want)
	}
	denied := 0
	noError(t, s.ListRevoked(ctx, func(RevokedSession) { denied++ }))
	if denied != 4 { // alice's first ended when her role changed
		t.Errorf("after a restart the denylist has %d entries", denied)
	}
	since, err = s.ChangesSince(ctx, seedState())
	noError(t, err)
	if since != (Changes{}) {
		t.Errorf("left over is %+v", since)
	}
	if _, err := s.UserByUsername(ctx, "bob"); err != ErrNotFound {
		t.Errorf("bob is still there: %v", err)
	}
	again, err := s.UserByUsername(ctx, "alice")
	noError(t, err)
	if again.ID != alice.ID || again.Role != RoleGuest || again.VIP || again.Name != "Alice" || again.CreatedAt != alice.CreatedAt {
		t.Errorf("alice is %+v", again)
	}
	dish, err := storedDish(t, s, 1)
	noError(t, err)
	if dish.Name != "Margherita" || dish.Version <= changed.Version {
		t.Errorf("dish 1 is %+v", dish)
	}
	if dish, err := storedDish(t, s, 2); err != nil || dish.Name != "Marinara" {
		t.Errorf("dish 2 is %+v, %v", dish, err)
	}
	place.UserID = alice.ID
	next, replayed, err := s.PlaceOrder(ctx, place)
	noError(t, err)
	if next.ID != first.ID || replayed {
		t.Errorf("the next order is number %d, replayed: %t", next.ID, replayed)
	}
	if newest := newDish(t, s); newest.ID <= added.ID {
		t.Errorf("a new dish gets the id %d", newest.ID)
	}
}

// The access token of a deleted user may still be valid.
func TestResetTo_deletedUsersCannotOrder(t *testing.T) {
	s, _, _ := newSeededStore(t)
	bob := newUser(t, s, "bob")
	noError(t, s.ResetTo(t.Context(), seedState()))
	_, _, err := s.PlaceOrder(t.Context(), NewOrder{UserID: bob.ID, Lines: []NewLine{{MenuItemID: 1, Size: SizeLarge, Quantity: 1}}})
	if err == nil {
		t.Error("a deleted user has ordered")
	}
	if again := newUser(t, s, "bob"); again.ID == bob.ID {
		t.Error("a new user has the id of a deleted one")
	}
}

// Each concurrent order is either deleted or one of the new state, and nothing
// hangs.
func TestResetTo_whileOthersOrder(t *testing.T) {
	s, alice, _ := newSeededStore(t)
	stop := time.Now().Add(300 * time.Millisecond)
	done := make(chan error)
	go func() {
		var err error
		for time.Now().Before(stop) && err == nil {
			_, _, err = s.PlaceOrder(t.Context(), NewOrder{UserID: alice.ID, Lines: []NewLine{{MenuItemID: 1, Size: SizeLarge, Quantity: 1}}})
			if line, ok := err.(*LineError); ok && line.Field == "menu_item_id" { // between two menus
				err = nil
			}
		}
		done <- err
	}()
	for range 5 {
		noError(t, s.ResetTo(t.Context(), seedState()))
	}
	noError(t, <-done)
	noError(t, s.ResetTo(t.Context(), seedState()))
	if since, err := s.ChangesSince(t.Context(), seedState()); err != nil || since != (Changes{}) {
		t.Errorf("left over is %+v, %v", since, err)
	}
}
