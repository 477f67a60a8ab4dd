package handlers

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
)

// @Description	A refresh token. The server ignores other fields, so you can send the saved answer to a login.
type refreshRequest struct {
	RefreshToken string `json:"refresh_token" example:"pEbPTEbYQ5kKvzTYBnSTtDDZn2Ve…"`
} //@name RefreshRequest

// refresh exchanges a refresh token for a new access token and a new refresh token. If
// one is used twice, two parties have it, so the login session ends.
//
//	@Summary		Exchange a refresh token for new tokens
//	@Description	Send the refresh token in the body or in the refresh cookie. The new tokens come back in the same way. The server ignores unknown fields, so you can send the saved answer to a login. A form must be that of OAuth, with `grant_type=refresh_token`.
//	@ID				refresh
//	@Tags			auth
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		refreshRequest	false	"The refresh token, if it is not in the cookie"
//	@Success		200		{object}	tokenResponse
//	@Header	200	{string}	Set-Cookie	"The new tokens, if the refresh token came in a cookie"
//	@Failure		400		{object}	problem.Problem	"malformed-json"
//	@Failure		401		{object}	problem.Problem	"refresh-token-invalid, refresh-token-reused"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Failure		429		{object}	problem.Problem	"rate-limited"
//	@Failure		503		{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router			/api/v1/auth/refresh [post]
func (a *API) refresh(c *gin.Context) error {
	httpjson.NoStore(c)
	token, byCookie, err := a.readRefreshToken(c)
	if err != nil {
		a.metrics.Refresh(err)
		return err
	}
	return a.exchange(c, token, byCookie)
}

// grantRefresh is the grant_type of OAuth for a refresh (RFC 6749, section 6).
const grantRefresh = "refresh_token"

// exchange answers with the tokens that a refresh token is good for.
func (a *API) exchange(c *gin.Context, token string, byCookie bool) error {
	pair, err := a.Sessions.Refresh(c.Request.Context(), token)
	a.metrics.Refresh(err)
	if err != nil {
		if byCookie && middleware.ToProblem(err).Status == http.StatusUnauthorized {
			a.cookies.Clear(c) // its token is never valid again
		}
		return err
	}
	if !byCookie {
		pair.Delivery = models.DeliverBody
	}
	return a.writeTokens(c, pair)
}

// readRefreshToken returns the refresh token from the body, or else from the cookie,
// which only pages of our own origin may use.
func (a *API) readRefreshToken(c *gin.Context) (token string, byCookie bool, err error) {
	if hasBody(c.Request) {
		if token, err = refreshTokenInBody(c); err != nil || token != "" {
			return token, false, err
		}
	}
	if !a.cookies.HasRefresh(c) {
		return "", false, problem.RefreshTokenInvalid.New("The request has no voucher (refresh token). Send it as refresh_token in the body, or in the cookie that a login with cookies sets.")
	}
	if a.cookies.CrossSite(c) {
		return "", true, problem.CrossOrigin.New("")
	}
	if token, err = a.cookies.Refresh(c); err != nil {
		a.cookies.Clear(c) // our own of the two, so that the next login works
		return "", true, problem.RefreshTokenInvalid.New("The request has two refresh cookies of the same name, and the server cannot know which one is its own. Delete the cookies of this host and log in again.")
	}
	return token, true, nil
}

// refreshTokenInBody reads the refresh token from JSON or from a form of OAuth.
func refreshTokenInBody(c *gin.Context) (string, error) {
	if httpjson.MediaType(c) != httpjson.FormType {
		var req refreshRequest
		err := httpjson.BindIgnoringUnknown(c, &req)
		return req.RefreshToken, err
	}
	fields, err := httpjson.SingleForm(c, "grant_type", "refresh_token", "scope", "client_id", "client_secret")
	if err != nil {
		return "", err
	}
	if grant, sent := fields["grant_type"]; sent && grant != grantRefresh {
		return "", httpjson.Invalid("grant_type", "must be refresh_token")
	}
	return fields["refresh_token"], nil
}

// hasBody reports whether the body of a request has at least one byte.
func hasBody(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength > 0
	}
	var first [1]byte // of a body without a length, only reading shows it
	n, err := io.ReadFull(r.Body, first[:])
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), r.Body), r.Body}
	return !errors.Is(err, io.EOF)
}

