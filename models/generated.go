package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// GeneratedGuest is a guest whom nobody is: the account was made by
// AddGeneratedGuests, and no password opens it.
type GeneratedGuest struct {
	ID        int64
	VIP       bool `gorm:"column:vip"`
	Adult     bool
	CreatedAt Millis
}

// AddGeneratedGuests writes the users in one transaction, as guests who cannot
// log in, and says how many are new: a username that somebody has is left to them.
//
// Each gets the hash that a login under an unknown name is compared with, so
// guessing a password costs the same time and gets the same answer. Hashing a
// password for each would take 30 ms a guest.
func (s *Store) AddGeneratedGuests(ctx context.Context, users []User) (added int, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		added, err = insertMany(tx, users, "users (username, name, password_hash, role, vip, birth_date, created_at)",
			" ON CONFLICT (username) DO NOTHING", func(u User) ([]any, error) {
				return []any{u.Username, u.Name, unusableHash, string(RoleGuest), u.VIP, u.BirthDate, u.CreatedAt}, nil
			})
		return err
	})
	return added, err
}

// GeneratedGuests lists the guests of AddGeneratedGuests whose usernames begin
// with prefix, in the order in which they came. Adult are those who were 18 at
// the moment given.
func (s *Store) GeneratedGuests(ctx context.Context, prefix string, at Millis) ([]GeneratedGuest, error) {
	var gs []GeneratedGuest
	born := at.Time().AddDate(-18, 0, 0).Format("2006-01-02")
	err := s.read(ctx).Model(&User{}).Select("id, vip, coalesce(birth_date <= ?, FALSE) AS adult, created_at", born).
		Where("username >= ? AND username < ? AND password_hash = ?", prefix, prefix+"\x7f", unusableHash).Scan(&gs).Error
	slices.SortFunc(gs, func(a, b GeneratedGuest) int {
		if a.CreatedAt != b.CreatedAt {
			return int(a.CreatedAt - b.CreatedAt)
		}
		return int(a.ID - b.ID)
	})
	return gs, err
}

// LastGenerated tells when the newest order of the book was placed, and false
// if there is none or a real guest placed it.
func (s *Store) LastGenerated(ctx context.Context) (at Millis, ok bool, err error) {
	var found []Millis
	err = s.read(ctx).Raw(`SELECT o.placed_at FROM orders o JOIN users u ON u.id = o.user_id
		WHERE o.id = (SELECT max(id) FROM orders) AND u.password_hash = ?`, unusableHash).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return 0, false, err
	}
	return found[0], true, nil
}

// AddHistory writes orders that are over, in one transaction and in the order
// given. Status and the time of the last step are worked out here, from the
// steps, so they cannot contradict them. An order that is not over is
// ErrInvalidTransition: it would go to the kitchen.
func (s *Store) AddHistory(ctx context.Context, orders []Order) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		_, err := insertMany(tx, orders, `orders (user_id, status, lines, total_cents, table_name,
			placed_at, preparing_at, ready_at, served_at, cancelled_at, updated_at, done)`, "", historyRow)
		return err
	})
}

func historyRow(o Order) ([]any, error) {
	if err := o.finish(); err != nil {
		return nil, err
	}
	lines, err := o.Lines.Value()
	return []any{o.UserID, string(o.Status), lines, o.TotalCents, o.TableName,
		o.PlacedAt, o.PreparingAt, o.ReadyAt, o.ServedAt, o.CancelledAt, o.UpdatedAt, true}, err
}

// finish fills in what follows from the steps.
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

// rowsPerInsert is how many rows share a statement. The driver prepares each
// statement anew, which costs more than a row; with more rows than this, binding
// their texts costs more than it saves.
const rowsPerInsert = 200

// insertMany writes rows with few statements and says how many were new.
func insertMany[T any](tx *gorm.DB, rows []T, into, tail string, values func(T) ([]any, error)) (int, error) {
	var added int64
	for chunk := range slices.Chunk(rows, rowsPerInsert) {
		var texts []any
		sql := []byte("INSERT INTO " + into + " VALUES ")
		for _, r := range chunk {
			vs, err := values(r)
			if err != nil {
				return 0, err
			}
			sql, texts = appendRow(sql, texts, vs)
		}
		res := tx.Exec(strings.TrimSuffix(string(sql), ",")+tail, texts...)
		if res.Error != nil {
			return 0, res.Error
		}
		added += res.RowsAffected
	}
	return int(added), nil
}

// appendRow writes one row of VALUES. Numbers are written out and only texts
// are bound: the driver looks for each parameter among all of them, and with
// every column bound that was a quarter of the whole time.
func appendRow(sql []byte, texts, values []any) (row []byte, bound []any) {
	sql = append(sql, '(')
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			sql = strconv.AppendInt(sql, v, 10)
		case Millis:
			sql = strconv.AppendInt(sql, int64(v), 10)
		case bool:
			sql = append(sql, strings.ToUpper(strconv.FormatBool(v))...)
		case *Millis:
			if v == nil {
				sql = append(sql, "NULL"...)
			} else {
				sql = strconv.AppendInt(sql, int64(*v), 10)
			}
		default:
			sql, texts = append(sql, '?'), append(texts, v)
		}
		sql = append(sql, ',')
	}
	sql[len(sql)-1] = ')'
	return append(sql, ','), texts
}
