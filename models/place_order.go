package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

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
	if o, err = n.priced(s.Menu()); err != nil {
		return n.despite(err, s.read(ctx))
	}
	err = s.writeOnce(ctx, func(tx *gorm.DB) error {
		if err := n.insert(tx, &o); !errors.Is(err, ErrNotFound) {
			return err
		}
		o, err = n.earlier(tx)
		replayed = err == nil
		return err
	})
	switch {
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		err = ErrUserUnknown
	case errors.Is(err, gorm.ErrDuplicatedKey): // written between the question and the answer, perhaps in another house
		return n.despite(err, s.read(ctx))
	}
	return o, replayed, err
}

// despite looks whether a refused order is the repetition of one that was taken
// when all its dishes could still be had.
func (n NewOrder) despite(refused error, db *gorm.DB) (Order, bool, error) {
	o, err := n.earlier(db)
	if errors.Is(err, ErrNotFound) {
		err = refused
	}
	return o, err == nil, err
}

// earlier finds the order that the key already stands for.
func (n NewOrder) earlier(db *gorm.DB) (Order, error) {
	if n.IdempotencyKey == "" {
		return Order{}, ErrNotFound
	}
	var o struct {
		Order
		RequestHash string
	}
	err := found(db.Table("orders").Where("user_id = ? AND idempotency_key = ?", n.UserID, n.IdempotencyKey).Take(&o).Error)
	if err == nil && o.RequestHash != n.RequestHash {
		return Order{}, ErrKeyReused
	}
	return o.Order, err
}

// insertOrder and insertKeyed are the hottest writes of the house.
const insertOrder = `INSERT INTO orders (user_id, status, lines, total_cents, table_name, placed_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id`

// insertKeyed writes nothing if the guest has used the key before. That is asked
// in the statement itself, because a conflict would use up a number.
const insertKeyed = `INSERT INTO orders (user_id, status, lines, total_cents, table_name, placed_at, updated_at, idempotency_key, request_hash)
	SELECT $1, $2, $3, $4, $5, $6, $6, $7, $8
	WHERE NOT EXISTS (SELECT 1 FROM orders WHERE user_id = $1 AND idempotency_key = $7) RETURNING id`

// insert writes the order o and fills in its id, past GORM's builder but over its
// connection. ErrNotFound means that the key stands for another order already.
func (n NewOrder) insert(tx *gorm.DB, o *Order) error {
	query, args := insertOrder, []any{o.UserID, o.Status, o.Lines, o.TotalCents, o.TableName, o.PlacedAt}
	if n.IdempotencyKey != "" {
		query, args = insertKeyed, append(args, n.IdempotencyKey, n.RequestHash)
	}
	err := tx.Statement.ConnPool.QueryRowContext(tx.Statement.Context, query, args...).Scan(&o.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return tx.AddError(err)
}

// priced copies the names and prices of the dishes onto a new order.
func (n NewOrder) priced(menu *Menu) (Order, error) {
	now := Now()
	o := Order{UserID: n.UserID, Status: StatusPlaced, TableName: n.Table, PlacedAt: now, UpdatedAt: now}
	lines := make([]OrderLine, len(n.Lines))
	for i, l := range n.Lines {
		line, fault := n.line(l, menu)
		if fault == nil {
			o.TotalCents, fault = line.addTo(o.TotalCents)
		}
		if fault != nil {
			fault.Index = i
			return Order{}, fault
		}
		lines[i] = line
	}
	var err error
	o.Lines, err = NewOrderLines(lines)
	return o, err
}

// line holds one line against the menu.
func (n NewOrder) line(l NewLine, menu *Menu) (OrderLine, *LineError) {
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
	return OrderLine{
		MenuItemID: dish.ID, Name: dish.Name, Size: l.Size, Quantity: l.Quantity, Note: l.Note,
		UnitPriceCents: price, LineTotalCents: price * l.Quantity,
	}, nil
}

// addTo adds the line to a total and notices when the sum no longer fits.
func (l OrderLine) addTo(total int64) (int64, *LineError) {
	if l.Quantity < 1 || l.UnitPriceCents < 1 || l.UnitPriceCents > (math.MaxInt64-total)/l.Quantity {
		return 0, &LineError{Field: "quantity", Message: "makes the bill too large", Reason: ErrInvalidLine}
	}
	return total + l.LineTotalCents, nil
}
