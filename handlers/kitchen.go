package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/kitchen"
	"restaurant/middleware"
	"restaurant/models"
)

// listKitchen lists the orders of all guests, oldest first. A chef who reads them gets a
// minute in which placed orders wait, see kitchen.BoardRead.
//
//	@Summary	The orders of all guests, oldest first
//	@ID			listKitchenOrders
//	@Tags		kitchen
//	@Produce	json
//	@Security	Bearer
//	@Param		status	query		string	false	"Only orders with this status. Without it: all orders that are not finished"	Enums(placed, preparing, ready, served, cancelled)
//	@Param		limit	query		int		false	"Orders per page"												default(20)	minimum(1)	maximum(100)
//	@Param		cursor	query		string	false	"next_cursor of the previous page"
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
	if middleware.MustPrincipal(c).Role == models.RoleChef {
		a.Kitchen.BoardRead(c.Request.Context())
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

// @Description	Who moves the orders on, and how fast.
type kitchenModeResponse struct {
	// auto: they move on by themselves; manual: a chef moves them on
	Mode string `json:"mode" enums:"auto,manual" example:"auto" validate:"required"`
	// Time for each step in an automatic kitchen, in milliseconds
	PaceMS int64 `json:"pace_ms" example:"3000" minimum:"1" maximum:"86400000" validate:"required"`
} //@name KitchenMode

func newKitchenModeResponse(m kitchen.Mode) kitchenModeResponse {
	mode := modeAuto
	if m.Manual {
		mode = modeManual
	}
	return kitchenModeResponse{Mode: mode, PaceMS: m.Pace.Milliseconds()}
}

const (
	modeAuto   = "auto"
	modeManual = "manual"
	// maxPaceMS is 24 hours, as for the setting RESTAURANT_KITCHEN_PACE.
	maxPaceMS = int64(24 * time.Hour / time.Millisecond)
)

// showKitchenMode shows the mode of the instance that answers.
//
//	@Summary	Who cooks: the kitchen by itself, or a chef
//	@ID			showKitchenMode
//	@Tags		kitchen
//	@Produce	json
//	@Security	Bearer
//	@Success	200	{object}	kitchenModeResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required"
//	@Router		/api/v1/kitchen/mode [get]
func (a *API) showKitchenMode(c *gin.Context) error {
	return httpjson.Respond(c, http.StatusOK, newKitchenModeResponse(a.Kitchen.Mode()))
}

// @Description	Who should move the orders on, and how fast.
type kitchenModeRequest struct {
	// auto: they move on by themselves; manual: a chef moves them on
	Mode string `json:"mode" enums:"auto,manual" example:"manual" validate:"required"`
	// Time for each step in an automatic kitchen, in milliseconds. Without it the pace stays the same
	PaceMS *int64 `json:"pace_ms" example:"3000" minimum:"1" maximum:"86400000"`
} //@name KitchenModeRequest

func (r kitchenModeRequest) check() error {
	var cs httpjson.Checks
	cs.Require(r.Mode == modeAuto || r.Mode == modeManual, "mode", "must be auto or manual")
	cs.Require(r.PaceMS == nil || *r.PaceMS >= 1 && *r.PaceMS <= maxPaceMS, "pace_ms", "must be from 1 to 86400000 (24 hours)")
	return cs.Err()
}

// setKitchenMode changes the mode of the instance that answers, until its next start.
//
//	@Summary	Let a chef cook, or the kitchen by itself, until the next start
//	@ID			setKitchenMode
//	@Tags		kitchen
//	@Accept		json
//	@Produce	json
//	@Security	Bearer
//	@Param		body	body		kitchenModeRequest	true	"The new mode"
//	@Success	200		{object}	kitchenModeResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required, cross-origin"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/api/v1/kitchen/mode [put]
func (a *API) setKitchenMode(c *gin.Context) error {
	var req kitchenModeRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	var pace time.Duration // keeps the present one
	if req.PaceMS != nil {
		pace = time.Duration(*req.PaceMS) * time.Millisecond
	}
	return httpjson.Respond(c, http.StatusOK, newKitchenModeResponse(a.Kitchen.SetMode(req.Mode == modeManual, pace)))
}
