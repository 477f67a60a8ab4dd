package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Status is the state of an order: placed, preparing, ready, served, or placed,
// cancelled.
//
//	@Description	The status of an order. It goes from placed to preparing, ready and served, or from placed to cancelled.
type Status string //@name Status

// The five statuses.
const (
	StatusPlaced    Status = "placed"
	StatusPreparing Status = "preparing"
	StatusReady     Status = "ready"
	StatusServed    Status = "served"
	StatusCancelled Status = "cancelled"
)

// previous maps each status to the only one that it follows. So a change needs no
// other condition than this one.
var previous = map[Status]Status{
	StatusPreparing: StatusPlaced,
	StatusReady:     StatusPreparing,
	StatusServed:    StatusReady,
	StatusCancelled: StatusPlaced,
}

// next is the inverse of previous for the steps of an automatic kitchen.
var next = map[Status]Status{
	StatusPlaced:    StatusPreparing,
	StatusPreparing: StatusReady,
	StatusReady:     StatusServed,
}

// done reports whether no status follows.
func (s Status) done() bool { return s == StatusServed || s == StatusCancelled }

// Valid reports whether s is one of the five statuses.
func (s Status) Valid() bool {
	_, follows := previous[s]
	return follows || s == StatusPlaced
}

// OnStatus makes fn receive how many orders a commit of this instance has given a status.
// It counts no order twice: a repeated request reaches none. fn must not block.
func (s *Store) OnStatus(fn func(reached Status, orders int)) { s.statusReached.Store(&fn) }

func (s *Store) reportStatus(reached Status, orders int) {
	if fn := s.statusReached.Load(); fn != nil && orders > 0 {
		(*fn)(reached, orders)
	}
}

// Order is what a guest ordered, with the time of each step.
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

// OrderSummary is an order without the times of its steps. Lists hold summaries:
// they are read more than anything else, and the times would cost a sixth more.
type OrderSummary struct {
	ID         int64
	Status     Status
	Lines      OrderLines
	TotalCents int64
	TableName  *string
	PlacedAt   Millis
	UpdatedAt  Millis
}

// Summary drops the times of the steps.
func (o *Order) Summary() OrderSummary {
	return OrderSummary{o.ID, o.Status, o.Lines, o.TotalCents, o.TableName, o.PlacedAt, o.UpdatedAt}
}

// Step is a status that an order has reached, and when.
type Step struct {
	Status Status
	At     Millis
}

// History returns the steps of the order so far, oldest first.
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

// Done reports whether the order is served or cancelled.
func (o *Order) Done() bool { return o.Status.done() }

// OrderOf returns an order of this user. Another user's order is ErrNotFound.
func (s *Store) OrderOf(ctx context.Context, userID, id int64) (Order, error) {
	var o Order
	return o, mapNotFound(s.read(ctx).Where("user_id = ?", userID).Take(&o, id).Error)
}

// Order returns an order of any user.
func (s *Store) Order(ctx context.Context, id int64) (Order, error) {
	var o Order
	return o, mapNotFound(s.read(ctx).Take(&o, id).Error)
}

// OrdersOf lists up to limit orders of a user with ids below the one given, newest
// first; math.MaxInt64 begins at the newest. An empty status lists all.
func (s *Store) OrdersOf(ctx context.Context, userID int64, status Status, below int64, limit int) ([]OrderSummary, error) {
	if status == "" {
		return s.orderPage(ctx, limit, "orders WHERE user_id = $1 AND id < $2 ORDER BY id DESC", userID, below)
	}
	half := "done"
	if !status.done() { // these have no index, but none is older than the oldest open order
		half = "id >= (SELECT min(id) FROM orders WHERE NOT done)"
	}
	return s.orderPage(ctx, limit, "orders WHERE "+half+" AND user_id = $1 AND id < $2 AND status = $3 ORDER BY id DESC", userID, below, status)
}

// OpenOrders lists up to limit orders of all users with ids above the one given,
// oldest first. An empty status lists those that are not done.
func (s *Store) OpenOrders(ctx context.Context, status Status, after int64, limit int) ([]OrderSummary, error) {
	open := s.engine.dialect().openOrders + " WHERE NOT done AND id > $1"
	switch {
	case status == "":
		return s.orderPage(ctx, limit, open+" ORDER BY id", after)
	case !status.done():
		return s.orderPage(ctx, limit, open+" AND status = $2 ORDER BY id", after, status)
	}
	return s.orderPage(ctx, limit, "orders WHERE done AND id > $1 AND status = $2 ORDER BY id", after, status)
}

// TransitionError is ErrInvalidTransition with the status that the order has.
type TransitionError struct{ From Status }

func (e TransitionError) Error() string {
	return ErrInvalidTransition.Error() + ": the order is " + string(e.From)
}

// Unwrap returns ErrInvalidTransition.
func (TransitionError) Unwrap() error { return ErrInvalidTransition }

