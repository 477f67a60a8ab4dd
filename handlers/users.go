package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
)

// @Description	A page of users. next_cursor leads to the next one and is null on the last.
type usersResponse struct {
	Items []userResponse `json:"items" validate:"required"`
	// Send it as cursor to get the next page. Null on the last page.
	NextCursor *string `json:"next_cursor" example:"aWQ6MTc" extensions:"x-nullable" validate:"required"`
} //@name UserPage

// listUsers lists all accounts.
//
//	@Summary	All users who can log in
//	@ID			listUsers
//	@Tags		users
//	@Produce	json
//	@Security	Bearer
//	@Param		limit	query		int		false	"Users per page"	default(20)	minimum(1)	maximum(100)
//	@Param		cursor	query		string	false	"next_cursor of the previous page"
//	@Success	200		{object}	usersResponse
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable"
//	@Router		/api/v1/users [get]
func (a *API) listUsers(c *gin.Context) error {
	var cs httpjson.Checks
	after, limit := httpjson.ReadQuery(c, &cs).Page(0)
	if err := cs.Err(); err != nil {
		return err
	}
	users, err := a.Store.Users(c.Request.Context(), after, limit+1)
	if err != nil {
		return err
	}
	users, next := httpjson.SplitPage(users, limit, func(u models.User) int64 { return u.ID })
	res := usersResponse{Items: make([]userResponse, len(users)), NextCursor: next}
	for i, u := range users {
		res.Items[i] = newUserResponse(u)
	}
	return httpjson.Respond(c, http.StatusOK, res)
}

// @Description	What changes. A change of role or vip ends the login sessions of the user.
type changeUserRequest struct {
	Role *models.Role `json:"role"`
	VIP  *bool        `json:"vip"`
	Name *string      `json:"name" example:"New guest" minLength:"1" maxLength:"64"`
} //@name ChangeUserRequest

func (r changeUserRequest) check() error {
	var cs httpjson.Checks
	cs.Require(r.Role != nil || r.VIP != nil || r.Name != nil, "body", "must contain at least one of role, vip and name")
	cs.Require(r.Role == nil || r.Role.Valid(), "role", models.RoleRule)
	cs.Require(r.Name == nil || models.IsName(*r.Name), "name", models.NameRule)
	return cs.Err()
}

// changeUser changes the claims of a user's next access token. A change of role or VIP
// status ends the user's login sessions, because their tokens claim what is no longer
// true.
//
//	@Summary	Change a user's role, VIP status or name
//	@ID			changeUser
//	@Tags		users
//	@Accept		json
//	@Produce	json
//	@Security	Bearer
//	@Param		id		path		int					true	"Number of the user"	minimum(1)
//	@Param		body	body		changeUserRequest	true	"What changes"
//	@Success	200		{object}	userResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	409		{object}	problem.Problem	"last-manager"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/users/{id} [patch]
func (a *API) changeUser(c *gin.Context, id int64) error {
	var req changeUserRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	u, err := a.Store.UpdateUser(c.Request.Context(), id, models.UserChanges(req))
	if err != nil {
		return err
	}
	return httpjson.Respond(c, http.StatusOK, newUserResponse(u))
}

// endUserSessions ends all login sessions of a user.
//
//	@Summary	End all login sessions of a user
//	@ID			endUserSessions
//	@Tags		users
//	@Security	Bearer
//	@Param		id	path	int	true	"Number of the user"	minimum(1)
//	@Success	204
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required, cross-origin"
//	@Failure	404	{object}	problem.Problem	"not-found"
//	@Failure	429	{object}	problem.Problem	"rate-limited"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/users/{id}/sessions [delete]
func (a *API) endUserSessions(c *gin.Context, id int64) error {
	if _, err := a.Store.User(c.Request.Context(), id); err != nil {
		return err
	}
	if err := a.Store.EndSessions(c.Request.Context(), id, "", models.EndManager); err != nil {
		return err
	}
	return httpjson.NoContent(c)
}