// logout ends the login session of the access token: none of its tokens is valid from
// the next request on. Cookies alone are enough, also when they are not valid any more:
// a guest who wants to leave is never told that they cannot.
//
//	@Summary	End this login session
//	@ID			logout
//	@Tags		leaving
//	@Security	Bearer
//	@Success	204
//	@Header	204	{string}	Set-Cookie	"Clears the cookies of a session that has ended"
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…, refresh-token-invalid"
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Failure	429	{object}	problem.Problem	"rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/auth/logout [post]
func (a *API) logout(c *gin.Context) error {
	httpjson.NoStore(c)
	if err := a.endCurrentSession(c); err != nil {
		return err
	}
	return httpjson.NoContent(c)
}

func (a *API) endCurrentSession(c *gin.Context) error {
	byHeader := c.GetHeader("Authorization") != ""
	if byHeader && middleware.IsAuthenticated(c) {
		return a.endHeaderSession(c)
	}
	if !a.cookies.Any(c) {
		return problem.AuthenticationRequired.New("")
	}
	if a.cookies.CrossSite(c) {
		return problem.CrossOrigin.New("")
	}
	ended, err := a.endCookieSessions(c)
	if err != nil {
		return err
	}
	a.cookies.Clear(c)
	if !ended && byHeader { // see ForLogout
		return middleware.ToProblem(models.ErrRefreshInvalid).RefusesToken("expired")
	}
	return nil
}

func (a *API) endHeaderSession(c *gin.Context) error {
	p := middleware.MustPrincipal(c)
	err := ignoreNotFound(a.Store.EndSession(c.Request.Context(), p.UserID, p.SessionID, models.EndLogout))
	if err == nil {
		a.clearUseless(c)
	}
	return err
}

// clearUseless takes back the cookies whose sessions do not go on. Without its cookie nobody
// could end a session that does.
func (a *API) clearUseless(c *gin.Context) {
	access, refresh := a.cookies.All(c)
	if !slices.ContainsFunc(access, func(k *http.Cookie) bool { return a.Authority.Refusal(k.Value) == "" }) {
		a.cookies.ClearAccess(c)
	}
	ctx := c.Request.Context()
	if !slices.ContainsFunc(refresh, func(k *http.Cookie) bool { return a.Sessions.IsRefreshAlive(ctx, k.Value) }) {
		a.cookies.ClearRefresh(c)
	}
}

// endCookieSessions ends the login sessions of all tokens in cookies, also where two have
// one name, and reports whether there was one.
func (a *API) endCookieSessions(c *gin.Context) (ended bool, err error) {
	ctx := c.Request.Context()
	access, refresh := a.cookies.All(c)
	for _, cookie := range access {
		one, err := a.Sessions.EndByAccess(ctx, cookie.Value, models.EndLogout)
		if err != nil {
			return ended, err
		}
		ended = ended || one
	}
	for _, cookie := range refresh {
		err := a.Sessions.EndByRefresh(ctx, cookie.Value)
		if err != nil && !errors.Is(err, models.ErrRefreshInvalid) {
			return ended, err
		}
		ended = ended || err == nil
	}
	return ended, nil
}

// ignoreNotFound accepts that what should end has ended already.
func ignoreNotFound(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	return err
}

// @Description	A login session: one login and its refreshes.
type sessionResponse struct {
	ID string `json:"id" example:"hG7fPq2LxWZ9cT4a" validate:"required"`
	// If this request belongs to it.
	Current   bool      `json:"current" example:"true" validate:"required"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-31T19:00:00Z" format:"date-time" validate:"required"`
	// The last login or refresh.
	LastUsedAt time.Time `json:"last_used_at" example:"2026-01-31T19:14:00Z" format:"date-time" validate:"required"`
	// When its refresh token expires.
	ExpiresAt time.Time `json:"expires_at" example:"2026-02-07T19:14:00Z" format:"date-time" validate:"required"`
	UserAgent string    `json:"user_agent" example:"curl/8.5.0" validate:"required"`
} //@name Session

// @Description	Your login sessions that have not ended.
type sessionsResponse struct {
	Items []sessionResponse `json:"items" validate:"required"`
} //@name SessionList

// listSessions lists the caller's login sessions.
//
//	@Summary	Your login sessions, newest first
//	@ID			listSessions
//	@Tags		auth
//	@Produce	json
//	@Security	Bearer
//	@Success	200	{object}	sessionsResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	429	{object}	problem.Problem	"rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable"
//	@Router		/api/v1/auth/sessions [get]
func (a *API) listSessions(c *gin.Context) error {
	p := middleware.MustPrincipal(c)
	sessions, err := a.Store.SessionsOf(c.Request.Context(), p.UserID)
	if err != nil {
		return err
	}
	res := sessionsResponse{Items: make([]sessionResponse, len(sessions))}
	for i, s := range sessions {
		res.Items[i] = sessionResponse{
			ID: s.ID, Current: s.ID == p.SessionID, CreatedAt: s.CreatedAt.Time(), LastUsedAt: s.LastUsedAt.Time(),
			ExpiresAt: s.ExpiresAt.Time(), UserAgent: s.UserAgent,
		}
	}
	return httpjson.Respond(c, http.StatusOK, res)
}

