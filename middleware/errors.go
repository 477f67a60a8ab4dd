package middleware

import (
	"errors"
	"fmt"

	"restaurant/models"
	"restaurant/problem"
	"restaurant/queue"
)

// problems is the table from errors to what the client is told. An empty detail takes
// the kind's own words.
var problems = []struct {
	err    error
	kind   *problem.Kind
	detail string
}{
	{models.ErrNotFound, problem.NotFound, "There is nothing here with that number."},
	{models.ErrUserUnknown, problem.TokenClaimsInvalid, "The wristband (access token) belongs to a guest whom this server does not know. Log in again."},
	{models.ErrUsernameTaken, problem.UsernameTaken, ""},
	{models.ErrLastManager, problem.LastManager, ""},
	{models.ErrStale, problem.PreconditionFailed, ""},
	{models.ErrKeyReused, problem.IdempotencyKeyReused, ""},
	{models.ErrStorageFull, problem.StorageFull, ""},
	{models.ErrStandbyAway, problem.DatabaseUnavailable, "Nothing can be written now: the database waits for a standby that does not confirm what is written."},
	{models.ErrStalePrimary, problem.DatabaseUnavailable, "Nothing can be read or written now: only an old copy of the database answers, which is not used."},
	{models.ErrOnlyStandby, problem.DatabaseUnavailable, "Nothing can be read or written now: of the database only a standby answers, which takes no writes."},
	{models.ErrDatabaseUnavailable, problem.DatabaseUnavailable, ""},
	{queue.ErrBusy, problem.ServerBusy, ""},
	{models.ErrRefreshInvalid, problem.RefreshTokenInvalid, ""},
	{models.ErrRefreshReused, problem.RefreshTokenReused, ""},
	{models.ErrVIPOnly, problem.VIPOnly, ""},
	{models.ErrAgeRestricted, problem.AgeRestricted, ""},
	{models.ErrItemUnavailable, problem.ItemUnavailable, ""},
}

// stages say where an order is, and which steps follow.
var stages = map[models.Status]string{
	models.StatusPlaced:    "The order is placed: its next status can be preparing or cancelled.",
	models.StatusPreparing: "The order is preparing: its next status can be ready. It is too late to cancel it.",
	models.StatusReady:     "The order is ready: its next status can be served. It is too late to cancel it.",
	models.StatusServed:    "The order is served: there is no next status.",
	models.StatusCancelled: "The order is cancelled: there is no next status.",
}

// ToProblem translates an error, once for all handlers. An unknown error is a 500
// without details; its cause goes to the log.
func ToProblem(err error) *problem.Problem {
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
	if t, ok := errors.AsType[models.TransitionError](err); ok {
		return problem.InvalidTransition.New(stages[t.From]).Because(err)
	}
	for _, r := range problems {
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
