package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
)

// @Description	What to order, and for which table. The server computes the prices and the total.
type placeOrderRequest struct {
	// 1 to 50 lines.
	Items []orderItem `json:"items" validate:"required,min=1,max=50"`
	// Where you sit: up to 20 characters.
	Table *string `json:"table" example:"7" minLength:"1" maxLength:"20" extensions:"x-nullable"`
} //@name PlaceOrderRequest

// @Description	One line of a new order.
type orderItem struct {
	MenuItemID int64  `json:"menu_item_id" example:"1" minimum:"1" validate:"required"`
	Size       string `json:"size" example:"large" enums:"small,medium,large,regular" validate:"required"`
	Quantity   int64  `json:"quantity" example:"1" minimum:"1" maximum:"20" validate:"required"`
	// For the cook: up to 200 characters.
	Note string `json:"note" example:"well done, please" maxLength:"200"`
} //@name OrderItem

// orderResponse and the two types below document what order_json.go writes.
//
//	@Description	An order: its lines, its total, and its status.
type orderResponse struct {
	ID         int64               `json:"id" example:"17" validate:"required"`
	Status     models.Status       `json:"status" example:"placed" validate:"required"`
	Items      []orderLineResponse `json:"items" validate:"required"`
	TotalCents int64               `json:"total_cents" example:"1250" validate:"required"`
	Currency   string              `json:"currency" example:"EUR" validate:"required"`
	Table      *string             `json:"table" example:"7" extensions:"x-nullable" validate:"required"`
	PlacedAt   time.Time           `json:"placed_at" example:"2026-01-31T19:01:50.123Z" format:"date-time" validate:"required"`
	UpdatedAt  time.Time           `json:"updated_at" example:"2026-01-31T19:01:50.123Z" format:"date-time" validate:"required"`
} //@name Order

// @Description	One line of an order, with the price when it was placed.
type orderLineResponse struct {
	MenuItemID     int64  `json:"menu_item_id" example:"1" validate:"required"`
	Name           string `json:"name" example:"Margherita" validate:"required"`
	Size           string `json:"size" example:"large" enums:"small,medium,large,regular" validate:"required"`
	Quantity       int64  `json:"quantity" example:"1" validate:"required"`
	Note           string `json:"note" example:"well done, please" validate:"required"`
	UnitPriceCents int64  `json:"unit_price_cents" example:"1250" validate:"required"`
	LineTotalCents int64  `json:"line_total_cents" example:"1250" validate:"required"`
} //@name OrderLine

// @Description	A page of orders. next_cursor leads to the next one and is null on the last.
type ordersResponse struct {
	Items []orderResponse `json:"items" validate:"required"`
	// Send it as cursor to get the next page. Null on the last page.
	NextCursor *string `json:"next_cursor" example:"aWQ6MTc" extensions:"x-nullable" validate:"required"`
} //@name OrderPage

// placeOrder stores an order and wakes the kitchen. Names, prices and the total come
// from the menu; the client chooses only the dishes and their number.
//
//	@Summary		Order
//	@Description	With an Idempotency-Key you can send the same request again, and the kitchen cooks only once. The answer then shows the first order, with `Idempotency-Replayed: true`.
//	@ID				placeOrder
//	@Tags			orders
//	@Accept			json
//	@Produce		json
//	@Security		Bearer
//	@Param			Idempotency-Key	header		string				false	"A name that you choose for this order, 1 to 255 visible characters"	minlength(1)	maxlength(255)
//	@Param			body			body		placeOrderRequest	true	"What you would like"
//	@Success		201				{object}	orderResponse
//	@Header			201				{string}	Location				"Where the order is"
//	@Header			201				{string}	Idempotency-Replayed	"true if this is the order of an earlier request"
//	@Failure		400				{object}	problem.Problem			"malformed-json, unknown-field"
//	@Failure		401				{object}	problem.Problem			"authentication-required, token-…"
//	@Failure		403				{object}	problem.Problem			"vip-only, age-restricted"
//	@Failure		409				{object}	problem.Problem			"item-unavailable"
//	@Failure		413				{object}	problem.Problem			"body-too-large"
//	@Failure		415				{object}	problem.Problem			"unsupported-media-type"
//	@Failure		422				{object}	problem.Problem			"validation-failed, idempotency-key-reused"
//	@Failure		503				{object}	problem.Problem			"database-unavailable, storage-full"
//	@Router			/api/v1/orders [post]
func (a *API) placeOrder(c *gin.Context) error {
	var req placeOrderRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	key, err := idempotencyKey(c, req.check())
	if err != nil {
		return err
	}
	o, replayed, err := a.Store.PlaceOrder(c.Request.Context(), req.order(c, key))
	if err != nil {
		return err
	}
	a.Kitchen.Wake()
	c.Header("Location", basepath.Of(c.Request)+"/api/v1/orders/"+strconv.FormatInt(o.ID, 10))
	if replayed {
		c.Header("Idempotency-Replayed", "true")
	}
	return respondOrder(c, http.StatusCreated, o)
}

// visibleASCII says nothing of the length: a pattern with {1,255} takes 190 KB.
var visibleASCII = regexp.MustCompile(`^[!-~]+$`)

// idempotencyKey reads the key, and returns what is wrong with it or with the body.
func idempotencyKey(c *gin.Context, cs httpjson.Checks) (string, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", cs.Err()
	}
	cs.Require(len(values) == 1 && len(values[0]) <= 255 && visibleASCII.MatchString(values[0]), "Idempotency-Key", "must be 1 to 255 visible ASCII characters, sent once")
	return values[0], cs.Err()
}

