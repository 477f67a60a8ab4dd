package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SeedRun is a set of first data that has arrived, once and for all: what a
// manager changes or deletes afterwards stays changed.
type SeedRun struct {
	Name      string `gorm:"primaryKey"`
	ArrivedAt Millis
}

// TableName is the name that the migrations gave the table.
func (SeedRun) TableName() string { return "deliveries" }

// Seeded tells whether the delivery of this name has arrived.
func (s *Store) Seeded(ctx context.Context, name string) (bool, error) {
	var n int64
	err := s.read(ctx).Model(&SeedRun{}).Where("name = ?", name).Count(&n).Error
	return n > 0, err
}

// DeliverMenu puts the dishes on the menu, unless the delivery of this name has
// arrived before.
func (s *Store) DeliverMenu(ctx context.Context, name string, items []MenuItem) error {
	for i := range items {
		items[i].Version = 1
	}
	return s.changeMenu(ctx, once(name, func(tx *gorm.DB) error { return tx.Create(&items).Error }))
}

// DeliverUsers adds the users, unless the delivery of this name has arrived
// before. A username that somebody has already is left to them.
func (s *Store) DeliverUsers(ctx context.Context, name string, users []User) error {
	for i := range users {
		users[i].CreatedAt = Now()
	}
	return s.write(ctx, once(name, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&users).Error
	}))
}

// once unpacks what has not arrived before.
func once(name string, insert func(tx *gorm.DB) error) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&SeedRun{Name: name, ArrivedAt: Now()})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return insert(tx)
	}
}
