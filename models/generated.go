package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// GeneratedGuest is a user that AddGeneratedGuests has made; no password fits.
type GeneratedGuest struct {
	ID        int64
	VIP       bool `gorm:"column:vip"`
	Adult     bool
	CreatedAt Millis
}

// rowsPerInsert bounds the parameters of a statement.
const rowsPerInsert = 200

// AddGeneratedGuests writes users who cannot log in, in one transaction, and returns
// how many are new: it skips a username that is taken.
//
// Each gets unusableHash, so a login takes the same time and gets the same answer
// as with a wrong password. Hashing a password for each would take 30 ms a user.
func (s *Store) AddGeneratedGuests(ctx context.Context, users []User) (added int, err error) {
	for i := range users {
		users[i].Role, users[i].PasswordHash = RoleGuest, unusableHash
	}
	err = s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(users, rowsPerInsert)
		added = int(res.RowsAffected)
		return res.Error
	})
	return added, err
}

// GeneratedGuests lists the users of AddGeneratedGuests whose usernames begin with
// prefix, ordered by CreatedAt. Adult are those who were 18 at the given time.
func (s *Store) GeneratedGuests(ctx context.Context, prefix string, at Millis) ([]GeneratedGuest, error) {
	var gs []GeneratedGuest
	born := at.Time().AddDate(-18, 0, 0).Format("2006-01-02")
	err := s.read(ctx).Model(&User{}).Select("id, vip, coalesce(birth_date <= ?, FALSE) AS adult, created_at", born).
		Where("username >= ? AND username < ? AND password_hash = ?", prefix, prefix+"\x7f", unusableHash).Scan(&gs).Error
	slices.SortFunc(gs, func(a, b GeneratedGuest) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return gs, err
}

// LastGenerated returns when the newest order was placed, and false if there is no
// order or a user of AddGeneratedGuests did not place it.
func (s *Store) LastGenerated(ctx context.Context) (at Millis, ok bool, err error) {
	var found []Millis
	err = s.read(ctx).Raw(`SELECT o.placed_at FROM orders o JOIN users u ON u.id = o.user_id
		WHERE o.id = (SELECT max(id) FROM orders) AND u.password_hash = ?`, unusableHash).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return 0, false, err
	}
	return found[0], true, nil
}

// AddHistory writes orders that are done, in one transaction and in the order
// given. It derives status and time of the last step from the steps. An order that
// is not done is ErrInvalidTransition, because the kitchen would advance it.
func (s *Store) AddHistory(ctx context.Context, orders []Order) error {
	type row struct {
		Order
		Done bool
	}
	rows := make([]row, len(orders))
	for i, o := range orders {
		if err := o.finish(); err != nil {
			return err
		}
		rows[i] = row{o, true}
	}
	return s.write(ctx, func(tx *gorm.DB) error {
		return tx.Table("orders").CreateInBatches(rows, rowsPerInsert).Error
	})
}

// finish derives Status and UpdatedAt from the steps.
func (o *Order) finish() error {
	steps := o.History()
	for i, step := range steps[1:] {
		if last := steps[i]; previous[step.Status] != last.Status || step.At < last.At {
			return fmt.Errorf("%w: %s after %s", ErrInvalidTransition, step.Status, last.Status)
		}
	}
	last := steps[len(steps)-1]
	o.Status, o.UpdatedAt = last.Status, last.At
	if !o.Done() {
		return fmt.Errorf("%w: the order is still %s", ErrInvalidTransition, o.Status)
	}
	return nil
}