func (r placeOrderRequest) check() httpjson.Checks {
	var cs httpjson.Checks
	cs.Require(len(r.Items) >= 1 && len(r.Items) <= 50, "items", "must be a list of 1 to 50 lines")
	cs.Require(r.Table == nil || models.IsText(*r.Table, 20), "table", "must have 1 to 20 characters, "+models.TextRule)
	for i, item := range r.Items[:min(len(r.Items), 50)] {
		line := "items[" + strconv.Itoa(i) + "]."
		cs.Require(item.MenuItemID >= 1, line+"menu_item_id", "must be the id of a dish on the menu")
		cs.Require(isSize(item.Size), line+"size", "must be small, medium, large or regular")
		cs.Require(item.Quantity >= 1 && item.Quantity <= 20, line+"quantity", "must be a whole number from 1 to 20")
		cs.Require(models.IsOptionalText(item.Note, 200), line+"note", "must have up to 200 characters, "+models.OptionalTextRule)
	}
	return cs
}

func isSize(s string) bool {
	return s == models.SizeSmall || s == models.SizeMedium || s == models.SizeLarge || s == models.SizeRegular
}

func (r placeOrderRequest) order(c *gin.Context, key string) models.NewOrder {
	p := middleware.MustPrincipal(c)
	n := models.NewOrder{
		UserID: p.UserID, VIP: p.VIP, AgeOver18: p.AgeOver18,
		Table: r.Table, Lines: make([]models.NewLine, len(r.Items)),
	}
	for i, item := range r.Items {
		n.Lines[i] = models.NewLine(item)
	}
	if key != "" {
		n.IdempotencyKey, n.RequestHash = key, r.hash()
	}
	return n
}

// hash covers what was understood, not the bytes: with another order of fields or more
// spaces it is still the same request.
func (r placeOrderRequest) hash() string {
	text, err := httpjson.Encode(r)
	if err != nil { // it was decoded a moment ago
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// listOrders lists the guest's own orders, newest first.
//
//	@Summary	Your orders, newest first
//	@ID			listOrders
//	@Tags		orders
//	@Produce	json
//	@Security	Bearer
//	@Param		status	query		string	false	"Only with this status"	Enums(placed, preparing, ready, served, cancelled)
//	@Param		limit	query		int		false	"Orders per page"		default(20)	minimum(1)	maximum(100)
//	@Param		cursor	query		string	false	"next_cursor of the previous page"
//	@Success	200		{object}	ordersResponse
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable"
//	@Router		/api/v1/orders [get]
func (a *API) listOrders(c *gin.Context) error {
	status, below, limit, err := orderPage(c, math.MaxInt64)
	if err != nil {
		return err
	}
	orders, err := a.Store.OrdersOf(c.Request.Context(), middleware.MustPrincipal(c).UserID, status, below, limit+1)
	if err != nil {
		return err
	}
	return respondOrders(c, orders, limit)
}

// orderPage reads the query of both lists of orders.
func orderPage(c *gin.Context, start int64) (status models.Status, from int64, limit int, err error) {
	var cs httpjson.Checks
	q := httpjson.ReadQuery(c, &cs)
	if q.Has("status") {
		status = models.Status(q.Get("status"))
		cs.Require(status.Valid(), "status", statusRule)
	}
	from, limit = q.Page(start)
	return status, from, limit, cs.Err()
}

const statusRule = "must be placed, preparing, ready, served or cancelled"

// showOrder shows one order to its guest, a chef or a manager.
//
//	@Summary	One order
//	@ID			showOrder
//	@Tags		orders
//	@Produce	json
//	@Security	Bearer
//	@Param		id	path		int	true	"Number of the order"	minimum(1)
//	@Success	200	{object}	orderResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	404	{object}	problem.Problem	"not-found: no such order, or that of another guest"
//	@Failure	503	{object}	problem.Problem	"database-unavailable"
//	@Router		/api/v1/orders/{id} [get]
func (a *API) showOrder(c *gin.Context, id int64) error {
	o, err := a.visibleOrder(c, id)
	if err != nil {
		return err
	}
	middleware.SetOrder(c, o.Status)
	return respondOrder(c, http.StatusOK, o)
}

// visibleOrder returns the order if the caller may see it.
func (a *API) visibleOrder(c *gin.Context, id int64) (models.Order, error) {
	p := middleware.MustPrincipal(c)
	if p.Role == models.RoleChef || p.Role == models.RoleManager {
		return a.Store.Order(c.Request.Context(), id)
	}
	return a.Store.OrderOf(c.Request.Context(), p.UserID, id)
}

// cancelOrder cancels an order that is still placed.
//
//	@Summary	Cancel an order that is still placed
//	@ID			cancelOrder
//	@Tags		orders
//	@Produce	json
//	@Security	Bearer
//	@Param		id	path		int	true	"Number of the order"	minimum(1)
//	@Success	200	{object}	orderResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	404	{object}	problem.Problem	"not-found: no such order, or that of another guest"
//	@Failure	409	{object}	problem.Problem	"invalid-transition"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/orders/{id}/cancel [post]
func (a *API) cancelOrder(c *gin.Context, id int64) error {
	o, err := a.Kitchen.Cancel(c.Request.Context(), middleware.MustPrincipal(c).UserID, id)
	if err != nil {
		return err
	}
	return respondOrder(c, http.StatusOK, o)
}
