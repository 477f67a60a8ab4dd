package models

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// OrderLine is one line of a bill. Name and price are copies: tomorrow's menu
// must not rewrite today's bill.
type OrderLine struct {
	MenuItemID     int64  `json:"menu_item_id"`
	Name           string `json:"name"`
	Size           string `json:"size"`
	Quantity       int64  `json:"quantity"`
	Note           string `json:"note,omitempty"`
	UnitPriceCents int64  `json:"unit_price_cents"`
}

// OrderLines are stored as one JSON text with the order: they are written once,
// never changed and always read together, so a page of orders is one query.
type OrderLines []OrderLine

// linesFormat is the version of the stored text. A reader that meets another
// one refuses, rather than guessing what a bill said.
const linesFormat = 1

type storedLines struct {
	Format int         `json:"v"`
	Lines  []OrderLine `json:"lines"`
}

// Value writes the lines in today's format.
func (l OrderLines) Value() (driver.Value, error) {
	text, err := json.Marshal(storedLines{linesFormat, l})
	return string(text), err
}

// Scan reads the lines.
func (l *OrderLines) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("order lines: want text, got %T", src)
	}
	var stored storedLines
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return fmt.Errorf("order lines: %w", err)
	}
	if stored.Format != linesFormat {
		return fmt.Errorf("order lines: format %d is not known here", stored.Format)
	}
	*l = stored.Lines
	return nil
}
