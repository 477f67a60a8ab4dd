// Package learn is the evening class in the restaurant: lessons from "what is an
// API" to "why refresh tokens". A lesson is done when the house has seen the requests
// that prove it, and not because somebody says so.
//
// What a lesson says is in learn/course, and learn/export makes scripts of it. Here is
// how far the learner is (Tracker in memory, Store on the disk), and what shows it: JSON,
// text for a terminal, pages and the printed sheet.
//
// Texts of lessons are plain, apart from `backticks` around what one would type. Every
// response of the API that changed something carries Lesson-Progress, such as "L02 2/4"
// or "L02 done; next=L03".
package learn

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
)

// Handler handles the routes of the lessons.
type Handler struct {
	Options

	store *Store
	pages func() *template.Template
	// begin returns the tracker, and what the start of the server has changed, as ProgressHeader
	// says it. The first call reads the course, so a server that nobody has asked anything yet
	// has none of it in memory.
	begin func() (*Tracker, string)
}

// Options are what the lessons need to know of the server.
type Options struct {
	// PublicURL is the address under which clients reach the server.
	PublicURL string
	// Kiosk is the address of the kiosk; empty: where it listens by default.
	Kiosk string
	// CurlOptions make curl trust the server's certificate, or are empty.
	CurlOptions string
	// LoopbackOnly is true if only this machine reaches the server, so that every client
	// is the learner's.
	LoopbackOnly bool
	// Sign signs a document with the key of the server, as a JWS that is no access token. Its
	// header names the kind of document.
	Sign func(kind string, document any) (string, error)
	// Verify checks the signature of what Sign has signed as this kind, and decodes it.
	Verify func(kind, signed string, into any) error
	// Preview lists what a reset of the restaurant would delete.
	Preview func(context.Context) ([]Loss, error)
	// Reset puts the restaurant back to its first day.
	Reset func(context.Context) error
	// Reopen closes the server and opens it again, and returns the lessons of the new one
	// and how long it was closed; nil if that is not for a client to ask for.
	Reopen func(context.Context) (now *Handler, closed time.Duration, err error)
	// Observe is called with each fact, and with nil when lessons have changed without one;
	// helped is whether they have, or a lesson asks for such a refusal. It must neither block nor
	// call the lessons. It may be nil.
	Observe func(f *Fact, helped bool)
	// IsOpen reports whether a part of the course is open before the part before it is done;
	// nil: all are. It must neither block nor call the lessons. Call Settle when its
	// result changes.
	IsOpen func(part string) bool
	// Message is what a teacher says to everybody, or empty; it may be nil.
	Message func() string
	// Paused reports whether nothing counts now; it may be nil.
	Paused func() bool
	// Entrance checks what comes to the server by a way of its own, such as over the wire of the
	// lab, as the class checks all else; nil: there is no class.
	Entrance func(http.Handler) http.Handler
	Log      *slog.Logger
}

// Loss is something that a reset takes away.
//
//	@Description	How many of something a reset would delete.
type Loss struct {
	// What it is, such as "orders".
	What string `json:"what" example:"orders" validate:"required"`
	// Count is how many of them there are.
	Count int64 `json:"count" example:"17" validate:"required"`
} //@name Loss

// Open opens the lessons, with the progress in a file. Close them when no request runs
// any more.
func Open(ctx context.Context, file string, o Options) (*Handler, error) {
	h := &Handler{Options: o}
	store, records, err := openStore(ctx, file, o.Log)
	if err != nil {
		return nil, err
	}
	_, base := basepath.Split(o.PublicURL)
	h.pages = sync.OnceValue(func() *template.Template { return pagesUnder(base) })
	h.store = store
	h.begin = sync.OnceValues(func() (*Tracker, string) {
		t := NewTracker(course.Load(), records, h.save)
		t.isOpen = o.IsOpen
		return t, t.Start()
	})
	return h, nil
}

// Tracker returns the tracker of the learner.
func (h *Handler) Tracker() *Tracker {
	t, _ := h.begin()
	return t
}

// save has a fact and what it has changed written, and tells the observer.
func (h *Handler) save(f *course.Fact, records []record) {
	h.store.Save(f, records)
	if h.Observe != nil {
		h.Observe(f, len(records) > 0 || f != nil && f.Asked)
	}
}

// Flush waits until everything that has happened is in the file.
func (h *Handler) Flush(ctx context.Context) error { return h.store.flush(ctx) }

// Close writes what is left to the file and closes it.
func (h *Handler) Close() error { return h.store.Close() }

var adapt = httpjson.Adapter(middleware.ToProblem)

// Mount registers the routes. The guard optional authenticates a request if it carries a
// token; sameOrigin refuses what a page of another origin sends, which may not answer or
// reset for a learner who happens to have it open.
func (h *Handler) Mount(r gin.IRouter, optional, sameOrigin gin.HandlerFunc) {
	get := httpjson.Get
	get(r, "/learn", adapt(h.start))
	get(r, "/learn/lessons", adapt(h.list))
	get(r, "/learn/lessons/:lesson", adapt(h.show))
	r.POST("/learn/lessons/:lesson/answers", sameOrigin, adapt(h.answer))
	r.POST("/learn/lessons/:lesson/hints", sameOrigin, adapt(h.hint))
	get(r, "/learn/sheet", adapt(h.sheet))
	get(r, "/learn/comparison", adapt(h.compare))
	get(r, "/learn/certificate", adapt(h.certify))
	get(r, "/learn/glossary", adapt(h.glossary))
	get(r, "/learn/style.css", adapt(h.style))
	get(r, "/learn/files/:file", adapt(h.file))
	get(r, "/learn/facts", optional, adapt(h.facts))
	get(r, "/learn/progress", adapt(h.saveProgress))
	r.PUT("/learn/progress", sameOrigin, adapt(h.restoreProgress))
	get(r, "/learn/reset", adapt(h.previewReset))
	r.POST("/learn/reset", sameOrigin, optional, adapt(h.reset))
	r.POST("/learn/reopen", sameOrigin, optional, adapt(h.reopen))
}

// ownsServer refuses everyone but a manager, and the learner of a server that only this
// machine reaches.
func (h *Handler) ownsServer(c *gin.Context) error {
	switch {
	case h.LoopbackOnly || middleware.IsAuthenticated(c) && middleware.MustPrincipal(c).Role == models.RoleManager:
		return nil
	case middleware.IsAuthenticated(c):
		return problem.RoleRequired.New("Other people use this server, too, so only a manager may do this.")
	case middleware.CookieRefusal(c) != nil:
		return middleware.CookieRefusal(c)
	}
	return problem.AuthenticationRequired.New("Other people use this server, too, so only a manager may do this. Log in as a manager and send the wristband (access token) with the request.")
}

// MountDisabled registers a route that says why there are no lessons.
func MountDisabled(r gin.IRouter, _, _ gin.HandlerFunc) {
	httpjson.Get(r, "/learn", adapt(func(*gin.Context) error {
		return problem.NotFound.New("The lessons need the demo accounts. Start the server with RESTAURANT_DEMO_DATA=on.")
	}))
}
