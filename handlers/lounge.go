package handlers

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
)

// @Description	A greeting, and the dishes that only VIPs see.
type loungeResponse struct {
	Message string `json:"message" example:"Good evening, Vera. The lounge is yours." validate:"required"`
	menuResponse
} //@name Lounge

// showLounge is guarded by a claim: the access token says whether the guest is a VIP,
// so it needs no query.
//
//	@Summary	The VIP lounge and its dishes
//	@ID			showLounge
//	@Tags		menu
//	@Produce	json
//	@Security	Bearer
//	@Success	200	{object}	loungeResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"vip-only"
//	@Router		/api/v1/lounge [get]
func (a *API) showLounge(c *gin.Context) error {
	secret := slices.DeleteFunc(slices.Clone(a.Store.Menu().Items), func(m models.MenuItem) bool { return !m.VIPOnly })
	setVary(c)
	return httpjson.Respond(c, http.StatusOK, loungeResponse{
		Message:      "Good evening, " + middleware.MustPrincipal(c).Name + ". The lounge is yours.",
		menuResponse: newMenuResponse(secret),
	})
}
