package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
)

// @Description	Name and password, how long the access token is valid, and where the tokens go.
type loginRequest struct {
	Username string `json:"username" example:"alice" minLength:"1" validate:"required"`
	Password string `json:"password" example:"alice-likes-pizza" minLength:"1" validate:"required"`
	// How long the access token is valid, in seconds: from 5 to the server's setting.
	ExpiresIn *int64 `json:"expires_in" example:"900" minimum:"5" maximum:"1800"`
	// Where to keep the tokens: true for both in httpOnly cookies, "refresh" for the refresh token only.
	Cookie cookieMode `json:"cookie" swaggertype:"boolean" example:"false"`

	refreshToken string // of a form with grant_type=refresh_token, which logs nobody in
} //@name LoginRequest

// cookieMode is false, true or "refresh" in JSON, and the same words in a form.
type cookieMode struct{ models.TokenDelivery }

// UnmarshalJSON reads true, false and "refresh".
func (m *cookieMode) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	return m.parse(strings.Replace(string(text), `"refresh"`, "refresh", 1))
}

var errCookieMode = errors.New(`must be true, false or "refresh"`)

// parse reads the value of a form field.
func (m *cookieMode) parse(word string) error {
	delivery, ok := map[string]models.TokenDelivery{
		"true": models.DeliverCookies, "false": models.DeliverBody, "refresh": models.DeliverRefreshCookie,
	}[word]
	if !ok {
		return errCookieMode
	}
	m.TokenDelivery = delivery
	return nil
}

// @Description	The tokens of a login session (RFC 6749, section 5.1), without those that are in a cookie.
type tokenResponse struct {
	// The wristband. Send it as Authorization: Bearer <access_token>. Not in the body if it is in a cookie.
	AccessToken string `json:"access_token,omitzero" example:"eyJhbGciOi…"`
	TokenType   string `json:"token_type" example:"Bearer" enums:"Bearer" validate:"required"`
	// How long the access token is valid, in seconds.
	ExpiresIn int64 `json:"expires_in" example:"900" validate:"required"`
	// The voucher for the next wristband. It works only once. Not in the body if it is in a cookie.
	RefreshToken string `json:"refresh_token,omitzero" example:"pEbPTEbYQ5kKvzTYBnSTtDDZn2Ve…"`
	// How long the refresh token is valid, in seconds.
	RefreshExpiresIn int64 `json:"refresh_expires_in" example:"604800" validate:"required"`
} //@name TokenResponse

// login checks a username and a password and opens a login session. No other call
// but changePassword takes the password.
//
// An unknown name costs the same time and the same SQL as a wrong password, and gets
// the same answer. login ignores OAuth's form fields and the Authorization header of
// an empty client, which Swagger UI sends.
//
//	@Summary		Log in and get an access token
//	@Description	Takes JSON or a form. The form can be that of OAuth, with `grant_type=password`, or with `grant_type=refresh_token` and a refresh token. With `Accept: text/plain` the answer is one line, `Authorization: Bearer …`. Save it in a file and send it with `curl -H "@file"`.
//	@ID				login
//	@Tags			auth
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		loginRequest	true	"Name and password"
//	@Success		200		{object}	tokenResponse
//	@Header	200	{string}	Set-Cookie	"The access token and the refresh token, or only the refresh token, if you asked for cookies"
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		401		{object}	problem.Problem	"invalid-credentials"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed, lifetime-too-long"
//	@Failure		429		{object}	problem.Problem	"too-many-attempts, rate-limited"
//	@Failure		503		{object}	problem.Problem	"database-unavailable, storage-full, server-busy"
//	@Router			/api/v1/auth/login [post]
func (a *API) login(c *gin.Context) error {
	httpjson.NoStore(c)
	req, err := readLogin(c)
	if err == nil && req.refreshToken != "" {
		return a.exchange(c, req.refreshToken, false)
	}
	if err == nil {
		err = a.openSession(c, req)
	}
	a.metrics.Login(err)
	return err
}

// openSession answers with the tokens of a new login session.
func (a *API) openSession(c *gin.Context, req loginRequest) error {
	if req.Cookie.TokenDelivery != models.DeliverBody && a.cookies.CrossSite(c) {
		return problem.CrossOrigin.New("")
	}
	life, err := a.accessTTL(req.ExpiresIn)
	if err != nil {
		return err
	}
	u, err := a.checkCredentials(c, req.Username, req.Password)
	if err != nil {
		return err
	}
	pair, err := a.Sessions.Open(c.Request.Context(), u, userAgent(c), req.Cookie.TokenDelivery, life)
	if errors.Is(err, models.ErrStale) {
		return problem.InvalidCredentials.New("").Because(err)
	}
	if err != nil {
		return err
	}
	return a.writeTokens(c, pair)
}

