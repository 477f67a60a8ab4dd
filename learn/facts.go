package learn

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

// @Description	What the server remembers of the latest requests.
type factsResponse struct {
	Items []factResponse `json:"items" validate:"required"`
} //@name FactList

// @Description	What the server remembers of a request: no token, no body, no name.
type factResponse struct {
	At     time.Time `json:"at" example:"2026-01-31T19:01:00Z" format:"date-time" validate:"required"`
	Method string    `json:"method" example:"GET" validate:"required"`
	// The pattern of the address, or none if the address does not exist.
	Route string `json:"route" example:"/api/v1/menu/:id" validate:"required"`
	// 0 if the lab saw a client leave before it had sent a request.
	Status  int     `json:"status" example:"404" minimum:"0" maximum:"599" validate:"required"`
	Problem *string `json:"problem" example:"not-found" extensions:"x-nullable" validate:"required"`
	// Id of the user, or null.
	Who *int64 `json:"who" example:"1" extensions:"x-nullable" validate:"required"`
	// none, valid, or the slug with which the token was refused.
	Token string `json:"token" example:"none" validate:"required"`
	// Identifies a token without showing it. Null if there was none.
	TokenHash *string `json:"token_hash" example:"9f3c2ab10d4e5f60" extensions:"x-nullable" validate:"required"`
} //@name Fact

const maxFacts = 20

// facts shows what is kept of the newest requests: no token, password or body.
//
//	@Summary	What the server remembers of the latest requests
//	@Description	Only a manager may read this. If only this machine can reach the server, everybody on it may.
//	@ID			listFacts
//	@Tags		lessons
//	@Produce	json
//	@Security	Bearer
//	@x-security-optional	true
//	@Success	200	{object}	factsResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required"
//	@Router		/learn/facts [get]
func (h *Handler) facts(c *gin.Context) error {
	if err := h.ownsServer(c); err != nil {
		return err
	}
	facts, err := h.store.Facts(c.Request.Context(), maxFacts)
	if err != nil {
		return err
	}
	var res factsResponse
	for _, f := range facts {
		item := factResponse{At: time.UnixMilli(f.At).UTC(), Method: f.Method, Route: f.Route, Status: f.Status, Problem: httpjson.Optional(f.Problem), Token: f.Token}
		if f.Who != 0 {
			item.Who = &f.Who
		}
		if f.TokenHash != 0 {
			item.TokenHash = httpjson.Optional(fmt.Sprintf("%016x", f.TokenHash))
		}
		res.Items = append(res.Items, item)
	}
	return respond(c, res)
}
