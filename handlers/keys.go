package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/tokens"
	"restaurant/tokens/verify"
)

// @Description	The public keys for all tokens that the server accepts (RFC 7517).
type jwksResponse struct {
	Keys []verify.JWK `json:"keys" validate:"required"`
} //@name JWKS

// jwks publishes the public keys, which verify access tokens but cannot sign any.
//
//	@Summary	The public keys (RFC 7517)
//	@ID			listKeys
//	@Tags		keys
//	@Produce	json
//	@Success	200	{object}	jwksResponse
//	@Router		/.well-known/jwks.json [get]
func (a *API) jwks(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=60")
	return httpjson.Respond(c, http.StatusOK, jwksResponse{Keys: a.Authority.Keys().JWKS()})
}

// publicPEM publishes the current public key in the format that most tools read.
//
//	@Summary	The current public key as PEM
//	@ID			showPublicKey
//	@Tags		keys
//	@Produce	application/x-pem-file
//	@Success	200	{string}	string	"-----BEGIN PUBLIC KEY-----"
//	@Router		/.well-known/public.pem [get]
func (a *API) publicPEM(c *gin.Context) error {
	text, err := a.Authority.Keys().PublicPEM()
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=60")
	c.Data(http.StatusOK, "application/x-pem-file", text)
	return nil
}

// @Description	The key that signs from now on.
type rotateResponse struct {
	KID string `json:"kid" example:"6ECkTXx5kkcOK3wR" validate:"required"`
} //@name RotatedKey

// rotateKeys creates a key that signs from now on. Tokens signed by the old one stay
// valid until they expire. At most five keys are valid at a time.
//
//	@Summary	Sign with a new key from now on
//	@ID			rotateKeys
//	@Tags		keys
//	@Produce	json
//	@Security	Bearer
//	@Success	201	{object}	rotateResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required, cross-origin"
//	@Failure	429	{object}	problem.Problem	"rate-limited: also while the server already accepts five keys"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/auth/keys/rotate [post]
func (a *API) rotateKeys(c *gin.Context) error {
	kid, err := a.Authority.Keys().Rotate(c.Request.Context(), a.Authority.LongestLifetime())
	if full, ok := errors.AsType[tokens.TooManyKeysError](err); ok {
		return problem.RateLimited.New("The server already accepts as many keys as it keeps at one time. Rotate again when the first of them has expired.").RetryAfter(full.Wait)
	}
	if err != nil {
		return err
	}
	return httpjson.Respond(c, http.StatusCreated, rotateResponse{KID: kid})
}
