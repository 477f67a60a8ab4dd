package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
	"restaurant/problem"
)

// refusals is the one table from named failures to what the guest is told. An
// empty detail takes the kind's own words.
var refusals = []struct {
	err    error
	kind   *problem.Kind
	detail string
}{
	{models.ErrNotFound, problem.NotFound, "There is nothing here under that number."},
	{models.ErrUserUnknown, problem.TokenClaimsInvalid, "The wristband is of a guest whom this house does not know. Log in again."},
	{models.ErrUsernameTaken, problem.UsernameTaken, ""},
	{models.ErrLastManager, problem.LastManager, ""},
	{models.ErrStale, problem.PreconditionFailed, ""},
	{models.ErrInvalidTransition, problem.InvalidTransition, ""},
	{models.ErrKeyReused, problem.IdempotencyKeyReused, ""},
	{models.ErrStorageFull, problem.StorageFull, ""},
	{models.ErrDatabaseUnavailable, problem.DatabaseUnavailable, ""},
	{models.ErrRefreshInvalid, problem.RefreshTokenInvalid, ""},
	{models.ErrRefreshReused, problem.RefreshTokenReused, ""},
	{models.ErrVIPOnly, problem.VIPOnly, ""},
	{models.ErrAgeRestricted, problem.AgeRestricted, ""},
	{models.ErrItemUnavailable, problem.ItemUnavailable, ""},
}

// retryAfter is how long a guest should wait for a database that is away or full.
const retryAfter = 5 * time.Second

// fail answers with the problem that an error is. What has no name is a 500
// whose cause goes to the log and nowhere else.
func fail(c *gin.Context, err error) {
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		clientGone(c, err)
		return
	}
	p := toProblem(err)
	if p.Status >= 500 {
		_ = c.Error(err)
	}
	if p.Status == 503 {
		p = p.RetryAfter(retryAfter)
	}
	problem.Write(c, p)
}

// statusAbandoned is what the log says of a guest who left before the answer.
const statusAbandoned = 499

func clientGone(c *gin.Context, err error) {
	_ = c.Error(err)
	c.AbortWithStatus(statusAbandoned)
}

func toProblem(err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	if inv, ok := errors.AsType[models.ValidationError](err); ok {
		p := problem.ValidationFailed.New("")
		for _, f := range inv {
			p = p.Fields(problem.FieldError(f))
		}
		return p
	}
	line, isLine := errors.AsType[*models.LineError](err)
	if isLine && errors.Is(err, models.ErrInvalidLine) {
		return problem.ValidationFailed.New("").Fields(problem.FieldError{
			Field: fmt.Sprintf("items[%d].%s", line.Index, line.Field), Message: line.Message,
		})
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			p := r.kind.New(r.detail)
			if isLine {
				p.Detail = fmt.Sprintf("items[%d]: %s", line.Index, line.Message)
			}
			return p.Because(err)
		}
	}
	return problem.InternalError.New("").Because(err)
}
