package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// NewOrder is what a guest asks for. Names and prices come from the menu.
type NewOrder struct {
	UserID    int64
	VIP       bool // the vip claim of the access token
	AgeOver18 bool // the age_over_18 claim of the access token
	Lines     []NewLine
	Table     *string
	// IdempotencyKey is the client's own name for this order, or empty.
	IdempotencyKey string
	// RequestHash identifies the request that the key stands for.
	RequestHash string
}

// NewLine is one line of a new order.
type NewLine struct {
	MenuItemID int64
	Size       string
	Quantity   int64
	Note       string
}

// Why a line of a new order is refused; they come inside a *LineError.
var (
	ErrInvalidLine     = errors.New("invalid order line")
	ErrItemUnavailable = errors.New("item unavailable")
	ErrVIPOnly         = errors.New("vip only")
	ErrAgeRestricted   = errors.New("age restricted")
)

// LineError is the refusal of a line of a new order.
type LineError struct {
	Index   int    // of the line, from 0
	Field   string // of the line, such as "size"
	Message string // for the guest
	Reason  error  // one of the four above
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s: %v", e.Index, e.Field, e.Reason) }

// Unwrap returns the reason to errors.Is.
func (e *LineError) Unwrap() error { return e.Reason }

// PlaceOrder writes a new order with its idempotency key. If the user has used the
// key before, it returns the earlier order and replayed is true; a key that stands
// for another request is ErrKeyReused. A line that is refused is a *LineError.
func (s *Store) PlaceOrder(ctx context.Context, n NewOrder) (o Order, replayed bool, err error) {
	if o, err = n.price(s.Menu()); err != nil {
		return s.replayOr(ctx, n, err)
	}
	row := n.row(o)
	err = s.engine.insertOrder(ctx, row)
	o.ID = row.ID
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		lost := fmt.Errorf("%w: the order with the same key was not kept", ErrDatabaseUnavailable)
		return s.replayOr(ctx, n, lost)
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		err = ErrUserUnknown
	case err == nil:
		s.reportStatus(StatusPlaced, 1)
	}
	return o, false, err
}

// replayOr returns the earlier order with the same idempotency key, or the error
// refused. A repeated order may be refused because a dish has been sold out since.
func (s *Store) replayOr(ctx context.Context, n NewOrder, refused error) (o Order, replayed bool, err error) {
	if n.IdempotencyKey == "" {
		return Order{}, false, refused
	}
	err = s.readDurable(ctx, func(db *gorm.DB) error {
		o, err = n.findByKey(db)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = refused
	}
	return o, err == nil, err
}

// readDurable runs fn, which reads one row, and returns once that row is as safe as after
// the write that it comes from. In PostgreSQL, a commit that waited for a standby in vain
// can be read, and is on the primary only. So the row is locked: that is a write, and waits
// for the standby, too. What can be read in a file is on the disk.
func (s *Store) readDurable(ctx context.Context, fn func(db *gorm.DB) error) error {
	if !s.Shared() {
		return fn(s.read(ctx))
	}
	return s.writeStatement(ctx, func(tx *gorm.DB) error { return fn(tx.Clauses(clause.Locking{Strength: "KEY SHARE"})) })
}

// findByKey returns the order that the key already stands for.
func (n NewOrder) findByKey(db *gorm.DB) (Order, error) {
	var o struct {
		Order
		RequestHash string
	}
	err := mapNotFound(db.Table("orders").Where("user_id = ? AND idempotency_key = ?", n.UserID, n.IdempotencyKey).Take(&o).Error)
	if err == nil && o.RequestHash != n.RequestHash {
		return Order{}, ErrKeyReused
	}
	return o.Order, err
}

// row is the order as it is stored.
func (n NewOrder) row(o Order) *orderRow {
	row := &orderRow{Order: o}
	if n.IdempotencyKey != "" {
		row.key, row.requestHash = &n.IdempotencyKey, &n.RequestHash
	}
	return row
}

// price makes the order, with names and prices copied from the menu.
func (n NewOrder) price(menu *Menu) (Order, error) {
	now := Now()
	o := Order{UserID: n.UserID, Status: StatusPlaced, TableName: n.Table, PlacedAt: now, UpdatedAt: now}
	lines := make([]OrderLine, len(n.Lines))
	for i, l := range n.Lines {
		line, refused := n.priceLine(l, menu)
		if refused != nil {
			refused.Index = i
			return Order{}, refused
		}
		lines[i] = line
	}
	var err error
	o.Lines, o.TotalCents, err = TotalLines(lines)
	return o, err
}

// priceLine makes one line, if the menu and the guest's claims allow it.
func (n NewOrder) priceLine(l NewLine, menu *Menu) (OrderLine, *LineError) {
	dish, known := menu.Item(l.MenuItemID)
	if !known {
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: "must be the id of a dish on the menu", Reason: ErrInvalidLine}
	}
	price, ok := dish.PriceOf(l.Size)
	switch {
	case dish.VIPOnly && !n.VIP:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: "This dish is for VIPs only.", Reason: ErrVIPOnly}
	case dish.AgeRestricted && !n.AgeOver18:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: dish.Name + " is for adults only.", Reason: ErrAgeRestricted}
	case !ok:
		return OrderLine{}, &LineError{Field: "size", Message: "must be a size that this dish has", Reason: ErrInvalidLine}
	case !dish.Available:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: dish.Name + " is sold out.", Reason: ErrItemUnavailable}
	}
	return OrderLine{MenuItemID: dish.ID, Name: dish.Name, Size: l.Size, Quantity: l.Quantity, Note: l.Note, UnitPriceCents: price}, nil
}
