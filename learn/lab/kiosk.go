package lab

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

const viaKiosk = "kiosk"

// @Description	What the kiosk answered to GET /me.
type kioskReport struct {
	// 200, or 401 for a refusal.
	Status int `json:"status" example:"200" enums:"200,401" validate:"required"`
	// The slug of the refusal, or null.
	Problem *string `json:"problem" example:"authentication-required" extensions:"x-nullable"`
} //@name KioskReportRequest

// hearKiosk takes a report of the kiosk for the lessons. It believes only what fits the
// token in the Authorization header, which it checks itself: nobody gets credit for a token
// that this server has not issued.
//
//	@Summary		The kiosk says what it has decided
//	@Description	The kiosk (`restaurant kiosk`) is a program of its own, so it reports what it decided, for the lessons. It forwards the Authorization header of its guest. The server checks that token itself and refuses a report that does not fit.
//	@ID				reportKiosk
//	@Tags			lab
//	@Accept			json
//	@Produce		json
//	@Security		Bearer
//	@x-security-optional	true
//	@Param			body	body	kioskReport	true	"What the kiosk decided"
//	@Success		204
//	@Failure		400	{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure		403	{object}	problem.Problem	"cross-origin"
//	@Failure		413	{object}	problem.Problem	"body-too-large"
//	@Failure		415	{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422	{object}	problem.Problem	"validation-failed: the report does not fit the token"
//	@Router			/lab/kiosk [post]
func (l *Lab) hearKiosk(c *gin.Context) error {
	var req kioskReport
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	said := ""
	if req.Problem != nil {
		said = *req.Problem
	}
	switch {
	case req.Status != http.StatusOK && req.Status != http.StatusUnauthorized:
		return httpjson.Invalid("status", "must be 200 or 401")
	case (said == "") != (req.Status == http.StatusOK), said != "" && said != problem.AuthenticationRequired.Slug && !strings.HasPrefix(said, "token-"):
		return httpjson.Invalid("problem", "must be null with 200, and with 401 the slug of the refusal of a token")
	}
	e := Evidence{Via: viaKiosk, Method: http.MethodGet, Route: "/me", Status: req.Status, Problem: said, Token: "none"}
	values := c.Request.Header.Values("Authorization")
	if len(values) > 0 {
		raw, p := httpjson.Bearer(values)
		if p != nil || !fits(said, l.Refusal(raw)) {
			return httpjson.Invalid("problem", "does not fit the token in the Authorization header")
		}
		e.TokenID, e.Token = idOf(raw), said
		if said == "" {
			e.Token = "valid"
		}
	} else if said != problem.AuthenticationRequired.Slug {
		return httpjson.Invalid("problem", "does not fit a request without a token")
	}
	l.Report(e)
	return httpjson.NoContent(c)
}

// fits reports whether the kiosk can have said this of a token that this server refuses with
// the slug here, or accepts if that is empty. The kiosk hears of a logout later.
func fits(said, here string) bool {
	return said == here || said == "" && here == problem.TokenRevoked.Slug
}

// idOf returns the jti of a token, which may be made up if the token was refused.
func idOf(raw string) string {
	_, payload, _ := strings.Cut(raw, ".")
	payload, _, _ = strings.Cut(payload, ".")
	claims, _ := decode(payload) // what cannot be decoded has none
	id, _ := claims["jti"].(string)
	return id
}