// AdvanceOrder gives an order the status to, if that follows from the one it
// has; otherwise the error is a TransitionError.
func (s *Store) AdvanceOrder(ctx context.Context, id int64, to Status) (Order, error) {
	return s.transition(ctx, to, "id = ?", id)
}

// CancelOrder cancels an order of this user while it is placed.
func (s *Store) CancelOrder(ctx context.Context, userID, id int64) (Order, error) {
	return s.transition(ctx, StatusCancelled, "id = ? AND user_id = ?", id, userID)
}

// transition changes the status of the order that matches where. The WHERE clause
// holds the status it must have, so of two concurrent calls one fails.
func (s *Store) transition(ctx context.Context, to Status, where string, args ...any) (Order, error) {
	var o Order
	err := s.write(ctx, func(tx *gorm.DB) error {
		now := Now()
		set := map[string]any{"status": to, "updated_at": now}
		from, follows := previous[to]
		if follows { // otherwise from is empty and no row matches
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
			return TransitionError{From: o.Status}
		}
		return s.notify(tx, notification{Orders: []int64{o.ID}})
	})
	if err == nil {
		s.reportStatus(to, 1)
	}
	return o, err
}

// Due says which orders are due: those that have been placed since Placed or longer, and
// those in preparation or ready that have been so since Cooking or longer.
type Due struct{ Placed, Cooking Millis }

// clockDifference is how far ahead a time may be that another instance has written. One
// that is later still was written before the clock was set back, perhaps by hours: such an
// order is due at once.
const clockDifference = time.Minute

// advanceSQL selects and advances due orders in one statement: those that have had
// their status since $2, or if they are placed, since $3 or longer, or only after $4.
// Instances that share a database skip each other's rows.
func advanceSQL(d dialect, limit int) string {
	const (
		due   = "SELECT id FROM (SELECT id FROM orders WHERE NOT done AND status = '%s' AND updated_at <= %s ORDER BY updated_at LIMIT %d%s) AS due_%[1]s"
		ahead = "SELECT id FROM (SELECT id FROM orders WHERE NOT done AND status IN ('placed', 'preparing', 'ready') AND updated_at > $4 LIMIT %d%s) AS due_ahead"
	)
	chosen := []string{fmt.Sprintf(ahead, limit, d.skipLocked)}
	var steps, times []string
	for _, from := range []Status{StatusReady, StatusPreparing, StatusPlaced} {
		since := "$2"
		if from == StatusPlaced {
			since = "$3"
		}
		chosen = append(chosen, fmt.Sprintf(due, from, since, limit, d.skipLocked))
		steps = append(steps, fmt.Sprintf("WHEN '%s' THEN '%s'", from, next[from]))
		times = append(times, fmt.Sprintf("%s_at = CASE status WHEN '%s' THEN $1 ELSE %[1]s_at END", next[from], from))
	}
	return "WITH due AS MATERIALIZED (" + strings.Join(chosen, " UNION ALL ") + ") UPDATE orders SET " + strings.Join(times, ", ") +
		", done = (status = 'ready'), updated_at = $1, status = CASE status " + strings.Join(steps, " ") + " END WHERE id IN (SELECT id FROM due) RETURNING id, status"
}

// AdvanceDue moves open orders that are due one step on, the oldest first and up to
// limit of each status. It returns their ids, in no particular order.
func (s *Store) AdvanceDue(ctx context.Context, due Due, limit int) (ids []int64, err error) {
	var moved map[Status]int
	err = s.write(ctx, func(tx *gorm.DB) error {
		var advanced []struct {
			ID     int64
			Status Status
		}
		now := Now()
		if err := tx.Raw(advanceSQL(s.engine.dialect(), limit), now, due.Cooking, due.Placed, now.Add(clockDifference)).Scan(&advanced).Error; err != nil {
			return err
		}
		ids, moved = make([]int64, len(advanced)), map[Status]int{}
		for i, o := range advanced {
			ids[i] = o.ID
			moved[o.Status]++
		}
		return s.notify(tx, notification{Orders: ids})
	})
	if err == nil {
		for reached, orders := range moved {
			s.reportStatus(reached, orders)
		}
	}
	return ids, err
}

// Pending holds the times of the newest steps of the two open orders that have waited
// longest: one that is placed, and one in preparation or ready. Nil: there is none.
type Pending struct{ Placed, Cooking *Millis }

// OldestPending returns since when the oldest open orders wait.
func (s *Store) OldestPending(ctx context.Context) (oldest Pending, err error) {
	const each = "SELECT min(updated_at) AS step FROM orders WHERE NOT done AND status = "
	return oldest, s.read(ctx).Raw("SELECT (" + each + "'placed') AS placed, (SELECT min(step) FROM (" +
		each + "'preparing' UNION ALL " + each + "'ready') steps) AS cooking").Scan(&oldest).Error
}

// OrdersByID returns the orders with these ids, in no particular order.
func (s *Store) OrdersByID(ctx context.Context, ids []int64) ([]Order, error) {
	var os []Order
	return os, s.read(ctx).Find(&os, ids).Error
}
