package models

import (
	"context"
	"strconv"

	"gorm.io/gorm"
)

// Status says where an order is: placed, preparing, ready, served, or placed,
// cancelled.
type Status string //@name Status

// The five statuses.
const (
	StatusPlaced    Status = "placed"
	StatusPreparing Status = "preparing"
	StatusReady     Status = "ready"
	StatusServed    Status = "served"
	StatusCancelled Status = "cancelled"
)

// previous says which status each one follows. Every status follows exactly one,
// so a change needs no other rule than this in its WHERE clause.
var previous = map[Status]Status{
	StatusPreparing: StatusPlaced,
	StatusReady:     StatusPreparing,
	StatusServed:    StatusReady,
	StatusCancelled: StatusPlaced,
}

// next is before, read the other way, for the steps of a kitchen that cooks by
// itself.
var next = map[Status]Status{
	StatusPlaced:    StatusPreparing,
	StatusPreparing: StatusReady,
	StatusReady:     StatusServed,
}

// done tells whether nothing follows the status.
func (s Status) done() bool { return s == StatusServed || s == StatusCancelled }

// Valid tells whether the house knows this status.
func (s Status) Valid() bool {
	_, follows := previous[s]
	return follows || s == StatusPlaced
}

// Order is what a guest ordered. The time of each step is kept, so the row
// alone tells the whole story of the order.
type Order struct {
	ID          int64
	UserID      int64
	Status      Status
	Lines       OrderLines
	TotalCents  int64
	TableName   *string `gorm:"column:table_name"`
	PlacedAt    Millis
	PreparingAt *Millis
	ReadyAt     *Millis
	ServedAt    *Millis
	CancelledAt *Millis
	UpdatedAt   Millis `gorm:"autoUpdateTime:false"`
}

// OrderSummary is what a guest is shown of an order. Lists are made of receipts: they
// are read more than anything else, and the steps in between would cost a sixth.
type OrderSummary struct {
	ID         int64
	Status     Status
	Lines      OrderLines
	TotalCents int64
	TableName  *string
	PlacedAt   Millis
	UpdatedAt  Millis
}

// Summary is what the guest is shown of it.
func (o *Order) Summary() OrderSummary {
	return OrderSummary{o.ID, o.Status, o.Lines, o.TotalCents, o.TableName, o.PlacedAt, o.UpdatedAt}
}

// Step is one status that an order has had, and when it began.
type Step struct {
	Status Status
	At     Millis
}

// History lists the steps of the order so far, oldest first.
func (o *Order) History() []Step {
	steps := []Step{{StatusPlaced, o.PlacedAt}}
	for _, s := range []struct {
		status Status
		at     *Millis
	}{
		{StatusPreparing, o.PreparingAt},
		{StatusReady, o.ReadyAt},
		{StatusServed, o.ServedAt},
		{StatusCancelled, o.CancelledAt},
	} {
		if s.at != nil {
			steps = append(steps, Step{s.status, *s.at})
		}
	}
	return steps
}

// Done tells whether nothing can happen to the order any more.
func (o *Order) Done() bool { return o.Status.done() }

// OrderOf finds an order of this guest. Another guest's order is ErrNotFound.
func (s *Store) OrderOf(ctx context.Context, userID, id int64) (Order, error) {
	var o Order
	return o, mapNotFound(s.read(ctx).Where("user_id = ?", userID).Take(&o, id).Error)
}

// Order finds anybody's order; it is for the staff.
func (s *Store) Order(ctx context.Context, id int64) (Order, error) {
	var o Order
	return o, mapNotFound(s.read(ctx).Take(&o, id).Error)
}

// OrdersOf lists the orders of a guest, newest first, from below the id given;
// math.MaxInt64 begins at the newest. An empty status lists all.
func (s *Store) OrdersOf(ctx context.Context, userID int64, status Status, below int64, limit int) ([]OrderSummary, error) {
	if status == "" {
		return s.receipts(ctx, limit, "orders WHERE user_id = $1 AND id < $2 ORDER BY id DESC", userID, below)
	}
	half := "done"
	if !status.done() { // no index for these: there are none further back than the oldest open order of the house
		half = "id >= (SELECT min(id) FROM orders WHERE NOT done)"
	}
	return s.receipts(ctx, limit, "orders WHERE "+half+" AND user_id = $1 AND id < $2 AND status = $3 ORDER BY id DESC", userID, below, status)
}

// OpenOrders lists everybody's orders for the kitchen, oldest first, from
// behind the id given. An empty status lists those that are not done.
func (s *Store) OpenOrders(ctx context.Context, status Status, after int64, limit int) ([]OrderSummary, error) {
	open := s.engine.dialect().openOrders + " WHERE NOT done AND id > $1"
	switch {
	case status == "":
		return s.receipts(ctx, limit, open+" ORDER BY id", after)
	case !status.done():
		return s.receipts(ctx, limit, open+" AND status = $2 ORDER BY id", after, status)
	}
	return s.receipts(ctx, limit, "orders WHERE done AND id > $1 AND status = $2 ORDER BY id", after, status)
}

