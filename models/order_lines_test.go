package models

import (
	"errors"
	"strings"
	"testing"
)

func TestOrderLinesAreReadAsTheyWereWritten(t *testing.T) {
	want := OrderLines{
		{7, "Caffè «corretto» <&>", SizeSmall, 20, "Senza zucchero, \"per favore\"\n🍋", 300},
		{1, "Margherita", SizeLarge, 1, "", 1250},
	}
	text, err := want.Value()
	noError(t, err)
	if !strings.HasPrefix(text.(string), `{"v":1,"lines":[`) {
		t.Errorf("stored as %s", text)
	}
	var got OrderLines
	noError(t, got.Scan(text))
	wantSame(t, got, want)
}

func TestOrderLinesInAnUnknownFormAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		stored any
		ok     bool
	}{
		{"today's format is read", `{"v":1,"lines":[{"menu_item_id":1,"name":"Margherita","size":"small","quantity":1,"unit_price_cents":750}]}`, true},
		{"a later format is refused", `{"v":2,"lines":[]}`, false},
		{"an earlier format is refused", `{"v":0,"lines":[]}`, false},
		{"no format is refused", `{"lines":[]}`, false},
		{"a bare list is refused", `[]`, false},
		{"no JSON is refused", `two Margherita`, false},
		{"half of it is refused", `{"v":1,"lines":[{"menu_item_id":1`, false},
		{"nothing is refused", nil, false},
		{"a number is refused", int64(1), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := OrderLines{{MenuItemID: 5}}
			got := before
			err := got.Scan(tc.stored)
			if (err == nil) != tc.ok {
				t.Errorf("err = %v", err)
			}
			if !tc.ok {
				wantSame(t, got, before)
			}
		})
	}
}

// A bill that cannot be read is a failure, not an empty bill and not a missing one.
func TestOrderInALaterFormatIsNotGuessedAt(t *testing.T) {
	s := openBook(t)
	alice, dish := enter(t, s, "alice"), cook(t, s)
	o := place(t, s, alice, dish)
	_, err := s.OrderOf(t.Context(), alice.ID, o.ID) // the control
	noError(t, err)
	change(t, s, `UPDATE orders SET lines = '{"v":2,"lines":[]}'`)
	if _, err := s.OrderOf(t.Context(), alice.ID, o.ID); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("one order: %v", err)
	}
	if page, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); err == nil {
		t.Errorf("the list: %+v", page)
	}
}
