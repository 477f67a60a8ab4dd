package models

import (
	"errors"
	"testing"
)

func isSeeded(t testing.TB, s *Store, name string) bool {
	t.Helper()
	yes, err := s.Seeded(t.Context(), name)
	noError(t, err)
	return yes
}

func TestSeedMenu_once(t *testing.T) {
	s := openStore(t)
	seedMenu := func(name string) {
		t.Helper()
		marinara := margherita()
		marinara.Name = "Marinara"
		noError(t, s.SeedMenu(t.Context(), name, []MenuItem{margherita(), marinara}))
	}
	if isSeeded(t, s, "menu") {
		t.Error("the menu is said to be seeded before it was")
	}
	seedMenu("menu")
	if !isSeeded(t, s, "menu") || isSeeded(t, s, "wine") {
		t.Error("not exactly the menu is seeded")
	}
	menu := s.Menu().Items
	if len(menu) != 2 || menu[0].Name != "Margherita" || menu[0].Version != 1 || menu[1].Name != "Marinara" {
		t.Fatalf("the menu is %+v", menu)
	}

	first := menu[0]
	first.Description = "With buffalo mozzarella since Tuesday."
	noError(t, s.ReplaceMenuItem(t.Context(), &first))
	noError(t, s.DeleteMenuItem(t.Context(), menu[1].ID))
	seedMenu("menu")
	menu = s.Menu().Items
	if len(menu) != 1 || menu[0].Description != "With buffalo mozzarella since Tuesday." {
		t.Errorf("the second run made it %+v", menu)
	}

	seedMenu("menu of the summer") // the control: another run adds its dishes
	if got := queryInt(t, s, "SELECT count(*) FROM menu_items"); got != 3 {
		t.Errorf("%d dishes, want 3", got)
	}
}

func TestSeedUsers_onceAndWithoutReplacing(t *testing.T) {
	s := openStore(t)
	own := testUsers["alice"]
	own.Name, own.PasswordHash = "Alice, who came first", unusableHash
	noError(t, s.createUser(t.Context(), &own))
	seedMenu := func() {
		t.Helper()
		a, b := testUsers["alice"], testUsers["bob"]
		a.PasswordHash, b.PasswordHash = "other", "other"
		noError(t, s.SeedUsers(t.Context(), "users", []User{a, b}))
	}
	seedMenu()
	got, err := s.UserByUsername(t.Context(), "alice")
	noError(t, err)
	if got.ID != own.ID || got.Name != own.Name || got.PasswordHash != unusableHash {
		t.Errorf("alice is now %+v", got)
	}
	bob, err := s.UserByUsername(t.Context(), "bob")
	noError(t, err)
	if bob.CreatedAt == 0 {
		t.Error("bob has no created_at")
	}

	exec(t, s, "DELETE FROM users WHERE id = ?", bob.ID)
	seedMenu()
	if _, err := s.UserByUsername(t.Context(), "bob"); !errors.Is(err, ErrNotFound) {
		t.Errorf("bob came back: %v", err)
	}
}

// A seed run that fails leaves nothing, so the next start repeats it.
func TestSeedUsers_failureLeavesNothing(t *testing.T) {
	s := openStore(t)
	a, b := testUsers["alice"], testUsers["bob"]
	b.Role = "unknown"
	if err := s.SeedUsers(t.Context(), "users", []User{a, b}); err == nil {
		t.Fatal("an unknown role was accepted")
	}
	if isSeeded(t, s, "users") || queryInt(t, s, "SELECT count(*) FROM users") != 0 {
		t.Error("half a seed run was kept")
	}
	b.Role = RoleGuest
	noError(t, s.SeedUsers(t.Context(), "users", []User{a, b}))
	if !isSeeded(t, s, "users") || queryInt(t, s, "SELECT count(*) FROM users") != 2 {
		t.Error("the second try added nothing")
	}
}
