package learn

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// @Description	The server was closed and opened again.
type reopenResponse struct {
	// How long it was closed, in milliseconds. Requests that came meanwhile have waited.
	ClosedMS int64     `json:"closed_ms" example:"40" minimum:"0" validate:"required"`
	OpenedAt time.Time `json:"opened_at" example:"2026-01-31T19:10:00Z" format:"date-time" validate:"required"`
} //@name Reopened

// reopen closes the server and opens it again, as a restart of the program would: what was
// only in memory is gone, and what is on the disk is read again. Where other people use the
// server, nobody may.
//
//	@Summary		Close the server and open it again
//	@Description	As a restart of the program: everything in memory is built again from the data folder. Event streams end, and their clients connect again. Only for a server that nobody else uses: on this computer alone, with SQLite. The `Accept` header decides if the answer is JSON or text. Without a preference (`*/*` or no `Accept`) it is text.
//	@ID				reopenServer
//	@Tags			lessons
//	@Produce		json
//	@Security		Bearer
//	@x-security-optional	true
//	@Success		200	{object}	reopenResponse
//	@Success		303	"For a browser: back to the page"
//	@Header			303	{string}	Location	"The lessons on the page"
//	@Failure		401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure		403	{object}	problem.Problem	"role-required, cross-origin"
//	@Failure		404	{object}	problem.Problem	"not-found"
//	@Failure		503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router			/learn/reopen [post]
func (h *Handler) reopen(c *gin.Context) error {
	if err := h.ownsServer(c); err != nil {
		return err
	}
	if h.Reopen == nil {
		return problem.NotFound.New("This server cannot be closed and opened from here, because it is not only yours: other computers reach it, or it shares its database. Stop the program and start it again.")
	}
	now, closed, err := h.Reopen(c.Request.Context())
	if err != nil {
		return err
	}
	if _, started := now.begin(); started != "" {
		c.Header(ProgressHeader, started)
	}
	res := reopenResponse{ClosedMS: closed.Milliseconds(), OpenedAt: time.Now().UTC().Truncate(time.Second)}
	switch preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON, httpjson.MediaText) {
	case httpjson.MediaHTML:
		return toPage(c)
	case httpjson.MediaJSON:
		return respond(c, res)
	}
	return respondText(c, fmt.Sprintf("The restaurant was closed for %d ms and is open again. It has forgotten everything that was only in its memory.\n", res.ClosedMS))
}