// markTokenEndpoints makes the refusals of both calls that give out tokens readable for
// OAuth clients, also when a middleware refuses.
func markTokenEndpoints(c *gin.Context) {
	if path := c.FullPath(); path == "/api/v1/auth/login" || path == "/api/v1/auth/refresh" {
		problem.ForOAuth(c)
	}
}

// refuseForeignLogin comes before everything that counts requests or failures: a page of
// another origin could send wrong passwords until the guest whose browser it uses is
// locked out.
func refuseForeignLogin(c *gin.Context) {
	if c.FullPath() == "/api/v1/auth/login" && middleware.Foreign(c) {
		problem.Write(c, problem.CrossOrigin.New(""))
	}
}

// writeTokens answers with the tokens: each in the body or in a cookie, as the login
// asked.
func (a *API) writeTokens(c *gin.Context, pair tokens.TokenPair) error {
	res := tokenResponse{TokenType: "Bearer", ExpiresIn: int64(pair.ExpiresIn.Seconds()), RefreshExpiresIn: int64(pair.RefreshExpiresIn.Seconds())}
	if pair.Delivery == models.DeliverBody {
		res.RefreshToken = pair.RefreshToken
	} else {
		a.cookies.SetRefresh(c, pair.RefreshToken, pair.RefreshExpiresIn)
	}
	if pair.Delivery == models.DeliverCookies {
		a.cookies.SetAccess(c, pair.AccessToken, pair.ExpiresIn)
	} else {
		res.AccessToken = pair.AccessToken
	}
	if res.AccessToken != "" && prefersText(c) {
		c.String(http.StatusOK, "Authorization: Bearer %s\n", res.AccessToken)
		return nil
	}
	return httpjson.Respond(c, http.StatusOK, res)
}

// prefersText reports whether the client prefers plain text to JSON. A tie goes to
// JSON: Swagger UI lists both.
func prefersText(c *gin.Context) bool {
	return httpjson.Quality(c, "text/plain") > httpjson.Quality(c, "application/json")
}

// userAgent returns the User-Agent header, cleaned and cut: users recognise their
// sessions by it.
func userAgent(c *gin.Context) string {
	const most = 200
	agent := strings.Map(func(r rune) rune {
		if models.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(c.Request.UserAgent(), ""))
	if runes := []rune(agent); len(runes) > most {
		return string(runes[:most])
	}
	return agent
}

func readLogin(c *gin.Context) (loginRequest, error) {
	req := loginRequest{Cookie: cookieMode{models.DeliverBody}}
	if httpjson.MediaType(c) != httpjson.FormType {
		err := httpjson.Bind(c, &req)
		switch {
		case errors.Is(err, errCookieMode):
			return req, httpjson.Invalid("cookie", errCookieMode.Error())
		case err != nil:
			return req, err
		}
		return req, req.check()
	}
	known := []string{"username", "password", "expires_in", "cookie", "grant_type", "scope", "client_id", "client_secret"}
	fields, err := httpjson.SingleForm(c, append(known, "refresh_token")...)
	if err != nil {
		return req, err
	}
	token, sent := fields["refresh_token"]
	switch grant := fields["grant_type"]; {
	case grant == grantRefresh && token == "":
		return req, httpjson.Invalid("refresh_token", "must be given")
	case grant == grantRefresh:
		req.refreshToken = token
		return req, nil
	case grant != "" && grant != "password":
		return req, httpjson.Invalid("grant_type", "must be password or refresh_token")
	case sent:
		return req, httpjson.UnknownField("refresh_token", known)
	}
	return req, req.fromForm(fields)
}

func (r *loginRequest) fromForm(fields map[string]string) error {
	r.Username, r.Password = fields["username"], fields["password"]
	if text, sent := fields["expires_in"]; sent {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return httpjson.Invalid("expires_in", "must be a whole number")
		}
		r.ExpiresIn = &seconds
	}
	if word, sent := fields["cookie"]; sent {
		if err := r.Cookie.parse(word); err != nil {
			return httpjson.Invalid("cookie", err.Error())
		}
	}
	return r.check()
}

func (r *loginRequest) check() error {
	var cs httpjson.Checks
	cs.Require(strings.TrimSpace(r.Username) != "", "username", "must be given")
	cs.Require(r.Password != "", "password", "must be given")
	cs.Require(r.ExpiresIn == nil || *r.ExpiresIn >= int64(tokens.MinLifetime.Seconds()), "expires_in", "must be a whole number of seconds, 5 or more")
	return cs.Err()
}

