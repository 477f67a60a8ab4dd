package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SigningKey says when a key was made and how long it counts. The key itself is
// a file that never leaves the house.
type SigningKey struct {
	KID       string `gorm:"column:kid;primaryKey"`
	CreatedAt Millis `gorm:"autoCreateTime:false"`
	// VerifyUntil is set when the next key takes over: then the last token that
	// this one has signed expires.
	VerifyUntil *Millis
}

// SigningKeys lists the keys that the book knows, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var keys []SigningKey
	return keys, s.read(ctx).Order("created_at, kid").Find(&keys).Error
}

// AddSigningKey lets a key take over: it signs from now on, and those before it
// count until the moment given. A key that the book knows changes nothing.
func (s *Store) AddSigningKey(ctx context.Context, k SigningKey, othersUntil Millis) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&k)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return tx.Model(&SigningKey{}).Where("kid <> ? AND verify_until IS NULL", k.KID).Update("verify_until", othersUntil).Error
	})
}

// ReviveSigningKey lets a key sign again that was retired, because the one after
// it is lost.
func (s *Store) ReviveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		return tx.Model(&SigningKey{}).Where("kid = ?", kid).Update("verify_until", nil).Error
	})
}

// RemoveSigningKey forgets a key that no longer counts.
func (s *Store) RemoveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error { return tx.Where("kid = ?", kid).Delete(&SigningKey{}).Error })
}