// endSession ends one of the caller's login sessions.
//
//	@Summary	End one of your login sessions
//	@ID			endSession
//	@Tags		leaving
//	@Security	Bearer
//	@Param		id	path	string	true	"The id of the session"
//	@Success	204
//	@Header	204	{string}	Set-Cookie	"Clears the cookies of a session that has ended"
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Failure	404	{object}	problem.Problem	"not-found: no such session, or it has ended, or it is that of another guest"
//	@Failure	429	{object}	problem.Problem	"rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/auth/sessions/{id} [delete]
func (a *API) endSession(c *gin.Context) error {
	err := a.Store.EndSession(c.Request.Context(), middleware.MustPrincipal(c).UserID, c.Param("id"), models.EndUser)
	if errors.Is(err, models.ErrNotFound) {
		return problem.NotFound.New("You have no open login session with that id.").Because(err)
	}
	if err != nil {
		return err
	}
	a.clearUseless(c)
	return httpjson.NoContent(c)
}

// endSessions ends all of the caller's login sessions, this one included.
//
//	@Summary	End all your login sessions
//	@ID			endSessions
//	@Tags		leaving
//	@Security	Bearer
//	@Success	204
//	@Header	204	{string}	Set-Cookie	"Clears the cookies of a session that has ended"
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Failure	429	{object}	problem.Problem	"rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/auth/sessions [delete]
func (a *API) endSessions(c *gin.Context) error {
	if err := a.Store.EndSessions(c.Request.Context(), middleware.MustPrincipal(c).UserID, "", models.EndUser); err != nil {
		return err
	}
	a.clearUseless(c)
	return httpjson.NoContent(c)
}

// @Description	The present password, and the new one.
type passwordRequest struct {
	Current string `json:"current" example:"new.guest-likes-pizza" minLength:"1" validate:"required"`
	// 8 to 128 characters. The server refuses very common passwords.
	New string `json:"new" example:"another-likes-pizza" minLength:"8" maxLength:"128" validate:"required"`
} //@name PasswordRequest

// checkChange comes before the throttle: what is left out is no guess.
func (a *API) checkChange(req passwordRequest, username string) error {
	var cs httpjson.Checks
	cs.Require(req.Current != "", "current", "must be given")
	fault := cmp.Or(models.PasswordFault(req.New, username), a.endingFault(req.New))
	cs.Require(fault == "", "new", fault)
	return cs.Err()
}

// changePassword requires the current password, because an access token may be stolen,
// and ends all other login sessions.
//
//	@Summary	Change your password
//	@ID			changePassword
//	@Tags		leaving
//	@Accept		json
//	@Security	Bearer
//	@Param		body	body	passwordRequest	true	"The old and the new password"
//	@Success	204
//	@Failure	400	{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…, invalid-credentials"
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Failure	413	{object}	problem.Problem	"body-too-large"
//	@Failure	415	{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422	{object}	problem.Problem	"validation-failed"
//	@Failure	429	{object}	problem.Problem	"too-many-attempts, rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full, server-busy"
//	@Router		/api/v1/auth/password [post]
func (a *API) changePassword(c *gin.Context) error {
	var req passwordRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	ctx, p := c.Request.Context(), middleware.MustPrincipal(c)
	u, err := a.Store.User(ctx, p.UserID)
	if errors.Is(err, models.ErrNotFound) {
		err = models.ErrUserUnknown
	}
	if err != nil {
		return err
	}
	if err := a.checkChange(req, u.Username); err != nil {
		return err
	}
	u, err = a.checkCredentials(c, u.Username, req.Current)
	if p, ok := errors.AsType[*problem.Problem](err); ok && p.Slug() == problem.InvalidCredentials.Slug {
		return problem.InvalidCredentials.New("That is not the current password.")
	}
	if err != nil {
		return err
	}
	leave, err := a.waitForHashing(c)
	if err != nil {
		return err
	}
	defer leave()
	err = a.Store.ChangePassword(ctx, u, models.HashPassword(req.New), p.SessionID)
	if errors.Is(err, models.ErrStale) {
		return problem.InvalidCredentials.New("").Because(err)
	}
	if err != nil {
		return err
	}
	return httpjson.NoContent(c)
}
