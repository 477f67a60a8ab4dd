package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SigningKey is what all branches know of a key: its public half, and how long
// it counts. The key itself is a file that never leaves its branch.
type SigningKey struct {
	KID string `gorm:"column:kid;primaryKey"`
	// Branch is the name of the branch that signs with it.
	Branch string
	// Issuer is the iss claim of the tokens that it signs.
	Issuer string
	// PublicKey is the public half: SPKI (RFC 5280, section 4.1) in base64.
	PublicKey string
	CreatedAt Millis `gorm:"autoCreateTime:false"`
	// VerifyUntil is set when the next key takes over: then the last token that
	// this one has signed expires.
	VerifyUntil *Millis
	// SeenAt is when its branch last said that it has the key.
	SeenAt Millis
}

// SigningKeys lists the keys that the book knows, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var keys []SigningKey
	return keys, s.read(ctx).Order("created_at, kid").Find(&keys).Error
}

// AddSigningKey lets a key take over: it signs from now on, and those of the
// same branch before it count until the moment given. A key that the book knows
// changes nothing.
func (s *Store) AddSigningKey(ctx context.Context, k SigningKey, othersUntil Millis) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&k)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		err := tx.Model(&SigningKey{}).Where("branch = ? AND kid <> ? AND verify_until IS NULL", k.Branch, k.KID).Update("verify_until", othersUntil).Error
		if err != nil {
			return err
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// ShowSigningKeys tells the other branches that this one has these keys, and no
// others: what it has lost counts no more.
func (s *Store) ShowSigningKeys(ctx context.Context, branch string, keys []SigningKey) error {
	kids := make([]string, len(keys))
	for i, k := range keys {
		kids[i] = k.KID
	}
	return s.write(ctx, func(tx *gorm.DB) error {
		shown := clause.OnConflict{Columns: []clause.Column{{Name: "kid"}}, DoUpdates: clause.AssignmentColumns([]string{"branch", "issuer", "public_key", "seen_at"})}
		if err := tx.Clauses(shown).Create(&keys).Error; err != nil {
			return err
		}
		if err := tx.Where("branch = ? AND kid NOT IN ?", branch, kids).Delete(&SigningKey{}).Error; err != nil {
			return err
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// ReviveSigningKey lets a key sign again that was retired, because the one after
// it is lost.
func (s *Store) ReviveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		if err := tx.Model(&SigningKey{}).Where("kid = ?", kid).Update("verify_until", nil).Error; err != nil {
			return err
		}
		return s.notify(tx, notification{Keys: true})
	})
}

// RemoveSigningKey forgets a key that no longer counts.
func (s *Store) RemoveSigningKey(ctx context.Context, kid string) error {
	return s.write(ctx, func(tx *gorm.DB) error { return tx.Where("kid = ?", kid).Delete(&SigningKey{}).Error })
}

// RemoveGoneBranches forgets the keys of branches from which nothing has been
// heard since the moment given. Should such a branch come back, it shows them
// again.
func (s *Store) RemoveGoneBranches(ctx context.Context, self string, since Millis) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		return tx.Where("branch <> ? AND seen_at < ?", self, since).Delete(&SigningKey{}).Error
	})
}
