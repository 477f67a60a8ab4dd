package models

import (
	"errors"
	"strings"
	"testing"
)

func TestOrderLines_roundTrip(t *testing.T) {
	lines := []OrderLine{
		{7, "Caffè «corretto» <&>", SizeSmall, 20, "Senza zucchero, \"per favore\"\n🍋", 300, 6000},
		{1, "Margherita", SizeLarge, 1, "", 1250, 1250},
	}
	want, total, err := TotalLines(lines)
	noError(t, err)
	if total != 7250 {
		t.Errorf("the total is %d", total)
	}
	text, err := want.Value()
	noError(t, err)
	if !strings.HasPrefix(text.(string), `{"v":2,"lines":[`) {
		t.Errorf("stored as %s", text)
	}
	var got OrderLines
	noError(t, got.Scan(text))
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantSame(t, linesOf(t, Order{Lines: got}), lines)
}

func TestOrderLines_refuseUnknownForms(t *testing.T) {
	const pizzas = `[{"menu_item_id":1,"name":"Margherita","size":"small","quantity":2,"note":"","unit_price_cents":750,"line_total_cents":1500}]`
	for _, tc := range []struct {
		name   string
		stored any
		want   OrderLines // empty where it is refused
	}{
		{"today's format is read", `{"v":2,"lines":` + pizzas + `}`, pizzas},
		{"the first format is read", `{"v":1,"lines":[{"menu_item_id":1,"name":"Margherita","size":"small","quantity":2,"unit_price_cents":750}]}`, pizzas},
		{"a later format is refused", `{"v":3,"lines":[]}`, ""},
		{"an earlier format is refused", `{"v":0,"lines":[]}`, ""},
		{"no format is refused", `{"lines":[]}`, ""},
		{"a bare list is refused", `[]`, ""},
		{"no JSON is refused", `two Margherita`, ""},
		{"half of it is refused", `{"v":2,"lines":[{"menu_item_id":1`, ""},
		{"half of the first format is refused", `{"v":1,"lines":[{"menu_item_id":1`, ""},
		{"nothing is refused", nil, ""},
		{"a number is refused", int64(1), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const before OrderLines = "[]"
			got := before
			err := got.Scan(tc.stored)
			if (err == nil) != (tc.want != "") {
				t.Errorf("err = %v", err)
			}
			if err != nil {
				tc.want = before
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// A bill that cannot be read is a failure, not an empty bill and not a missing one.
func TestOrderLines_refuseALaterFormat(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	o := placeOrder(t, s, alice, dish)
	_, err := s.OrderOf(t.Context(), alice.ID, o.ID) // the control
	noError(t, err)
	exec(t, s, `UPDATE orders SET lines = '{"v":3,"lines":[]}'`)
	if _, err := s.OrderOf(t.Context(), alice.ID, o.ID); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("one order: %v", err)
	}
	if page, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); err == nil {
		t.Errorf("the list: %+v", page)
	}
}
