package models

import (
	"context"
	"regexp"
	"strings"
	"time"
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

// AddUser hashes the password, see HashPassword, and writes the user. The error is a
// ValidationError, or ErrUsernameTaken if another user has the name.
func (s *Store) AddUser(ctx context.Context, n NewUser) (User, error) {
	if err := n.Validate(); err != nil {
		return User{}, err
	}
	username, _ := Username(n.Username)
	u := User{
		Username: username, Name: n.Name, PasswordHash: HashPassword(n.Password), Role: n.Role, VIP: n.VIP, BirthDate: n.BirthDate,
	}
	return u, s.createUser(ctx, &u)
}

// Validate returns a ValidationError if AddUser would, before anything costly is done.
func (n NewUser) Validate() error {
	if invalid := n.faults(); len(invalid) > 0 {
		return invalid
	}
	return nil
}

func (n NewUser) faults() (invalid ValidationError) {
	require := func(ok bool, field, message string) {
		if !ok {
			invalid = append(invalid, FieldError{field, message})
		}
	}
	username, isUsername := Username(n.Username)
	require(isUsername, "username", "must have 3 to 32 characters: a-z, 0-9, dot, underscore and hyphen")
	fault := PasswordFault(n.Password, username)
	require(fault == "", "password", fault)
	require(IsName(n.Name), "name", NameRule)
	require(n.Role.Valid(), "role", RoleRule)
	require(n.BirthDate == nil || isBirthDate(*n.BirthDate), "birth_date", "must be a day in the past, as YYYY-MM-DD")
	return invalid
}

var usernameForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// Username returns a username as the database holds it: in lower case and without
// surrounding white space. What cannot be one is empty. The form is checked first, because
// letters that are not ASCII become ASCII in lower case, such as the Kelvin sign.
func Username(s string) (username string, ok bool) {
	if s = strings.TrimSpace(s); len(s) < 3 || len(s) > 32 || !usernameForm.MatchString(s) {
		return "", false
	}
	return strings.ToLower(s), true
}

// NameRule and RoleRule say what IsName and Role.Valid accept.
const (
	NameRule = "must have 1 to 64 bytes (quotation marks and backslashes count twice), " + TextRule
	RoleRule = "must be guest, chef or manager"
)

// IsName reports whether s is a valid display name. Its length counts in bytes,
// because an access token, which holds it, must stay under 900 of them.
func IsName(s string) bool {
	encoded := len(s) + strings.Count(s, `"`) + strings.Count(s, `\`) // as JSON
	return encoded <= 64 && IsText(s, 64)
}

func isBirthDate(s string) bool {
	born, err := time.Parse(time.DateOnly, s)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	return err == nil && born.Year() >= 1900 && born.Before(today)
}
