// Package lab is the back yard: toys that are unsafe on purpose, so that one can
// see why the house is built as it is. It has keys of its own and knows neither
// the order book nor the keys of the house, so that nothing made here opens a
// door there; a test on its imports holds it to that. RESTAURANT_LAB switches it off.
package lab

import (
	"context"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/httpjson"
)

// Lab handles the routes of the lab.
type Lab struct {
	Options

	key      func() (key, error) // which no server trusts
	thief    func() (key, error) // that of an attacker
	weather  weather
	cable    cable
	theStage theStage
	open     *openDoors
	rush     *rate.Limiter
	tickets  ticketList
	// comparing is held by the comparison that runs.
	comparing sync.Mutex
	routes    func() gin.RoutesInfo // of the whole server
}

// Options are what the lab needs of the server. All of it is handed in as functions: the
// lab reaches neither its keys nor its database.
type Options struct {
	// Secure is whether clients reach the server by https: cookies then go nowhere else.
	Secure bool
	// Note says in a word what the running request has shown, for the lessons.
	Note func(c *gin.Context, word string)
	// Report says what has happened elsewhere.
	Report func(Evidence)
	// Measured keeps a result for the comparison sheet of the lessons: the answer of
	// /lab/compare as compare/ and its distance, such as compare/5, and of /lab/weigh as weigh.
	Measured func(ctx context.Context, name string, result any) error
	// CheckPassword checks a password as the login does, with its throttle.
	CheckPassword func(c *gin.Context, username, password string) (Guest, error)
	// OpenTickets creates the list of the lab's login sessions. Close closes it.
	OpenTickets func(context.Context) (Tickets, error)
	TokenChecks TokenChecks
	// PublicPEM is the server's public key, as /.well-known/public.pem has it.
	PublicPEM func() ([]byte, error)
	// Refusal is the slug with which the server refuses a token, or "" if it does not.
	Refusal func(token string) string
	// Server answers the requests of the wire.
	Server func() http.Handler
	// StagePath is the path of the stage on this server, such as /t/CODE/stage, or empty: then
	// it has a port of 127.0.0.1, which other computers do not reach.
	StagePath string
	// WireCertificate makes the certificate of a wire with TLS.
	WireCertificate WireCertificate
	Clock           Clock
}

// Evidence is something that the lessons should know of and that no request to the server
// shows by itself. It holds no token, only the id of one.
type Evidence struct {
	// Via is where it happened: kiosk, wire or stage.
	Via           string
	Method, Route string
	Status        int
	Problem       string
	// Noted says in a word what was seen.
	Noted string
	// Token is none, valid, or the slug with which the token was refused.
	Token   string
	TokenID string // its jti
}

// New returns a lab. Its keys are generated when they are needed first, and never stored.
func New(o Options) *Lab {
	return &Lab{Options: o, open: newOpenDoors(), rush: newRush(), key: sync.OnceValues(newKey), thief: sync.OnceValues(newKey)}
}

// Mount registers the routes. r must be the server's engine, which knows all of them. The
// guard sameOrigin refuses what a page of another origin sends.
func (l *Lab) Mount(r gin.IRouter, _, sameOrigin gin.HandlerFunc) {
	l.routes = r.(*gin.Engine).Routes
	adapt := httpjson.Adapter(toProblem)
	lab := r.Group("/lab", warn)
	lab.POST("/forge", adapt(l.forge))
	httpjson.Get(lab, "/sleepy/lounge", adapt(l.sleepyLounge))
	httpjson.Get(lab, "/repair", adapt(l.showGuards))
	lab.POST("/repair", adapt(l.repair))
	httpjson.Get(lab, "/open/menu", adapt(l.showOpenMenu))
	lab.POST("/open/menu", sameOrigin, adapt(l.restoreOpenDish))
	lab.DELETE("/open/menu", sameOrigin, adapt(l.deleteOpenDish))
	httpjson.Get(lab, "/open/orders", adapt(l.showOpenOrders))
	lab.POST("/open/orders", sameOrigin, adapt(l.placeOpenOrder))
	lab.DELETE("/open/orders", sameOrigin, adapt(l.deleteOpenOrders))
	httpjson.Get(lab, "/rush", adapt(l.showRush))
	lab.POST("/session/login", sameOrigin, adapt(l.ticketLogin))
	httpjson.Get(lab, "/session/me", adapt(l.ticketMe))
	lab.POST("/session/logout", sameOrigin, adapt(l.ticketLogout))
	lab.POST("/compare", sameOrigin, adapt(l.compare))
	httpjson.Get(lab, "/fat", adapt(l.showFat))
	httpjson.Get(lab, "/weigh", adapt(l.weigh))
	httpjson.Get(lab, "/clock", adapt(l.showClock))
	lab.POST("/clock", sameOrigin, adapt(l.advanceClock))
	httpjson.Get(lab, "/weather", adapt(l.showWeather))
	lab.POST("/weather", sameOrigin, adapt(l.addFault))
	lab.POST("/kiosk", sameOrigin, adapt(l.hearKiosk))
	lab.POST("/wire", sameOrigin, adapt(l.openWire))
	httpjson.Get(lab, "/wire/log", adapt(l.showWireLog))
	httpjson.Get(lab, "/wire/ca.pem", adapt(l.showWireCA))
	lab.POST("/stage", sameOrigin, adapt(l.openStage))
	httpjson.Get(lab, "/stage", adapt(l.showStage))
	lab.DELETE("/weather", sameOrigin, adapt(l.clearWeather))
	if l.StagePath != "" {
		httpjson.Get(r, stageFiles, adapt(l.playStage))
		r.POST(stageFiles, adapt(l.playStage)) // the stage refuses other origins itself
	}
}

func warn(c *gin.Context) { c.Header("Lab", "deliberately-unsafe") }
