package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// NewOrder is what a guest asks for. Names and prices are not theirs to say.
type NewOrder struct {
	UserID    int64
	VIP       bool // the vip claim of the wristband
	AgeOver18 bool // the age_over_18 claim of the wristband
	Lines     []NewLine
	Table     *string
	// IdempotencyKey is the guest's own name for this order, or empty.
	IdempotencyKey string
	// RequestHash is what a repeated request is recognised by.
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

// LineError says which line of an order is refused, and why.
type LineError struct {
	Index   int    // of the line, from 0
	Field   string // of the line, such as "size"
	Message string // what the field takes, or what is wrong with the dish
	Reason  error  // one of the four above
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s: %v", e.Index, e.Field, e.Reason) }

// Unwrap gives the reason to errors.Is.
func (e *LineError) Unwrap() error { return e.Reason }

// PlaceOrder writes a new order with its idempotency key. If the guest has used
// the key before, the order of that time is returned and replayed is true; a key
// that stood for another request is ErrKeyReused. A line that cannot be served
// is a *LineError.
func (s *Store) PlaceOrder(ctx context.Context, n NewOrder) (o Order, replayed bool, err error) {
	if o, err = n.price(s.Menu()); err != nil {
		return n.replayOr(err, s.read(ctx))
	}
	err = s.writeOnce(ctx, func(tx *gorm.DB) (err error) {
		o.ID, err = n.insert(tx, s.engine, o)
		return err
	})
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		lost := fmt.Errorf("%w: the order with the same key was not kept", ErrDatabaseUnavailable)
		return n.replayOr(lost, s.read(ctx))
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		err = ErrUserUnknown
	}
	return o, false, err
}

// replayOr looks whether a refused order is the repetition of one that was taken
// before, as it may be when its dishes can no longer be had, or its key is used.
func (n NewOrder) replayOr(refused error, db *gorm.DB) (Order, bool, error) {
	o, err := n.findByKey(db)
	if errors.Is(err, ErrNotFound) {
		err = refused
	}
	return o, err == nil, err
}

// findByKey finds the order that the key already stands for.
func (n NewOrder) findByKey(db *gorm.DB) (Order, error) {
	if n.IdempotencyKey == "" {
		return Order{}, ErrNotFound
	}
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

// insertOrder is the hottest write of the house.
const insertOrder = `INSERT INTO orders (user_id, status, lines, total_cents, table_name, idempotency_key, request_hash, placed_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`

// insert writes the order o and gives its id, past GORM's builder but over its
// connection.
func (n NewOrder) insert(tx *gorm.DB, e engine, o Order) (id int64, err error) {
	var key, hash *string
	if n.IdempotencyKey != "" {
		key, hash = &n.IdempotencyKey, &n.RequestHash
	}
	id, err = e.insert(tx, insertOrder, o.UserID, o.Status, o.Lines, o.TotalCents, o.TableName, key, hash, o.PlacedAt)
	return id, tx.AddError(err)
}

// price copies the names and prices of the dishes onto a new order.
func (n NewOrder) price(menu *Menu) (Order, error) {
	now := Now()
	o := Order{UserID: n.UserID, Status: StatusPlaced, TableName: n.Table, PlacedAt: now, UpdatedAt: now}
	lines := make([]OrderLine, len(n.Lines))
	for i, l := range n.Lines {
		line, fault := n.priceLine(l, menu)
		if fault != nil {
			fault.Index = i
			return Order{}, fault
		}
		lines[i] = line
	}
	var err error
	o.Lines, o.TotalCents, err = TotalLines(lines)
	return o, err
}

// priceLine holds one line against the menu.
func (n NewOrder) priceLine(l NewLine, menu *Menu) (OrderLine, *LineError) {
	dish, known := menu.Item(l.MenuItemID)
	if !known {
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: "must be the id of a dish on the menu", Reason: ErrInvalidLine}
	}
	price, ok := dish.PriceOf(l.Size)
	switch {
	case dish.VIPOnly && !n.VIP:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: "This dish is served to VIPs only.", Reason: ErrVIPOnly}
	case dish.AgeRestricted && !n.AgeOver18:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: dish.Name + " is served to adults only.", Reason: ErrAgeRestricted}
	case !ok:
		return OrderLine{}, &LineError{Field: "size", Message: "must be a size that the dish comes in", Reason: ErrInvalidLine}
	case !dish.Available:
		return OrderLine{}, &LineError{Field: "menu_item_id", Message: dish.Name + " is sold out.", Reason: ErrItemUnavailable}
	}
	return OrderLine{MenuItemID: dish.ID, Name: dish.Name, Size: l.Size, Quantity: l.Quantity, Note: l.Note, UnitPriceCents: price}, nil
}
