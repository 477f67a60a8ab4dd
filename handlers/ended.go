package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
)

// @Description	The login sessions that ended before their last access token expires.
type endedResponse struct {
	// The list is complete up to this moment.
	AsOf  time.Time      `json:"as_of" example:"2026-01-31T19:05:00Z" format:"date-time" validate:"required"`
	Ended []endedSession `json:"ended" validate:"required"`
} //@name EndedSessions

// @Description	A login session that has ended. Its access tokens count no more.
type endedSession struct {
	// SHA-256 of the sid claim, in lower-case hex. Nobody can find the sid from it.
	SIDSHA256 string `json:"sid_sha256" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" minLength:"64" maxLength:"64" validate:"required"`
	// When the last access token of the login session expires. After that, forget the entry.
	Until time.Time `json:"until" example:"2026-01-31T19:20:00Z" format:"date-time" validate:"required"`
} //@name EndedSession

// endedList remembers the list of ended login sessions as JSON: it is for everybody, and
// can be long.
type endedList struct {
	mu      sync.Mutex
	body    []byte
	changes int64 // of the denylist, when it was made
	made    time.Time
}

// endedMaxAge is how old the list may be if nothing has changed.
const endedMaxAge = 5 * time.Second

// listEnded publishes which login sessions have ended, for services that verify tokens
// themselves. The list is read from the database, which all instances share: the denylist
// in memory has only hashes with a seed.
//
//	@Summary		The login sessions that ended early
//	@Description	Other services check tokens with the public keys, so they do not hear of a logout. Here they can ask. Compare the SHA-256 of the `sid` claim with the list.
//	@ID				listEndedSessions
//	@Tags			keys
//	@Produce		json
//	@Success		200	{object}	endedResponse
//	@Failure		503	{object}	problem.Problem	"database-unavailable"
//	@Router			/.well-known/ended.json [get]
func (a *API) listEnded(c *gin.Context) error {
	body, err := a.ended.json(c.Request.Context(), a)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=5")
	c.Data(http.StatusOK, httpjson.JSONType, body)
	return nil
}

// json returns the list. Callers that come while it is made wait for it.
func (l *endedList) json(ctx context.Context, a *API) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, changes := a.Authority.Now(), a.Authority.Denylist().Changes()
	if l.body != nil && l.changes == changes && now.Sub(l.made) < endedMaxAge {
		return l.body, nil
	}
	res := endedResponse{AsOf: now.UTC().Truncate(time.Second), Ended: []endedSession{}}
	err := a.Store.ListRevoked(ctx, func(s models.RevokedSession) {
		sum := sha256.Sum256([]byte(s.ID))
		res.Ended = append(res.Ended, endedSession{hex.EncodeToString(sum[:]), s.AccessUntil.Time().UTC()})
	})
	if err != nil {
		return nil, err
	}
	body, err := httpjson.Encode(res)
	if err == nil {
		l.body, l.changes, l.made = body, changes, now
	}
	return body, err
}
