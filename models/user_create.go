package models

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NewUser is somebody who wants to be able to log in.
type NewUser struct {
	Username  string
	Password  string
	Name      string
	Role      Role
	VIP       bool
	BirthDate *string
}

// FieldError says what a field takes, without repeating what was sent.
type FieldError struct{ Field, Message string }

// ValidationError lists the fields that cannot be taken.
type ValidationError []FieldError

func (inv ValidationError) Error() string {
	var said []string
	for _, f := range inv {
		said = append(said, f.Field+" "+f.Message)
	}
	return strings.Join(said, "; ")
}

// AddUser hashes the password and writes the user. The error is Invalid if a
// field cannot be taken, and ErrUsernameTaken if another user has the name.
func (s *Store) AddUser(ctx context.Context, h *Hasher, n NewUser) (User, error) {
	n.Username = strings.ToLower(n.Username) // case makes no difference
	if faults := n.faults(); len(faults) > 0 {
		return User{}, faults
	}
	hash, err := h.Hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	u := User{Username: n.Username, Name: n.Name, PasswordHash: hash, Role: n.Role, VIP: n.VIP, BirthDate: n.BirthDate}
	return u, s.createUser(ctx, &u)
}

func (n NewUser) faults() (inv ValidationError) {
	need := func(ok bool, field, message string) {
		if !ok {
			inv = append(inv, FieldError{field, message})
		}
	}
	need(IsUsername(n.Username), "username", "must have 3 to 32 of the characters a-z, 0-9, dot, underscore and hyphen")
	password := PasswordFault(n.Password, n.Username)
	need(password == "", "password", password)
	need(IsName(n.Name), "name", NameRule)
	need(n.Role.Valid(), "role", RoleRule)
	need(n.BirthDate == nil || isBirthDate(*n.BirthDate), "birth_date", "must be a day in the past, as YYYY-MM-DD")
	return inv
}

var usernameForm = regexp.MustCompile(`^[a-z0-9._-]{3,32}$`)

// IsUsername tells whether anybody can have this username, given in lower case.
func IsUsername(s string) bool { return usernameForm.MatchString(s) }

// NameRule and RoleRule say what IsName and Role.Valid accept.
const (
	NameRule = "must have 1 to 64 bytes (quotation marks and backslashes count twice), at least one visible character and no control characters"
	RoleRule = "must be guest, chef or manager"
)

// IsName tells whether s can be printed on a wristband. Its length counts in
// bytes, because the whole token must stay under 900 of them.
func IsName(s string) bool {
	written := len(s) + strings.Count(s, `"`) + strings.Count(s, `\`) // as JSON
	return written <= 64 && utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

func isBirthDate(s string) bool {
	born, err := time.Parse(time.DateOnly, s)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return err == nil && born.Year() >= 1900 && born.Before(today)
}
