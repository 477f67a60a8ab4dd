package models

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

const insertOrderSQL = `INSERT INTO orders (user_id, status, lines, total_cents, table_name, idempotency_key, request_hash, placed_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING RETURNING id`

// insertOrder has ON CONFLICT, because PostgreSQL would log each repeated order as an
// error.
func (w *postgresWriter) insertOrder(ctx context.Context, o *orderRow) error {
	return w.do(ctx, true, func(tx *gorm.DB) error {
		err := tx.Statement.ConnPool.QueryRowContext(tx.Statement.Context, insertOrderSQL, o.UserID, o.Status, o.Lines, o.TotalCents, o.TableName, o.key, o.requestHash, o.PlacedAt).Scan(&o.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return gorm.ErrDuplicatedKey
		}
		return tx.AddError(err)
	})
}
