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
	// heartbeat keeps proxies from closing a stream on which nothing happens.
	heartbeat = 15 * time.Second
	// writeWait is how long a listener may take to accept one event.
	writeWait = 10 * time.Second
	// maxEventID is the largest id that an event can have: placed, preparing,
	// ready, served.
	maxEventID = 4
)

// statusEvent is the data of one event.
type statusEvent struct {
	ID        int64         `json:"id"`
	Status    models.Status `json:"status"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// followOrder keeps one answer open and writes into it what becomes of an order
// (server-sent events, HTML Living Standard, section 9.2). It begins with the
// steps so far, or behind Last-Event-ID, and ends when the order is done, the
// token expires or the house closes.
//
//	@Summary		Follow an order
//	@Description	`event: status`, `id:` the number of the step, `data:` `{id, status, updated_at}` in JSON. Read it with `curl -N`; a browser reads it with fetch, because EventSource cannot send an Authorization header.
//	@ID				followOrder
//	@Tags			orders
//	@Produce		text/event-stream
//	@Security		Bearer
//	@Param			id				path		int		true	"Number of the order"
//	@Param			Last-Event-ID	header		int		false	"The id of the last event you have seen"
//	@Success		200				{string}	string	"Events"
//	@Failure		401				{object}	problem.Problem	"authentication-required, token-…"
//	@Failure		404				{object}	problem.Problem	"not-found: none, or another guest's"
//	@Failure		422				{object}	problem.Problem	"validation-failed"
//	@Failure		429				{object}	problem.Problem	"too-many-streams, rate-limited"
//	@Failure		503				{object}	problem.Problem	"database-unavailable"
//	@Router			/api/v1/orders/{id}/events [get]
func (a *API) followOrder(c *gin.Context) error {
	seen, err := lastEventID(c)
	if err != nil {
		return err
	}
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p := middleware.MustPrincipal(c)
	if !a.streams.acquire(p.UserID) {
		return problem.TooManyStreams.New("")
	}
	defer a.streams.release(p.UserID)
	cut, forget := a.Authority.Denylist().Watch(p.SessionID)
	defer forget()
	news, cancel := a.Kitchen.Events.Subscribe(id) // before reading, so that no step falls between
	defer cancel()
	o, err := a.visibleOrder(c)
	if err != nil {
		return err
	}
	s := openStream(c, seen)
	if c.Request.Method == http.MethodHead || s.send(o) != nil || o.Done() {
		return nil
	}
	s.relay(news, cut, p.ExpiresAt)
	return nil
}

func lastEventID(c *gin.Context) (int, error) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		return 0, nil
	}
	var cs httpjson.Checks
	id, err := strconv.Atoi(text)
	cs.Require(err == nil && id >= 0 && id <= maxEventID, "Last-Event-ID", "must be the id of an event of this stream")
	return id, cs.Err()
}

// maxStreams is how many streams one guest may have open at a time.
const maxStreams = 10

// streamCount counts the open streams of each guest.
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

// stream is an open answer.
type stream struct {
	c       *gin.Context
	control *http.ResponseController
	sent    int // how many steps the guest knows
}

func openStream(c *gin.Context, seen int) *stream {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	c.Status(http.StatusOK)
	s := &stream{c: c, control: http.NewResponseController(c.Writer), sent: seen}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's own would end the stream; a recorder has none
	_ = s.control.SetWriteDeadline(time.Time{})
	c.Writer.WriteHeaderNow()
	return s
}

// relay writes news until the order is done or the guest has to go: the
// wristband expires or is cut.
func (s *stream) relay(news <-chan models.Order, cut <-chan struct{}, expires time.Time) {
	expiry := time.NewTimer(time.Until(expires))
	defer expiry.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case o, open := <-news:
			if !open || s.send(o) != nil || o.Done() {
				return
			}
		case <-beat.C:
			err = s.write(": still cooking\n\n")
		case <-expiry.C:
			return
		case <-cut:
			return
		case <-s.c.Request.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// send writes the steps of an order that the guest has not seen.
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

// write gives each piece its own deadline: a stream may be open for long, but
// nobody may hold it up. In between there is none, because HTTP/2 ends a stream
// whose deadline passes even if nothing is being written.
func (s *stream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWait)) // a recorder has none
	defer func() { _ = s.control.SetWriteDeadline(time.Time{}) }()
	if _, err := s.c.Writer.WriteString(text); err != nil {
		return err
	}
	return s.control.Flush()
}
