package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
)

const (
	// heartbeat keeps proxies from closing an idle stream.
	heartbeat = 15 * time.Second
	// maxEventID is the number of steps: placed, preparing, ready, served.
	maxEventID = 4
)

// statusEvent is the data of one event.
//
//	@Description	The data of one event in a stream: the new status of an order.
type statusEvent struct {
	// The number of the order.
	ID        int64         `json:"id" example:"1" validate:"required"`
	Status    models.Status `json:"status" example:"placed" validate:"required"`
	UpdatedAt time.Time     `json:"updated_at" example:"2026-01-31T19:01:50.123Z" format:"date-time" validate:"required"`
} //@name OrderEvent

// followOrder streams the status of an order (server-sent events, HTML Living Standard,
// section 9.2). It begins with the steps so far, or those after Last-Event-ID, and ends
// when the order is done, the token expires or is revoked, or the server shuts down. A
// client that has seen the end gets 204, because an EventSource asks again for as long as
// the answer is 200.
//
//	@Summary		Follow an order
//	@Description	A stream of server-sent events (HTML Living Standard, section 9.2): `event: status`, `id:` the number of the step, `data:` an OrderEvent in JSON. The answer stays open until the order is served or cancelled. So tools that show only complete answers, such as "Try it out", cannot show it. Read it with `curl -N`. A web page reads it with fetch, because EventSource cannot send an Authorization header.
//	@ID				followOrder
//	@Tags			orders
//	@Produce		text/event-stream
//	@Security		Bearer
//	@Param			id				path		int		true	"Number of the order"	minimum(1)
//	@Param			Last-Event-ID	header		int		false	"The id of the last event you have seen"	minimum(0)	maximum(4)
//	@Success		200				{object}	statusEvent	"One OrderEvent in the data of each event"
//	@Success		204				"The order is finished, and you have seen all events up to Last-Event-ID"
//	@Failure		401				{object}	problem.Problem	"authentication-required, token-…"
//	@Failure		404				{object}	problem.Problem	"not-found: no such order, or that of another guest"
//	@Failure		422				{object}	problem.Problem	"validation-failed"
//	@Failure		429				{object}	problem.Problem	"too-many-streams, rate-limited"
//	@Failure		503				{object}	problem.Problem	"database-unavailable"
//	@Router			/api/v1/orders/{id}/events [get]
func (a *API) followOrder(c *gin.Context, id int64) error {
	seen, err := lastEventID(c)
	if err != nil {
		return err
	}
	p := middleware.MustPrincipal(c)
	if !a.streams.acquire(p.UserID) {
		return problem.TooManyStreams.New("")
	}
	defer a.streams.release(p.UserID)
	revoked, unwatch := a.Authority.Denylist().Watch(p.SessionID)
	defer unwatch()
	updates, unsubscribe := a.Kitchen.Events.Subscribe(id) // before reading, so that no step is lost in between
	defer unsubscribe()
	o, err := a.visibleOrder(c, id)
	if err != nil {
		return err
	}
	if o.Done() && seen >= len(o.History()) {
		return httpjson.NoContent(c)
	}
	s := openStream(c, seen)
	if c.Request.Method == http.MethodHead || s.send(o) != nil || o.Done() {
		return nil
	}
	s.relay(updates, revoked, func() time.Duration { return p.ExpiresAt.Sub(a.Authority.Now()) })
	return nil
}

func lastEventID(c *gin.Context) (int, error) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		return 0, nil
	}
	var cs httpjson.Checks
	id, err := strconv.Atoi(text)
	asSent := text == strconv.Itoa(id) // the server sends no sign and no leading zero
	cs.Require(err == nil && asSent && id >= 0 && id <= maxEventID, "Last-Event-ID", "must be the id of an event of this stream")
	return id, cs.Err()
}

// maxStreams is how many streams a user may have open at a time.
const maxStreams = 10

// streamCount counts the open streams of each user.
type streamCount struct {
	mu   sync.Mutex
	open map[int64]int
}

func (s *streamCount) acquire(userID int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[int64]int{}
	}
	if s.open[userID] >= maxStreams {
		return false
	}
	s.open[userID]++
	return true
}

func (s *streamCount) release(userID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[userID]--; s.open[userID] == 0 {
		delete(s.open, userID)
	}
}

// total is how many streams all users have open.
func (s *streamCount) total() (open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.open {
		open += n
	}
	return open
}

// stream is an open response.
type stream struct {
	c       *gin.Context
	control *http.ResponseController
	sent    int // steps that the client knows
}

func openStream(c *gin.Context, seen int) *stream {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	c.Status(http.StatusOK)
	s := &stream{c: c, control: http.NewResponseController(c.Writer), sent: seen}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's would end the stream; a test recorder has none
	c.Writer.WriteHeaderNow()
	return s
}

// relay writes updates until the order is done, the client leaves, or its token expires
// or is revoked. left is how long the token is valid; the time by which it expires can
// jump ahead of the timer.
func (s *stream) relay(updates <-chan models.Order, revoked <-chan struct{}, left func() time.Duration) {
	expiry := time.NewTimer(left())
	defer expiry.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case o, open := <-updates:
			if !open || left() <= 0 || s.send(o) != nil || o.Done() {
				return
			}
		case <-beat.C:
			if left() <= 0 || s.write(": still cooking\n\n") != nil {
				return
			}
		case <-expiry.C:
			return
		case <-revoked:
			return
		case <-s.c.Request.Context().Done():
			return
		}
	}
}

// send writes the steps that the client does not know yet.
func (s *stream) send(o models.Order) error {
	steps := o.History()
	for ; s.sent < len(steps); s.sent++ {
		step := steps[s.sent]
		data, err := json.Marshal(statusEvent{ID: o.ID, Status: step.Status, UpdatedAt: step.At.Time()})
		if err != nil {
			return err
		}
		if err := s.write(fmt.Sprintf("event: status\nid: %d\ndata: %s\n\n", s.sent+1, data)); err != nil {
			return err
		}
	}
	return nil
}

// write sends an event. The server ends it if the client takes nothing for too long.
func (s *stream) write(text string) error {
	if _, err := s.c.Writer.WriteString(text); err != nil {
		return err
	}
	return s.control.Flush()
}
