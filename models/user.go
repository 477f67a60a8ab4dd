package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Role decides which endpoints a user may call.
//
//	@Description	What a user may do.
type Role string //@name Role

// The three roles; access tokens carry them as the role claim.
const (
	RoleGuest   Role = "guest"
	RoleChef    Role = "chef"
	RoleManager Role = "manager"
)

// Valid reports whether r is one of the three roles.
func (r Role) Valid() bool { return r == RoleGuest || r == RoleChef || r == RoleManager }

// User is an account. The JSON tags are for the demo accounts of seed.
type User struct {
	ID int64 `json:"-"`
	// Username is the login name, in lower case.
	Username string `json:"username"`
	// Name is the display name.
	Name string `json:"name"`
	// PasswordHash is an argon2id hash in PHC form, see password.go.
	PasswordHash string `json:"-"`
	Role         Role   `json:"role"`
	VIP          bool   `json:"vip" gorm:"column:vip"`
	// BirthDate is YYYY-MM-DD, or nil if unknown. It stays in the database; a token
	// says only AgeOver18.
	BirthDate *string `json:"birth_date"`
	CreatedAt Millis  `json:"-" gorm:"autoCreateTime:false"`
}

// AgeOver18 reports whether the user is at least 18 years old on the day of now.
// Someone born on 29 February comes of age on 1 March. An unknown birth date
// counts as too young.
func (u User) AgeOver18(now time.Time) bool {
	if u.BirthDate == nil {
		return false
	}
	born, err := time.Parse(time.DateOnly, *u.BirthDate)
	return err == nil && !born.AddDate(18, 0, 0).After(now.UTC())
}

func (s *Store) createUser(ctx context.Context, u *User) error {
	u.CreatedAt = Now()
	err := s.write(ctx, func(tx *gorm.DB) error { return tx.Create(u).Error })
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrUsernameTaken
	}
	return err
}

// UserByUsername returns the user with this name, given in lower case.
func (s *Store) UserByUsername(ctx context.Context, username string) (User, error) {
	var u User
	return u, mapNotFound(s.read(ctx).Where("username = ?", username).Take(&u).Error)
}

// User returns the user with this id.
func (s *Store) User(ctx context.Context, id int64) (User, error) {
	var u User
	return u, mapNotFound(s.read(ctx).Take(&u, id).Error)
}

// Users lists up to limit users with ids above after, in the order of their ids.
func (s *Store) Users(ctx context.Context, after int64, limit int) ([]User, error) {
	var us []User
	return us, s.read(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&us).Error
}

// UserChanges are the changes a manager makes; nil leaves a field as it is.
type UserChanges struct {
	Role *Role
	VIP  *bool `gorm:"column:vip"`
	Name *string
}

// lockUpdate locks rows until the transaction ends, but not against new orders and
// sessions of the user. SQLite has one writer and ignores it.
var lockUpdate = clause.Locking{Strength: "NO KEY UPDATE"}

// UpdateUser changes a user. The last manager keeps the role (ErrLastManager): the
// rule is part of the statement and all managers are locked, so that two managers
// who demote each other cannot both succeed.
//
// A change of role or VIP status ends the login sessions of the user, because the
// claims of their tokens are no longer true.
func (s *Store) UpdateUser(ctx context.Context, id int64, ch UserChanges) (u User, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		demoting := ch.Role != nil && *ch.Role != RoleManager
		if demoting { // ordered, to avoid deadlocks
			lock := tx.Model(&User{}).Clauses(lockUpdate).Where("id IN (SELECT id FROM users WHERE role = 'manager' UNION ALL SELECT ?)", id)
			if err := lock.Order("id").Pluck("id", new([]int64)).Error; err != nil {
				return err
			}
		}
		var before User
		if err := mapNotFound(tx.Clauses(lockUpdate).Take(&before, id).Error); err != nil {
			return err
		}
		q := tx.Model(&User{}).Where("id = ?", id)
		if demoting {
			q = q.Where("role <> ? OR EXISTS (SELECT 1 FROM users other WHERE other.role = 'manager' AND other.id <> ?)", RoleManager, id)
		}
		res := q.Updates(ch)
		if res.Error != nil {
			return res.Error
		}
		if err := mapNotFound(tx.Take(&u, id).Error); err != nil {
			return err
		}
		if res.RowsAffected == 0 {
			return ErrLastManager
		}
		if u.Role == before.Role && u.VIP == before.VIP {
			return nil
		}
		_, err := s.endSessions(tx, Now(), EndRole, "user_id = ?", id)
		return err
	})
	return u, err
}
