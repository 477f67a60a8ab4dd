package models

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestUser_ageOver18(t *testing.T) {
	for _, tc := range []struct {
		name, born, day string
		want            bool
	}{
		{"a child on the day before the birthday is too young", "2008-03-15", "2026-03-14T23:59:59Z", false},
		{"on the birthday itself the guest is of age", "2008-03-15", "2026-03-15T00:00:00Z", true},
		{"and stays so", "2008-03-15", "2026-03-16T00:00:00Z", true},
		{"born on 29 February, too young on 28 February", "2008-02-29", "2026-02-28T23:59:59Z", false},
		{"born on 29 February, of age on 1 March", "2008-02-29", "2026-03-01T00:00:00Z", true},
		{"born on 1 March, too young on 29 February of a leap year", "2006-03-01", "2024-02-29T12:00:00Z", false},
		{"the day is counted in UTC: still yesterday there", "2008-03-15", "2026-03-15T01:00:00+02:00", false},
		{"the day is counted in UTC: tomorrow already there", "2008-03-15", "2026-03-14T22:00:00-04:00", true},
		{"a birth date that cannot be read counts as too young", "once upon a time", "2026-03-15T00:00:00Z", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tc.day)
			noError(t, err)
			if got := (User{BirthDate: &tc.born}).AgeOver18(now); got != tc.want {
				t.Errorf("AgeOver18 = %v, want %v", got, tc.want)
			}
		})
	}
	t.Run("an unknown birth date counts as too young", func(t *testing.T) {
		if testUsers["bob"].AgeOver18(time.Now()) {
			t.Error("bob is of age")
		}
	})
}

func TestUserByUsername(t *testing.T) {
	s := openStore(t)
	want := newUser(t, s, "vera")
	newUser(t, s, "alice")
	got, err := s.UserByUsername(t.Context(), "vera")
	noError(t, err)
	if got.ID != want.ID || got.Name != "Vera" || got.Role != RoleGuest || !got.VIP || *got.BirthDate != "1976-11-02" ||
		got.PasswordHash != unusableHash || got.CreatedAt != want.CreatedAt {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := s.UserByUsername(t.Context(), "bob"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown user: %v, want ErrNotFound", err)
	}
}

func TestUsers_paged(t *testing.T) {
	s := openStore(t)
	var want []string
	for _, name := range []string{"marco", "alice", "bob", "vera", "carla"} {
		newUser(t, s, name)
		want = append(want, name)
	}
	var got []string
	for after := int64(0); ; {
		page, err := s.Users(t.Context(), after, 2)
		noError(t, err)
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Fatalf("a page of 2 has %d users", len(page))
		}
		for _, u := range page {
			got = append(got, u.Username)
		}
		after = page[len(page)-1].ID
	}
	wantSame(t, got, want)
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		who    string
		change UserChanges
		want   User
		err    error
	}{
		{"a guest becomes a VIP", "alice", UserChanges{VIP: new(true)}, User{Name: "Alice", Role: RoleGuest, VIP: true}, nil},
		{"a VIP becomes a plain guest", "vera", UserChanges{VIP: new(false)}, User{Name: "Vera", Role: RoleGuest}, nil},
		{"a guest becomes a chef and gets a name", "bob", UserChanges{Role: new(RoleChef), Name: new("Roberto")}, User{Name: "Roberto", Role: RoleChef}, nil},
		{"a chef becomes a manager", "carla", UserChanges{Role: new(RoleManager)}, User{Name: "Carla", Role: RoleManager}, nil},
		{"the last manager may change the name", "marco", UserChanges{Name: new("Marco P.")}, User{Name: "Marco P.", Role: RoleManager}, nil},
		{"the last manager may stay manager", "marco", UserChanges{Role: new(RoleManager)}, User{Name: "Marco", Role: RoleManager}, nil},
		{"the last manager cannot become a chef", "marco", UserChanges{Role: new(RoleChef)}, User{Name: "Marco", Role: RoleManager}, ErrLastManager},
		{"the last manager cannot become a VIP guest in one go", "marco", UserChanges{Role: new(RoleGuest), VIP: new(true), Name: new("Nobody")}, User{Name: "Marco", Role: RoleManager}, ErrLastManager},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openStore(t)
			users := map[string]User{}
			for name := range testUsers {
				users[name] = newUser(t, s, name)
			}
			got, err := s.UpdateUser(t.Context(), users[tc.who].ID, tc.change)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("err = %v, want %v", err, tc.err)
			}
			for name, before := range users {
				want := before
				if name == tc.who {
					want.Name, want.Role, want.VIP = tc.want.Name, tc.want.Role, tc.want.VIP
				}
				stored, err := s.UserByUsername(t.Context(), name)
				noError(t, err)
				if stored.Name != want.Name || stored.Role != want.Role || stored.VIP != want.VIP || stored.PasswordHash != want.PasswordHash {
					t.Errorf("%s is now %+v, want %+v", name, stored, want)
				}
				if name == tc.who && tc.err == nil && (got.ID != stored.ID || got.Name != stored.Name || got.Role != stored.Role || got.VIP != stored.VIP) {
					t.Errorf("the answer %+v is not what is stored, %+v", got, stored)
				}
			}
		})
	}
}