// receipts reads past GORM's scanner, which would take as long again as the
// query, but over GORM's connection. The limit is written out: SQLite prepares a
// statement anew when one is bound to it.
func (s *Store) receipts(ctx context.Context, limit int, from string, args ...any) ([]OrderSummary, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	defer timeStatement(ctx)()
	ctx = context.WithoutCancel(ctx) // to watch for a guest who leaves costs more than to read on
	query := "SELECT id, status, lines, total_cents, table_name, placed_at, updated_at FROM " + from + " LIMIT " + strconv.Itoa(limit)
	rows, err := s.reader.ConnPool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err has told
	list := make([]OrderSummary, 0, limit)
	for rows.Next() {
		var r OrderSummary
		if err := rows.Scan(&r.ID, &r.Status, &r.Lines, &r.TotalCents, &r.TableName, &r.PlacedAt, &r.UpdatedAt); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, classify(rows.Err())
}

// AdvanceOrder gives an order the status to, if that follows from the one it
// has; otherwise the error is ErrInvalidTransition.
func (s *Store) AdvanceOrder(ctx context.Context, id int64, to Status) (Order, error) {
	return s.transition(ctx, to, "id = ?", id)
}

// CancelOrder cancels an order of this guest while it is placed.
func (s *Store) CancelOrder(ctx context.Context, userID, id int64) (Order, error) {
	return s.transition(ctx, StatusCancelled, "id = ? AND user_id = ?", id, userID)
}

// transition changes the status of the order that the condition names. The status it
// must have is part of the statement, so two cooks never take one ticket.
func (s *Store) transition(ctx context.Context, to Status, where string, args ...any) (Order, error) {
	var o Order
	err := s.write(ctx, func(tx *gorm.DB) error {
		now := Now()
		set := map[string]any{"status": to, "updated_at": now}
		from, follows := previous[to] // a status that follows none matches no row
		if follows {
			set[string(to)+"_at"] = now
		}
		if to.done() {
			set["done"] = true
		}
		res := tx.Model(&Order{}).Where(where, args...).Where("status = ?", from).Updates(set)
		if res.Error != nil {
			return res.Error
		}
		if err := mapNotFound(tx.Where(where, args...).Take(&o).Error); err != nil {
			return err
		}
		if res.RowsAffected == 0 {
			return ErrInvalidTransition
		}
		return s.notify(tx, notification{Orders: []int64{o.ID}})
	})
	return o, err
}

// advanceSQL moves orders on that have been in a status since before $2. Choosing and
// changing are one statement, so no ticket is taken twice; of several houses over
// one book, each takes what no other is just taking. It names nothing that stays
// as it is: an index is touched only when one of its columns is.
func advanceSQL(d dialect, from Status, limit int) string {
	to := next[from]
	set := "status = '" + string(to) + "', " + string(to) + "_at = $1, updated_at = $1"
	if to.done() {
		set += ", done = TRUE"
	}
	return "WITH due AS MATERIALIZED (SELECT id FROM orders WHERE NOT done AND status = '" + string(from) +
		"' AND updated_at <= $2 ORDER BY updated_at LIMIT " + strconv.Itoa(limit) + d.skipLocked +
		") UPDATE orders SET " + set + " WHERE id IN (SELECT id FROM due) RETURNING id"
}

// AdvanceDue moves open orders one step on whose newest step was at before or
// earlier, the oldest first and up to limit of each status, and says which.
func (s *Store) AdvanceDue(ctx context.Context, before Millis, limit int) (ids []int64, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		now := Now()
		ids = nil
		for _, from := range []Status{StatusReady, StatusPreparing, StatusPlaced} {
			var moved []int64
			if err := tx.Raw(advanceSQL(s.engine.dialect(), from, limit), now, before).Scan(&moved).Error; err != nil {
				return err
			}
			ids = append(ids, moved...)
		}
		return s.notify(tx, notification{Orders: ids})
	})
	return ids, err
}

// OldestPendingAt tells when the open order that has waited longest made its newest
// step, and false if no order is open.
func (s *Store) OldestPendingAt(ctx context.Context) (Millis, bool, error) {
	var oldest *Millis
	const each = "SELECT min(updated_at) AS step FROM orders WHERE NOT done AND status = "
	err := s.read(ctx).Raw("SELECT min(step) FROM (" + each + "'placed' UNION ALL " + each + "'preparing' UNION ALL " + each + "'ready') steps").
		Scan(&oldest).Error
	if err != nil || oldest == nil {
		return 0, false, err
	}
	return *oldest, true, nil
}

// OrdersByID reads orders, in no order.
func (s *Store) OrdersByID(ctx context.Context, ids []int64) ([]Order, error) {
	var os []Order
	return os, s.read(ctx).Find(&os, ids).Error
}
