package handlers

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/problem"
	"restaurant/tokens"
)

// @Description	A token to read, as token or as access_token; or a certificate. The server ignores other fields, so you can send the saved answer to a login, or the saved certificate.
type inspectRequest struct {
	// The token to read. The server checks its signature, but gives no access.
	Token string `json:"token" example:"eyJhbGciOi…"`
	// The same as token, so that you can send the saved answer to a login.
	AccessToken string `json:"access_token" example:"eyJhbGciOi…"`
	// The same as token, so that you can send the saved answer of /learn/certificate.
	Certificate string `json:"certificate" example:"eyJhbGciOi…"`
} //@name InspectRequest

// @Description	What a token says, and if a call would accept it.
type inspectResponse struct {
	// If a call would accept the token.
	Active bool `json:"active" example:"false" validate:"required"`
	// Why a call would refuse it: the slugs of the problems.
	Reasons []string `json:"reasons" example:"token-expired" validate:"required"`
	// The first part, decoded. Null if it is not JSON. Its typ says what it is: at+jwt is an access token, certificate+jwt is a certificate, which no call accepts as a token.
	Header map[string]any `json:"header" swaggertype:"object" extensions:"x-nullable" validate:"required"`
	// The second part, decoded. Everybody can read it. Null if it is not JSON.
	Claims    map[string]any    `json:"claims" swaggertype:"object" extensions:"x-nullable" validate:"required"`
	Signature signatureResponse `json:"signature" validate:"required"`
	SizeBytes int               `json:"size_bytes" example:"742" validate:"required"`
	// Seconds until the token expires. Negative if it has expired, null without exp.
	ExpiresIn *int64 `json:"expires_in" example:"-12" extensions:"x-nullable" validate:"required"`
} //@name Inspection

// @Description	What the header says about the signature, and if it is valid: made with the private half of the key of jwks.json that kid names.
type signatureResponse struct {
	Alg   *string `json:"alg" example:"RS256" extensions:"x-nullable" validate:"required"`
	KID   *string `json:"kid" example:"6ECkTXx5kkcOK3wR" extensions:"x-nullable" validate:"required"`
	Valid bool    `json:"valid" example:"true" validate:"required"`
} //@name Signature

// inspect decodes a token and says how the guards would judge it. It grants nothing.
//
//	@Summary		Show what is in a token
//	@Description	Decodes a JWT and says if a call would accept it. The server ignores unknown fields, so you can send the saved answer to a login. It also checks the signature of a certificate of /learn/certificate, whose saved answer you can send.
//	@ID				inspectToken
//	@Tags			auth
//	@Accept			json
//	@Produce		json
//	@Param			body	body		inspectRequest	true	"A token"
//	@Success		200		{object}	inspectResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, token-missing"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/api/v1/auth/inspect [post]
func (a *API) inspect(c *gin.Context) error {
	httpjson.NoStore(c)
	var req inspectRequest
	if err := httpjson.BindIgnoringUnknown(c, &req); err != nil {
		return err
	}
	raw := cmp.Or(bare(req.Token), bare(req.AccessToken), bare(req.Certificate))
	if raw == "" {
		return problem.TokenMissing.New("")
	}
	inspection := a.Authority.Inspect(raw)
	if sub, ok := inspection.Claims["sub"].(string); ok && inspection.SignatureValid {
		middleware.SetInspected(c, sub, inspection.Err == nil)
	}
	return httpjson.Respond(c, http.StatusOK, newInspectResponse(raw, inspection, a.Authority.Now()))
}

// bare strips what people copy together with a token.
func bare(text string) string {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"Authorization:", "Bearer "} {
		if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			text = strings.TrimSpace(text[len(prefix):])
		}
	}
	return text
}

func newInspectResponse(raw string, r tokens.Inspection, now time.Time) inspectResponse {
	res := inspectResponse{
		Active: r.Err == nil, Reasons: []string{}, Header: r.Header, Claims: r.Claims,
		Signature: signatureResponse{Alg: httpjson.Optional(r.Algorithm), KID: httpjson.Optional(r.KeyID), Valid: r.SignatureValid},
		SizeBytes: len(raw),
	}
	if r.Err != nil {
		res.Reasons = append(res.Reasons, middleware.KindOf(r.Err).Slug)
	}
	if exp, ok := r.Claims["exp"].(float64); ok && exp > -maxExp && exp < maxExp {
		left := int64(exp) - now.Unix()
		res.ExpiresIn = &left
	}
	return res
}

// maxExp bounds exp: from 2^53 on, a float64 is no exact number of seconds.
const maxExp = 1 << 53
