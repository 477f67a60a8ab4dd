package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
)

// listKitchen lists the orders of all guests, oldest first.
//
//	@Summary	Everybody's orders, oldest first
//	@ID			listKitchenOrders
//	@Tags		kitchen
//	@Produce	json
//	@Security	Bearer
//	@Param		status	query		string	false	"Only with this status; without it, those that are not done"	Enums(placed, preparing, ready, served, cancelled)
//	@Param		limit	query		int		false	"Orders on a page"												default(20)	minimum(1)	maximum(100)
//	@Param		cursor	query		string	false	"next_cursor of the page before"
//	@Success	200		{object}	ordersResponse
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable"
//	@Router		/api/v1/kitchen/orders [get]
func (a *API) listKitchen(c *gin.Context) error {
	status, after, limit, err := orderPage(c, 0)
	if err != nil {
		return err
	}
	orders, err := a.Store.OpenOrders(c.Request.Context(), status, after, limit+1)
	if err != nil {
		return err
	}
	return respondOrders(c, orders, limit)
}

// @Description	The next status of an order.
type advanceRequest struct {
	Status models.Status `json:"status" example:"preparing" validate:"required"`
} //@name AdvanceRequest

// advanceOrder moves an order one step on (placed, preparing, ready, served), or
// cancels one that is still placed.
//
//	@Summary	Move an order on
//	@ID			advanceOrder
//	@Tags		kitchen
//	@Accept		json
//	@Produce	json
//	@Security	Bearer
//	@Param		id		path		int				true	"Number of the order"	minimum(1)
//	@Param		body	body		advanceRequest	true	"The next status"
//	@Success	200		{object}	orderResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	409		{object}	problem.Problem	"invalid-transition"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/kitchen/orders/{id} [patch]
func (a *API) advanceOrder(c *gin.Context, id int64) error {
	var req advanceRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	if !req.Status.Valid() {
		return httpjson.Invalid("status", statusRule)
	}
	o, err := a.Kitchen.Advance(c.Request.Context(), id, req.Status)
	if err != nil {
		return err
	}
	return respondOrder(c, http.StatusOK, o)
}
