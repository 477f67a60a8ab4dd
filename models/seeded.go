package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SeedRun marks a set of first data as written. It is never written again: what a
// manager changes or deletes afterwards stays changed.
type SeedRun struct {
	Name      string `gorm:"primaryKey"`
	ArrivedAt Millis
}

// TableName returns the name that the migrations gave the table.
func (SeedRun) TableName() string { return "deliveries" }

// Seeded reports whether the seed run with this name has happened.
func (s *Store) Seeded(ctx context.Context, name string) (bool, error) {
	var n int64
	err := s.read(ctx).Model(&SeedRun{}).Where("name = ?", name).Count(&n).Error
	return n > 0, err
}

// SeedMenu adds the dishes, unless the seed run with this name has happened.
func (s *Store) SeedMenu(ctx context.Context, name string, items []MenuItem) error {
	for i := range items {
		items[i].Version = 1
	}
	return s.changeMenu(ctx, once(name, func(tx *gorm.DB) error { return tx.Create(&items).Error }))
}

// SeedUsers adds the users, unless the seed run with this name has happened. It
// skips a username that is taken.
func (s *Store) SeedUsers(ctx context.Context, name string, users []User) error {
	for i := range users {
		users[i].CreatedAt = Now()
	}
	return s.write(ctx, once(name, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&users).Error
	}))
}

// once runs insert unless the seed run with this name has happened.
func once(name string, insert func(tx *gorm.DB) error) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&SeedRun{Name: name, ArrivedAt: Now()})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return insert(tx)
	}
}