// accessTTL returns the lifetime that the login asks for, by default the longest.
func (a *API) accessTTL(seconds *int64) (time.Duration, error) {
	most := a.Authority.Lifetime()
	switch {
	case seconds == nil:
		return most, nil
	case *seconds > int64(most.Seconds()):
		return 0, problem.LifetimeTooLong.New("An access token of this server lives for at most " + strconv.Itoa(int(most.Seconds())) + " seconds.")
	}
	return time.Duration(*seconds) * time.Second, nil
}

// waitForHashing waits until this client may hash passwords. leave must be called when
// it has done so.
func (a *API) waitForHashing(c *gin.Context) (leave func(), err error) {
	return a.Hashing.Enter(c.Request.Context(), middleware.Address(c))
}

// checkCredentials returns the user with this name and password. The throttle slows
// guessing down before the password is hashed. It is asked twice: before the wait, so
// that nobody waits in order to be refused, and in turn, because the attempts of those
// who wait have not ended.
func (a *API) checkCredentials(c *gin.Context, username, password string) (u models.User, err error) {
	ctx, address := c.Request.Context(), middleware.Address(c)
	username, _ = models.Username(username) // no account has an empty one: it counts against the address only, and the query costs the same
	switch wait, err := a.throttle.Wait(ctx, username, address); {
	case err != nil:
		return u, err
	case wait > 0:
		return u, problem.TooManyAttempts.New("").RetryAfter(wait)
	}
	leave, err := a.waitForHashing(c)
	if err != nil {
		return u, err
	}
	defer leave()
	wait, end, err := a.throttle.Attempt(ctx, username, address)
	switch {
	case err != nil:
		return u, err
	case wait > 0:
		return u, problem.TooManyAttempts.New("").RetryAfter(wait)
	}
	outcome := middleware.Abandoned
	defer func() {
		if failed := end(outcome); failed != nil { // a failure that was not counted gets no answer
			err = failed
		}
	}()
	u, err = a.Store.UserByUsername(ctx, username)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return u, err
	}
	ok, err := models.PasswordMatches(password, u.PasswordHash)
	switch {
	case err != nil:
		return u, err
	case !ok:
		outcome = middleware.Failed
		middleware.SetUser(c, u.ID) // 0 if there is none
		return u, problem.InvalidCredentials.New("")
	}
	outcome = middleware.Passed
	middleware.SetUser(c, u.ID)
	return u, nil
}

// CheckPassword checks a password as the login does, with its throttle and its queue. The
// error is a problem.
func (a *API) CheckPassword(c *gin.Context, username, password string) (models.User, error) {
	u, err := a.checkCredentials(c, username, password)
	if _, ok := errors.AsType[*problem.Problem](err); err != nil && !ok {
		err = middleware.ToProblem(err)
	}
	return u, err
}

// VerifyRemembered verifies a token as the guard does, which remembers those that it has
// verified.
func (a *API) VerifyRemembered(raw string) error {
	verify := a.Authority.Verify
	if a.cache != nil {
		verify = a.cache.Verify
	}
	_, err := verify(raw)
	return err
}

// @Description	Who you are. The server reads this only from the access token.
type meResponse struct {
	Sub       string      `json:"sub" example:"1" validate:"required"`
	Name      string      `json:"name" example:"Alice" validate:"required"`
	Role      models.Role `json:"role" example:"guest" validate:"required"`
	VIP       bool        `json:"vip" example:"false" validate:"required"`
	AgeOver18 bool        `json:"age_over_18" example:"true" validate:"required"`
	SID       string      `json:"sid" example:"hG7fPq2LxWZ9cT4a" validate:"required"`
	ExpiresAt time.Time   `json:"expires_at" example:"2026-01-31T19:15:00Z" format:"date-time" validate:"required"`
} //@name Me

// me repeats the claims of the access token. It makes no query: see Server-Timing.
//
//	@Summary	Who the token says you are
//	@ID			showMe
//	@Tags		auth
//	@Produce	json
//	@Security	Bearer
//	@Success	200	{object}	meResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Router		/api/v1/auth/me [get]
func (a *API) me(c *gin.Context) error {
	p := middleware.MustPrincipal(c)
	return httpjson.Respond(c, http.StatusOK, meResponse{
		Sub: strconv.FormatInt(p.UserID, 10), Name: p.Name, Role: p.Role, VIP: p.VIP, AgeOver18: p.AgeOver18,
		SID: p.SessionID, ExpiresAt: p.ExpiresAt.UTC(),
	})
}
