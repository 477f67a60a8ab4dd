package models

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NewUser is an account to create.
type NewUser struct {
	Username  string
	Password  string
	Name      string
	Role      Role
	VIP       bool
	BirthDate *string
}

// FieldError says what a field accepts, without repeating the value.
type FieldError struct{ Field, Message string }

// ValidationError lists the fields that are not valid.
type ValidationError []FieldError

func (invalid ValidationError) Error() string {
	var texts []string
	for _, f := range invalid {
		texts = append(texts, f.Field+" "+f.Message)
	}
	return strings.Join(texts, "; ")
}

// AddUser hashes the password and writes the user. The error is a ValidationError,
// or ErrUsernameTaken if another user has the name.
func (s *Store) AddUser(ctx context.Context, h *Hasher, n NewUser) (User, error) {
	n.Username = strings.ToLower(n.Username) // case makes no difference
	if invalid := n.validate(); len(invalid) > 0 {
		return User{}, invalid
	}
	hash, err := h.Hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	u := User{Username: n.Username, Name: n.Name, PasswordHash: hash, Role: n.Role, VIP: n.VIP, BirthDate: n.BirthDate}
	return u, s.createUser(ctx, &u)
}

func (n NewUser) validate() (invalid ValidationError) {
	require := func(ok bool, field, message string) {
		if !ok {
			invalid = append(invalid, FieldError{field, message})
		}
	}
	require(IsUsername(n.Username), "username", "must have 3 to 32 of the characters a-z, 0-9, dot, underscore and hyphen")
	fault := PasswordFault(n.Password, n.Username)
	require(fault == "", "password", fault)
	require(IsName(n.Name), "name", NameRule)
	require(n.Role.Valid(), "role", RoleRule)
	require(n.BirthDate == nil || isBirthDate(*n.BirthDate), "birth_date", "must be a day in the past, as YYYY-MM-DD")
	return invalid
}

var usernameForm = regexp.MustCompile(`^[a-z0-9._-]{3,32}$`)

// IsUsername reports whether s, in lower case, is a valid username.
func IsUsername(s string) bool { return usernameForm.MatchString(s) }

// NameRule and RoleRule say what IsName and Role.Valid accept.
const (
	NameRule = "must have 1 to 64 bytes (quotation marks and backslashes count twice), at least one visible character and no control characters"
	RoleRule = "must be guest, chef or manager"
)

// IsName reports whether s is a valid display name. Its length counts in bytes,
// because an access token, which holds it, must stay under 900 of them.
func IsName(s string) bool {
	encoded := len(s) + strings.Count(s, `"`) + strings.Count(s, `\`) // as JSON
	return encoded <= 64 && utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

func isBirthDate(s string) bool {
	born, err := time.Parse(time.DateOnly, s)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return err == nil && born.Year() >= 1900 && born.Before(today)
}
