package learn

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/learn/course"
	"restaurant/middleware"
	"restaurant/problem"
)

// ProgressHeader says in a response what the request has changed.
const ProgressHeader = "Lesson-Progress"

// OnResponse credits each response of the API just before its header goes out.
func (h *Handler) OnResponse(c *gin.Context) {
	if !isAPIRoute(middleware.Route(c)) || h.isPaused() {
		return
	}
	f := factOf(c)
	header := h.Tracker().Observe(f)
	// The answer to a refused login is the same whether there is such an account.
	if header != "" && f.LoginName == "" {
		c.Writer.Header()[ProgressHeader] = []string{header}
	}
}

const notedKey = "lessons.noted"

// Note says in a word what the running request has shown; a pattern may ask for it.
func Note(c *gin.Context, word string) { c.Set(notedKey, word) }

func (h *Handler) isPaused() bool { return h.Paused != nil && h.Paused() }

// Evidence is something that happened elsewhere: at the kiosk, on the wire, on the stage.
type Evidence struct {
	// Via is where it happened.
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

// Report credits what happened elsewhere.
func (h *Handler) Report(e Evidence) {
	if h.isPaused() {
		return
	}
	h.Tracker().Observe(course.Fact{
		At: time.Now().UnixMilli(), Endpoint: course.Endpoint{Method: e.Method, Route: e.Route}, Status: e.Status, Problem: e.Problem,
		Via: e.Via, Noted: e.Noted, Token: e.Token, TokenHash: hash(e.TokenID),
	})
}

// isAPIRoute leaves out the routes of the lessons, and those that machines and browsers
// call by themselves.
func isAPIRoute(route string) bool {
	return strings.HasPrefix(route, "/api/") || strings.HasPrefix(route, "/lab/") || strings.HasPrefix(route, "/.well-known/") || route == "none"
}

// factOf makes the fact of a request whose response is decided. It keeps secrets and what
// clients made up only as hashes.
func factOf(c *gin.Context) course.Fact {
	subject, active := middleware.Inspected(c)
	f := course.Fact{
		At: time.Now().UnixMilli(), Endpoint: course.Endpoint{Method: middleware.Method(c), Route: middleware.Route(c)}, Status: c.Writer.Status(),
		Problem: problem.Written(c), Token: course.TokenNone, OrderStatus: string(middleware.OrderStatus(c)),
		Client: hash(clientOf(c.Request)), Program: programOf(clientOf(c.Request)), Subject: hash(subject), Active: active, Foreign: middleware.Foreign(c), Noted: c.GetString(notedKey),
	}
	switch {
	case middleware.IsAuthenticated(c):
		p := middleware.MustPrincipal(c)
		f.Who, f.Role, f.VIP, f.Token, f.TokenHash = p.UserID, string(p.Role), p.VIP, course.TokenValid, hash(p.TokenID)
	case f.Status == http.StatusUnauthorized && strings.HasPrefix(f.Problem, "token-"):
		f.Token, f.TokenHash = f.Problem, hash(middleware.UnverifiedTokenID(c))
	case f.Route == "/api/v1/auth/login" && f.Problem == problem.InvalidCredentials.Slug:
		f.LoginName = course.NameUnknown
		if middleware.UserID(c) != 0 {
			f.LoginName = course.NameKnown
		}
	case f.Status < http.StatusBadRequest: // a refused login has no user, or it would reveal who has an account
		f.Who = middleware.UserID(c)
	}
	if strings.HasPrefix(f.Route, "/api/v1/orders") && f.Status < http.StatusMultipleChoices {
		f.Order = orderOf(c)
		f.Replayed = c.Writer.Header().Get("Idempotency-Replayed") != ""
	}
	if f.Route == "none" {
		path := c.Request.URL.Path
		f.KeyFile = strings.HasSuffix(path, ".pem") || strings.HasSuffix(path, ".key")
	}
	return f
}

// clientOf is what a client calls itself. A page in a browser may not set User-Agent
// (Chromium silently sends its own), so it uses X-User-Agent.
func clientOf(r *http.Request) string {
	return cmp.Or(r.Header.Get("X-User-Agent"), r.UserAgent())
}

// programs are kinds of clients and what their User-Agent says. Each browser also says what
// the ones below it say.
var programs = []struct{ says, name string }{
	{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	{"curl/", "curl"}, {"PowerShell/", "PowerShell"}, {"Wget/", "wget"}, {"python-requests/", "Python"}, {"Go-http-client/", "Go"},
}

// programOf is what kind of program a client is. What is not in the list gets no name: it is
// what a client made up.
func programOf(agent string) string {
	for _, p := range programs {
		if strings.Contains(agent, p.says) {
			return p.name
		}
	}
	return "another program"
}

// orderOf is the number in Location, where an order was placed, or in the path.
func orderOf(c *gin.Context) int64 {
	text := c.Param("id")
	if at := c.Writer.Header().Get("Location"); at != "" {
		text = at[strings.LastIndexByte(at, '/')+1:]
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// hash tells texts apart without keeping them; 0 for none. A plain hash is enough, because
// the texts are random (jti) or no secrets (User-Agent, sub).
func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	var buffer [64]byte // on the stack, and long enough for most texts
	sum := sha256.Sum256(append(buffer[:0], text...))
	return max(1, binary.LittleEndian.Uint64(sum[:8]))
}
