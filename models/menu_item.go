package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// Sizes of dishes. A dish with one size only is regular.
const (
	SizeSmall   = "small"
	SizeMedium  = "medium"
	SizeLarge   = "large"
	SizeRegular = "regular"
)

// Allergens are the fourteen that the law of the European Union makes a menu
// name (Regulation (EU) No 1169/2011, Annex II), in its order.
var Allergens = []string{
	"gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk",
	"nuts", "celery", "mustard", "sesame", "sulphites", "lupin", "molluscs",
}

// Size is one size of a dish and its price in cents.
type Size struct {
	Size       string `json:"size"`
	PriceCents int64  `json:"price_cents"`
}

// MenuItem is a dish or a drink on the menu. The JSON tags are for seed's menu.
type MenuItem struct {
	ID          int64    `json:"-"`
	Name        string   `json:"name"`
	Category    string   `json:"category"`
	Description string   `json:"description"`
	Sizes       []Size   `json:"sizes" gorm:"serializer:json"`
	Vegetarian  bool     `json:"vegetarian"`
	Allergens   []string `json:"allergens" gorm:"serializer:json"`
	// VIPOnly dishes are shown to VIPs only.
	VIPOnly bool `json:"vip_only" gorm:"column:vip_only"`
	// AgeRestricted dishes are served to adults only.
	AgeRestricted bool `json:"age_restricted"`
	Available     bool `json:"available"`
	// Version counts the changes of the dish.
	Version int64 `json:"-"`
}

// PriceOf returns the price of a size in cents, and whether the dish has this size.
func (m *MenuItem) PriceOf(size string) (int64, bool) {
	i := slices.IndexFunc(m.Sizes, func(s Size) bool { return s.Size == size })
	if i < 0 {
		return 0, false
	}
	return m.Sizes[i].PriceCents, true
}

// equals reports whether two dishes are the same, apart from id and version.
func (m *MenuItem) equals(other MenuItem) bool {
	return m.Name == other.Name && m.Category == other.Category && m.Description == other.Description &&
		slices.Equal(m.Sizes, other.Sizes) && slices.Equal(m.Allergens, other.Allergens) && m.Vegetarian == other.Vegetarian &&
		m.VIPOnly == other.VIPOnly && m.AgeRestricted == other.AgeRestricted && m.Available == other.Available
}

// CreateMenuItem adds a dish and sets its id and version.
func (s *Store) CreateMenuItem(ctx context.Context, m *MenuItem) error {
	m.Version = 1
	return s.changeMenu(ctx, func(tx *gorm.DB) error { return tx.Create(m).Error })
}

// ReplaceMenuItem replaces the dish with m.ID. Unless its version is one of those
// given, or none is given, the error is ErrStale.
func (s *Store) ReplaceMenuItem(ctx context.Context, m *MenuItem, versions ...int64) error {
	return s.changeMenu(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&MenuItem{}).Where("id = ?", m.ID).Scopes(whereVersion(versions)).
			Update("version", gorm.Expr("version + 1"))
		if err := requireOneRow(tx, res, m.ID); err != nil {
			return err
		}
		if err := tx.Model(m).Select("*").Omit("id", "version").Updates(m).Error; err != nil {
			return err
		}
		return tx.Raw("SELECT version FROM menu_items WHERE id = ?", m.ID).Scan(&m.Version).Error
	})
}

// DeleteMenuItem deletes a dish. Unless its version is one of those given, or none
// is given, the error is ErrStale. Orders keep its name and price.
func (s *Store) DeleteMenuItem(ctx context.Context, id int64, versions ...int64) error {
	return s.changeMenu(ctx, func(tx *gorm.DB) error {
		return requireOneRow(tx, tx.Scopes(whereVersion(versions)).Delete(&MenuItem{}, id), id)
	})
}

// whereVersion limits a statement to rows with one of the versions, if any are given.
func whereVersion(versions []int64) func(*gorm.DB) *gorm.DB {
	return func(tx *gorm.DB) *gorm.DB {
		if len(versions) == 0 {
			return tx
		}
		return tx.Where("version IN ?", versions)
	}
}

// requireOneRow returns why a conditional change of a dish matched no row.
func requireOneRow(tx, res *gorm.DB, id int64) error {
	if res.Error != nil || res.RowsAffected == 1 {
		return res.Error
	}
	if err := mapNotFound(tx.Select("id").Take(&MenuItem{}, id).Error); err != nil {
		return err
	}
	return ErrStale
}
