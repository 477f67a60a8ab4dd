package handlers

import (
	"math"
	"testing"

	"restaurant/httpjson"
	"restaurant/models"
)

// TestOrders_jsonIsTheEncoders holds what is written by hand
// against the encoder and the documented types.
func TestOrders_jsonIsTheEncoders(t *testing.T) {
	lines := []models.OrderLine{
		{MenuItemID: 7, Name: "Caffè «corretto» <&>", Size: "small", Quantity: 20, Note: "Senza \"zucchero\"\\ \u2028🍋", UnitPriceCents: 300, LineTotalCents: 6000},
		{MenuItemID: math.MaxInt64, Name: "Margherita", Size: "large", Quantity: 1, UnitPriceCents: 1250, LineTotalCents: 1250},
	}
	bill, _, err := models.TotalLines(lines)
	if err != nil {
		t.Fatal(err)
	}
	orders := []models.OrderSummary{
		{ID: 3, Status: models.StatusPlaced, Lines: bill, TotalCents: 7250, TableName: new("\"7\" & <terrace> 🌅"), PlacedAt: 1769886110123, UpdatedAt: 1769886110120},
		{ID: 2, Status: models.StatusCancelled, Lines: bill, TotalCents: math.MaxInt64, PlacedAt: 1769886110000, UpdatedAt: 0},
		{ID: 1, Status: models.StatusServed, Lines: bill, PlacedAt: 1, UpdatedAt: 253402300799999},
	}
	var items []orderResponse
	for _, o := range orders {
		item := orderResponse{ID: o.ID, Status: o.Status, TotalCents: o.TotalCents, Currency: models.Currency, Table: o.TableName, PlacedAt: o.PlacedAt.Time(), UpdatedAt: o.UpdatedAt.Time()}
		for _, l := range lines {
			item.Items = append(item.Items, orderLineResponse(l))
		}
		items = append(items, item)
		if want, err := httpjson.Encode(item); err != nil || string(appendOrder(nil, o))+"\n" != string(want) {
			t.Errorf("%s\nwant %s%v", appendOrder(nil, o), want, err)
		}
	}
	for limit, want := range map[int]ordersResponse{
		3: {Items: items},
		2: {Items: items[:2], NextCursor: new("aWQ6Mg")},
		0: {Items: []orderResponse{}},
	} {
		read := orders[:min(limit+1, 3)]
		if limit == 0 {
			read = nil
		}
		if text, err := httpjson.Encode(want); err != nil || string(appendPage(read, limit))+"\n" != string(text) {
			t.Errorf("%s\nwant %s%v", appendPage(read, limit), text, err)
		}
	}
}
