// Package learn is the evening class in the restaurant: nine lessons from "what
// is an API" to "why refresh tokens". A lesson is a file (lessons/L01.json …)
// with neutral requests; everything else is made from it: what a terminal shows,
// the page, the printed sheet, and scripts for five tools. A lesson is done when
// the house has seen the requests that prove it, and not because somebody says so.
//
// # For whoever shows lessons on a page
//
// GET /learn/lessons lists them with their states. GET /learn/lessons/L01 (or
// L01.json) is one whole lesson:
//
//   - predict: question, choices, and chosen (the number of the first guess, or
//     null). Until then right and why are null. Send the guess, and the answers
//     to questions, to POST /learn/lessons/L01/answers as {question, choice}.
//   - prepare and steps: say, wait (seconds to wait before), request (method,
//     path with {order} filled in, headers, form, body, body_file, as: the file
//     whose Authorization line to send, save_as, stream), expect (status, problem,
//     header, json, holds), commands (curl, curl_exe), and seen: true or false,
//     or null for a step that nothing waits for.
//   - seen and still_to_see: the condition in words, with the times.
//   - hints: number, taken, and text once it was taken with
//     POST /learn/lessons/L01/hints {number}.
//   - explain, fine_print: null until the lesson is done.
//   - words: the technical words of its texts, with a line that explains each, and
//     the other spellings in which they come.
//
// Texts are plain, apart from `backticks` around what one would type. Every answer
// of the API that changed something carries Lesson-Progress, such as "L02 2/4" or
// "L02 done; next=L03". What others do, in a terminal for example, shows in
// GET /learn/lessons and in GET /learn/facts.
//
// # Tables
//
// A table is one learner's copy of the class. Until there are several, all that
// happens on the server is credited to the table "main".
package learn

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
)

// Handler is the room: its lessons, who has learnt what, and its addresses.
type Handler struct {
	Options
	Course  *Course
	Tracker *Tracker
	Store   *Store

	origin *http.CrossOriginProtection
}

// Options are what the school needs to know of the house.
type Options struct {
	// PublicURL is the address under which guests reach the house.
	PublicURL string
	// LoopbackOnly tells that only this machine reaches the house, so that whoever comes
	// is the one learner.
	LoopbackOnly bool
	// Preview says what a fresh kitchen would lose, in order and in words.
	Preview func(context.Context) ([]Loss, error)
	// Reset puts the restaurant back to its first day.
	Reset func(context.Context) error
	Log   *slog.Logger
}

// Loss is something that a reset takes away.
type Loss struct {
	// What it is, such as "orders".
	What string `json:"what" example:"orders" validate:"required"`
	// Count is how many of them there are.
	Count int64 `json:"count" example:"17" validate:"required"`
} //@name Loss

// Open opens the school with the lesson book in a file. Close it when no request
// is under way any more.
func Open(ctx context.Context, file string, o Options) (*Handler, error) {
	course, err := Load()
	if err != nil {
		return nil, err
	}
	s := &Handler{Options: o, Course: course, Tracker: NewTracker(course), origin: http.NewCrossOriginProtection()}
	if err := s.origin.AddTrustedOrigin(o.PublicURL); err != nil {
		return nil, err
	}
	s.Store, err = OpenBook(ctx, file, s.Tracker, o.Log)
	return s, err
}

// Run writes down what learners do, until ctx ends.
func (s *Handler) Run(ctx context.Context) { s.Store.Run(ctx) }

// Close writes what is left and closes the book.
func (s *Handler) Close() error { return s.Store.Close() }

// Mount adds the addresses of the school.
func (s *Handler) Mount(r gin.IRouter, anyone gin.HandlerFunc) {
	ours := s.sameOrigin
	get(r, "/learn", handle(s.start))
	get(r, "/learn/lessons", handle(s.list))
	get(r, "/learn/lessons/:lesson", handle(s.show))
	r.POST("/learn/lessons/:lesson/answers", ours, handle(s.answer))
	r.POST("/learn/lessons/:lesson/hints", ours, handle(s.hint))
	get(r, "/learn/sheet", handle(s.sheet))
	get(r, "/learn/glossary", handle(s.glossary))
	get(r, "/learn/style.css", handle(s.style))
	get(r, "/learn/files/:file", handle(s.file))
	get(r, "/learn/facts", anyone, handle(s.facts))
	get(r, "/learn/progress", handle(s.save))
	r.PUT("/learn/progress", ours, handle(s.restore))
	get(r, "/learn/reset", handle(s.preview))
	r.POST("/learn/reset", ours, anyone, handle(s.reset))
}

// get lets HEAD work wherever GET does.
func get(r gin.IRoutes, path string, handlers ...gin.HandlerFunc) {
	r.GET(path, handlers...)
	r.HEAD(path, handlers...)
}

// handle lets a handler return its error.
func handle(fn func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := fn(c)
		if err == nil {
			return
		}
		p, ok := errors.AsType[*problem.Problem](err)
		if !ok {
			p = unforeseen(err)
		}
		if p.Status >= http.StatusInternalServerError {
			_ = c.Error(err)
		}
		problem.Write(c, p)
	}
}

func unforeseen(err error) *problem.Problem {
	for away, kind := range map[error]*problem.Kind{
		models.ErrDatabaseUnavailable: problem.DatabaseUnavailable, models.ErrStorageFull: problem.StorageFull,
	} {
		if errors.Is(err, away) {
			return kind.New("").RetryAfter(patience).Because(err)
		}
	}
	return problem.InternalError.New("").Because(err)
}

// sameOrigin refuses what a page of another origin sends: it may not answer or reset
// for a learner who happens to have it open.
func (s *Handler) sameOrigin(c *gin.Context) {
	if s.origin.Check(c.Request) != nil || !s.ownHost(c.Request.Host) {
		problem.Write(c, problem.CrossOrigin.New(""))
	}
}

// ownHost tells whether a request names the house by a name that it has. A name
// of somebody else's that leads to this machine (DNS rebinding) is none.
func (s *Handler) ownHost(host string) bool {
	if !s.LoopbackOnly {
		return true // behind a proxy nobody knows what it is called
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return name == "localhost" || ip.IsLoopback() || strings.Contains(s.PublicURL, "://"+host)
}

// tableOf is whose table a request is credited to.
func tableOf(*gin.Context) string { return Main }

// mayReset tells whether the house is the caller's: a manager's, or the one learner's
// if only this machine reaches it.
func (s *Handler) mayReset(c *gin.Context) error {
	switch {
	case s.LoopbackOnly || middleware.IsAuthenticated(c) && middleware.MustPrincipal(c).Role == models.RoleManager:
		return nil
	case middleware.IsAuthenticated(c):
		return problem.RoleRequired.New("Others come to this house, too, so this is for a manager.")
	}
	return problem.AuthenticationRequired.New("Others come to this house, too, so this is for a manager: log in as one, and send the wristband along.")
}

// MountDisabled is mounted where there is no school, so that whoever looks for one
// learns why.
func MountDisabled(r gin.IRouter, _ gin.HandlerFunc) {
	get(r, "/learn", handle(func(*gin.Context) error {
		return problem.NotFound.New("The lessons need the demo accounts: start the house with DEMO_DATA=on.")
	}))
}