func TestUpdateUser_notFound(t *testing.T) {
	s := openStore(t)
	newUser(t, s, "marco")
	for _, ch := range []UserChanges{{VIP: new(true)}, {Role: new(RoleGuest)}} {
		if _, err := s.UpdateUser(t.Context(), 99, ch); !errors.Is(err, ErrNotFound) {
			t.Errorf("err = %v, want ErrNotFound", err)
		}
	}
}

func TestUpdateUser_refusesAnUnknownRole(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	if _, err := s.UpdateUser(t.Context(), alice.ID, UserChanges{Role: new(Role("king"))}); err == nil {
		t.Error("alice is king now")
	}
	_, err := s.UpdateUser(t.Context(), alice.ID, UserChanges{Role: new(RoleChef)})
	noError(t, err)
}

// Each of two managers may be demoted, but not both at once.
func TestUpdateUser_twoManagersDemoteEachOther(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	marco, carla := newUser(t, s, "marco"), newUser(t, s, "carla")
	for range 20 {
		exec(t, s, "UPDATE users SET role = 'manager'")
		var errs [2]error
		var both sync.WaitGroup
		for i, id := range []int64{marco.ID, carla.ID} {
			both.Go(func() { _, errs[i] = s.UpdateUser(t.Context(), id, UserChanges{Role: new(RoleGuest)}) })
		}
		both.Wait()
		if won := (errs[0] == nil) != (errs[1] == nil); !won || !errors.Is(errors.Join(errs[:]...), ErrLastManager) {
			t.Fatalf("errors %v, want one nil and one ErrLastManager", errs)
		}
		if got := queryInt(t, s, "SELECT count(*) FROM users WHERE role = 'manager'"); got != 1 {
			t.Fatalf("%d managers left, want 1", got)
		}
	}
}

func TestAddUser_createdAtIsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		time.Sleep(90 * time.Minute)
		u, err := s.AddUser(t.Context(), aliceInput())
		noError(t, err)
		if got := u.CreatedAt.Time().Format(time.RFC3339); got != "2000-01-01T01:30:00Z" {
			t.Errorf("created at %s", got)
		}
	})
}

func TestRole_valid(t *testing.T) {
	for role, want := range map[Role]bool{
		RoleGuest: true, RoleChef: true, RoleManager: true,
		"": false, "Guest": false, "admin": false, "guest ": false,
	} {
		if got := role.Valid(); got != want {
			t.Errorf("%q: %v, want %v", role, got, want)
		}
	}
}
