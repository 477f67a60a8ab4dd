package models

import (
	"database/sql/driver"
	"fmt"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
)

// OrderLine is one line of an order. Name and price are copies: tomorrow's menu
// must not rewrite today's bill.
type OrderLine struct {
	MenuItemID     int64  `json:"menu_item_id"`
	Name           string `json:"name"`
	Size           string `json:"size"`
	Quantity       int64  `json:"quantity"`
	Note           string `json:"note"`
	UnitPriceCents int64  `json:"unit_price_cents"`
	LineTotalCents int64  `json:"line_total_cents"`
}

// OrderLines is a JSON array of OrderLine. The lines of an order never change and
// are always read as a whole, so they are stored as the text that clients get: a
// page of orders is one query, and nothing is decoded to be encoded again.
type OrderLines string

// TotalLines fills in LineTotalCents and returns the encoded lines and their sum.
// A sum that does not fit, or a line without quantity or price, is a *LineError.
func TotalLines(lines []OrderLine) (bill OrderLines, totalCents int64, err error) {
	for i := range lines {
		l := &lines[i]
		if l.Quantity < 1 || l.UnitPriceCents < 1 || l.UnitPriceCents > (math.MaxInt64-totalCents)/l.Quantity {
			return "", 0, &LineError{Index: i, Field: "quantity", Message: "makes the total too large", Reason: ErrInvalidLine}
		}
		l.LineTotalCents = l.UnitPriceCents * l.Quantity
		totalCents += l.LineTotalCents
	}
	text, err := json.Marshal(lines)
	return OrderLines(text), totalCents, err
}

// The stored text is a JSON object with the version of its format in front. Scan
// refuses an unknown version rather than guessing.
const (
	linesHead = `{"v":2,"lines":`
	linesTail = `}`
)

// Value makes OrderLines a driver.Valuer. It writes the current format.
func (l OrderLines) Value() (driver.Value, error) { return l.stored(), nil }

func (l OrderLines) stored() string { return linesHead + string(l) + linesTail }

// Scan makes OrderLines a sql.Scanner.
func (l *OrderLines) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("order lines: want text, got %T", src)
	}
	if lines, ok := strings.CutPrefix(text, linesHead); ok && strings.HasSuffix(lines, "]"+linesTail) {
		*l = OrderLines(lines[:len(lines)-len(linesTail)])
		return nil
	}
	return l.scanV1(text)
}

// scanV1 reads the first format, which had no line totals.
func (l *OrderLines) scanV1(text string) error {
	var stored struct {
		Format int         `json:"v"`
		Lines  []OrderLine `json:"lines"`
	}
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return fmt.Errorf("order lines: %w", err)
	}
	if stored.Format != 1 {
		return fmt.Errorf("order lines: format %d is not known here", stored.Format)
	}
	bill, _, err := TotalLines(stored.Lines)
	if err == nil {
		*l = bill
	}
	return err
}
