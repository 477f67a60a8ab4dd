package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SigningKey is the public half of a key pair and how long it verifies tokens. All
// instances share it; the private half is a file of one instance.
type SigningKey struct {
	KID string `gorm:"column:kid;primaryKey"`
	// Instance is the name of the instance that signs with it.
	Instance string `gorm:"column:branch"`
	// Issuer is the iss claim of the tokens that it signs.
	Issuer string
	// PublicKey is the public half: SPKI (RFC 5280, section 4.1) in base64.
	PublicKey string
	CreatedAt Millis `gorm:"autoCreateTime:false"`
	// VerifyUntil is set when the next key takes over. It is when the last token
	// that this key has signed expires.
	VerifyUntil *Millis
	// SeenAt is when its instance last published it.
	SeenAt Millis
}

// SigningKeys lists all keys, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var keys []SigningKey
	return keys, s.read(ctx).Order("created_at, kid").Find(&keys).Error
}

// AddSigningKey adds the key that an instance signs with from now on; its earlier
// keys verify until othersUntil. A key that exists changes nothing.
func (s *Store) AddSigningKey(ctx context.Context, k SigningKey, othersUntil Millis) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&k)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		err := tx.Model(&SigningKey{}).Where("branch = ? AND kid <> ? AND verify_until IS NULL", k.Instance, k.KID).Update("verify_until", othersUntil).Error
		if err != nil {
			return err
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// PublishSigningKeys writes the keys that an instance has, and deletes its others.
func (s *Store) PublishSigningKeys(ctx context.Context, instance string, keys []SigningKey) error {
	kids := make([]string, len(keys))
	for i, k := range keys {
		kids[i] = k.KID
	}
	return s.write(ctx, func(tx *gorm.DB) error {
		upsert := clause.OnConflict{Columns: []clause.Column{{Name: "kid"}}, DoUpdates: clause.AssignmentColumns([]string{"branch", "issuer", "public_key", "seen_at"})}
		if err := tx.Clauses(upsert).Create(&keys).Error; err != nil {
			return err
		}
		if err := tx.Where("branch = ? AND kid NOT IN ?", instance, kids).Delete(&SigningKey{}).Error; err != nil {
			return err
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// ReviveSigningKey makes a retired key sign again, after its successor was lost. One that
// is not retired changes nothing.
func (s *Store) ReviveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&SigningKey{}).Where("kid = ? AND verify_until IS NOT NULL", kid).Update("verify_until", nil)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// RemoveSigningKey deletes a key.
func (s *Store) RemoveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error { return tx.Where("kid = ?", kid).Delete(&SigningKey{}).Error })
}

// RemoveAbandonedKeys deletes the keys of other instances that have not published
// them since the time given. An instance that returns publishes its keys again.
func (s *Store) RemoveAbandonedKeys(ctx context.Context, self string, since Millis) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		return tx.Where("branch <> ? AND seen_at < ?", self, since).Delete(&SigningKey{}).Error
	})
}
