package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
)

// @Description	A new guest. A token never contains the birth date, only "18 or older".
type registerRequest struct {
	// 3 to 32 characters: a-z, 0-9, dot, underscore and hyphen. Case makes no difference.
	Username string `json:"username" example:"new.guest" minLength:"3" maxLength:"32" validate:"required"`
	// 8 to 128 characters. The server refuses very common passwords.
	Password string `json:"password" example:"new.guest-likes-pizza" minLength:"8" maxLength:"128" validate:"required"`
	// 1 to 64 bytes of UTF-8.
	Name string `json:"name" example:"New guest" minLength:"1" maxLength:"64" validate:"required"`
	// It stays in the order book (database). A token says only age_over_18.
	BirthDate *string `json:"birth_date" example:"1999-12-31" format:"date"`
} //@name RegisterRequest

// @Description	Somebody who can log in.
type userResponse struct {
	ID        int64       `json:"id" example:"6" validate:"required"`
	Username  string      `json:"username" example:"new.guest" validate:"required"`
	Name      string      `json:"name" example:"New guest" validate:"required"`
	Role      models.Role `json:"role" example:"guest" validate:"required"`
	VIP       bool        `json:"vip" example:"false" validate:"required"`
	AgeOver18 bool        `json:"age_over_18" example:"true" validate:"required"`
	CreatedAt time.Time   `json:"created_at" example:"2026-01-31T19:00:00Z" format:"date-time" validate:"required"`
} //@name User

func newUserResponse(u models.User) userResponse {
	return userResponse{
		ID: u.ID, Username: u.Username, Name: u.Name, Role: u.Role, VIP: u.VIP,
		AgeOver18: u.AgeOver18(time.Now()), CreatedAt: u.CreatedAt.Time(),
	}
}

// Registrations that may hash a password: no more than this of a second and burst, for
// all clients together, so that a flood of them leaves the processors to the others.
const (
	registrationsPerSecond = 6
	registrationBurst      = 20
	// registrationRetry is what a client is told to wait: room for six more.
	registrationRetry = time.Second
)

func newRegistrationLimit(on bool) *rate.Limiter {
	if !on {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(registrationsPerSecond, registrationBurst)
}

// waitToRegister waits until this client may hash the password of a new account. However
// many addresses register, there is one of them at a time, and with those who log in
// they take turns as if they were one client.
func (a *API) waitToRegister(c *gin.Context) (leave func(), err error) {
	leaveLine, err := a.registering.Enter(c.Request.Context(), middleware.Address(c))
	if err != nil {
		return nil, err
	}
	leaveHashing, err := a.Hashing.Enter(c.Request.Context(), "register")
	if err != nil {
		leaveLine()
		return nil, err
	}
	return func() { leaveHashing(); leaveLine() }, nil
}

// register opens an account, always with the role guest: clients cannot choose one.
//
//	@Summary	Create an account
//	@ID			register
//	@Tags		auth
//	@Accept		json
//	@Produce	json
//	@Param		body	body		registerRequest	true	"Who you are"
//	@Success	201		{object}	userResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	409		{object}	problem.Problem	"username-taken"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	429		{object}	problem.Problem	"rate-limited: also if too many people register at the same time"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full, server-busy"
//	@Router		/api/v1/auth/register [post]
func (a *API) register(c *gin.Context) error {
	var req registerRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	n := models.NewUser{Username: req.Username, Password: req.Password, Name: req.Name, Role: models.RoleGuest, BirthDate: req.BirthDate}
	if err := n.Validate(); err != nil {
		return err
	}
	if fault := a.endingFault(req.Password); fault != "" {
		return httpjson.Invalid("password", fault)
	}
	if !a.registrations.Allow() {
		return problem.RateLimited.New("Too many people are registering at this moment.").RetryAfter(registrationRetry)
	}
	leave, err := a.waitToRegister(c)
	if err != nil {
		return err
	}
	defer leave()
	u, err := a.Store.AddUser(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return httpjson.Respond(c, http.StatusCreated, newUserResponse(u))
}

// endingFault says what is wrong with the end of a new password, or is empty.
func (a *API) endingFault(password string) string {
	if strings.HasSuffix(password, a.PasswordEnding) {
		return ""
	}
	return "must end in " + a.PasswordEnding + ". This class speaks plain HTTP: take no password of yours"
}
