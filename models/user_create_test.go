package models

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// aliceInput is a valid user; tests change one field.
func aliceInput() NewUser {
	return NewUser{Username: "alice", Password: "alice-likes-pizza", Name: "Alice", Role: RoleGuest, BirthDate: new("1994-05-21")}
}

func wantSame[T comparable](t testing.TB, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	n := aliceInput()
	n.Username = "ALICE"
	u, err := s.AddUser(t.Context(), n)
	noError(t, err)
	stored, err := s.UserByUsername(t.Context(), "alice")
	noError(t, err)
	if u.ID < 1 || u.ID != stored.ID || stored.Username != "alice" || stored.Name != "Alice" || stored.Role != RoleGuest || stored.VIP || *stored.BirthDate != "1994-05-21" {
		t.Errorf("stored %+v, answered %+v", stored, u)
	}
	if ok, err := PasswordMatches(n.Password, stored.PasswordHash); !ok || err != nil {
		t.Errorf("the password does not match: %v", err)
	}

	n.Username, n.Name = "aLiCe", "Another Alice"
	if u, err := s.AddUser(t.Context(), n); !errors.Is(err, ErrUsernameTaken) {
		t.Errorf("the same name in another case: %+v, %v, want ErrUsernameTaken", u, err)
	}
	if got := queryInt(t, s, "SELECT count(*) FROM users"); got != 1 {
		t.Errorf("%d users, want 1", got)
	}
	n.Username = "bob"
	_, err = s.AddUser(t.Context(), n)
	noError(t, err)
}

func TestNewUser_faults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		spoil  func(n *NewUser)
		fields []string
	}{
		{"nothing is wrong with alice", func(*NewUser) {}, nil},
		{"a username of two characters", func(n *NewUser) { n.Username = "al" }, []string{"username"}},
		{"a username of three", func(n *NewUser) { n.Username = "bob" }, nil},
		{"a username of 32", func(n *NewUser) { n.Username = strings.Repeat("a", 32) }, nil},
		{"a username of 33", func(n *NewUser) { n.Username = strings.Repeat("a", 33) }, []string{"username"}},
		{"every kind of character that a username takes", func(n *NewUser) { n.Username = "a.b_c-9" }, nil},
		{"a username with a space", func(n *NewUser) { n.Username = "ali ce" }, []string{"username"}},
		{"a username with a line break at its end", func(n *NewUser) { n.Username = "alice\n" }, nil},
		{"a username with a line break inside", func(n *NewUser) { n.Username = "al\nice" }, []string{"username"}},
		{"a username with a letter that is not ASCII", func(n *NewUser) { n.Username = "alicé" }, []string{"username"}},
		{"no username", func(n *NewUser) { n.Username = "" }, []string{"username"}},
		{"a name of 64 bytes", func(n *NewUser) { n.Name = strings.Repeat("é", 32) }, nil},
		{"a name of 65 bytes", func(n *NewUser) { n.Name = strings.Repeat("é", 32) + "!" }, []string{"name"}},
		{"no name", func(n *NewUser) { n.Name = "" }, []string{"name"}},
		{"a name of spaces", func(n *NewUser) { n.Name = " \u00a0\u2003" }, []string{"name"}},
		{"a name with a control character", func(n *NewUser) { n.Name = "Alice\x1b[31m" }, []string{"name"}},
		{"a name that is no UTF-8", func(n *NewUser) { n.Name = "Al\xffice" }, []string{"name"}},
		{"a name in any script", func(n *NewUser) { n.Name = "爱丽丝 <3" }, nil},
		{"no role", func(n *NewUser) { n.Role = "" }, []string{"role"}},
		{"an unknown role", func(n *NewUser) { n.Role = "owner" }, []string{"role"}},
		{"a manager", func(n *NewUser) { n.Role = RoleManager }, nil},
		{"no birth date", func(n *NewUser) { n.BirthDate = nil }, nil},
		{"an empty birth date", func(n *NewUser) { n.BirthDate = new("") }, []string{"birth_date"}},
		{"a birth date in another form", func(n *NewUser) { n.BirthDate = new("21.05.1994") }, []string{"birth_date"}},
		{"a birth date without zeros", func(n *NewUser) { n.BirthDate = new("1994-5-21") }, []string{"birth_date"}},
		{"a day that does not exist", func(n *NewUser) { n.BirthDate = new("1995-02-29") }, []string{"birth_date"}},
		{"a day that exists every four years", func(n *NewUser) { n.BirthDate = new("1996-02-29") }, nil},
		{"a birth date before 1900", func(n *NewUser) { n.BirthDate = new("1899-12-31") }, []string{"birth_date"}},
		{"a birth date in 1900", func(n *NewUser) { n.BirthDate = new("1900-01-01") }, nil},
		{"a birth date tomorrow", func(n *NewUser) { n.BirthDate = new("2000-01-02") }, []string{"birth_date"}},
		{"a birth date yesterday", func(n *NewUser) { n.BirthDate = new("1999-12-31") }, nil},
		{"a password of the username", func(n *NewUser) { n.Username, n.Password = "margherita", "Margherita" }, []string{"password"}},
		{"everything wrong at once", func(n *NewUser) { *n = NewUser{BirthDate: new("x")} }, []string{"username", "password", "name", "role", "birth_date"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // today is 1 January 2000
				time.Sleep(12 * time.Hour)
				n := aliceInput()
				tc.spoil(&n)
				var fields []string
				for _, f := range n.faults() {
					fields = append(fields, f.Field)
					if f.Message == "" {
						t.Errorf("%s: no message", f.Field)
					}
				}
				wantSame(t, fields, tc.fields)
			})
		})
	}
}

func TestAddUser_invalidWritesNothing(t *testing.T) {
	s := openStore(t)
	n := aliceInput()
	n.Username, n.Password = "<script>", "secret1"
	_, err := s.AddUser(t.Context(), n)
	invalid, ok := errors.AsType[ValidationError](err)
	if !ok || len(invalid) != 2 {
		t.Fatalf("err = %v, want two faults", err)
	}
	if text := err.Error(); strings.Contains(text, n.Username) || strings.Contains(text, n.Password) {
		t.Errorf("%q repeats what was sent", text)
	}
	if got := queryInt(t, s, "SELECT count(*) FROM users"); got != 0 {
		t.Errorf("%d users, want none", got)
	}
}

func TestNewUser_bornTodayIsInvalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(12 * time.Hour)
		if isBirthDate("2000-01-01") {
			t.Error("born today, and taken")
		}
	})
}
