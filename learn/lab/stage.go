package lab

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/lab/stage"
	"restaurant/problem"
)

// stageLife is how long a stage stays open.
const stageLife = 10 * time.Minute

// viaStage marks evidence of what the stage has received.
const viaStage = "stage"

// theStage is the open stage, if there is one.
type theStage struct {
	mu    sync.Mutex
	stage *stage.Stage
	until time.Time
}

// @Description	A website that is unsafe on purpose.
type stageResponse struct {
	// Where it listens.
	Listen string `json:"listen" example:"127.0.0.1:49152" validate:"required"`
	// The page to open in a browser. At a port of its own its host name is another than that of this server, so the browser keeps their cookies apart.
	URL   string    `json:"url" example:"http://127.0.0.1:49152/" format:"uri" validate:"required"`
	Until time.Time `json:"until" example:"2026-01-31T19:10:00Z" format:"date-time" validate:"required"`
} //@name Stage

// openStage opens a stage, and closes the one before.
//
//	@Summary		Open a website with a thief in its guestbook
//	@Description	Opens a port of this computer for ten minutes, or in a class a path of this server. The pages there have a guestbook, and make the mistakes that let a script of a stranger run (XSS). They have a token of the lab to steal, which opens nothing. There is one stage at a time: a new one closes the old one.
//	@ID				openStage
//	@Tags			lab
//	@Produce		json
//	@Success		201	{object}	stageResponse
//	@Failure		403	{object}	problem.Problem	"cross-origin"
//	@Router			/lab/stage [post]
func (l *Lab) openStage(c *gin.Context) error {
	own, err := l.key()
	if err != nil {
		return err
	}
	id := rand.Text()
	token := own.token(labHeader(own), labClaims("alice", time.Now()).with("jti", id))
	next, err := l.newStage(stage.Options{Path: l.StagePath, Token: token, TokenID: id, Report: l.hearStage})
	if err != nil {
		return err
	}
	l.theStage.replace(next)
	return l.respondStage(c, http.StatusCreated, "")
}

func (l *Lab) newStage(o stage.Options) (*stage.Stage, error) {
	if o.Path != "" {
		return stage.New(o), nil
	}
	return stage.Open(o, stageLife)
}

// stageFiles are the pages of a stage on this server.
const stageFiles = "/stage/*file"

// playStage answers a request to a stage on this server. A browser sends there what it has of
// the restaurant, too, which is nobody's business on a website that is unsafe: the stage gets
// its own cookie and no other secret.
func (l *Lab) playStage(c *gin.Context) error {
	open, _, err := l.theStage.current()
	if err != nil {
		return err
	}
	r := c.Request.Clone(c.Request.Context())
	r.URL.Path, r.URL.RawPath = l.StagePath+"/"+strings.TrimPrefix(c.Param("file"), "/"), ""
	r.Header.Del("Authorization")
	r.Header.Del("Cookie")
	if ticket, err := c.Request.Cookie(stage.Cookie); err == nil {
		r.AddCookie(&http.Cookie{Name: ticket.Name, Value: ticket.Value}) //nolint:gosec // a client's cookie has no attributes
	}
	open.ServeHTTP(c.Writer, r)
	return nil
}

// hearStage passes on what the stage has received.
func (l *Lab) hearStage(e stage.Event) {
	token := "none"
	if e.TokenID != "" {
		token = "valid"
	}
	l.Report(Evidence{Via: viaStage, Method: e.Method, Route: e.Route, Status: e.Status, Noted: e.Noted, Token: token, TokenID: e.TokenID})
}

// showStage leads a browser to the stage.
//
//	@Summary	Where the stage is
//	@ID			showStage
//	@Tags		lab
//	@Produce	json
//	@Param		case	query	string	false	"Which page of the stage to open"	Enums(storage, cookie, order, encoded, strict)
//	@Success	200	{object}	stageResponse
//	@Success	303	"For a browser: the stage"
//	@Header		303	{string}	Location		"The stage"
//	@Failure	404	{object}	problem.Problem	"not-found"
//	@Failure	422	{object}	problem.Problem	"validation-failed"
//	@Router		/lab/stage [get]
func (l *Lab) showStage(c *gin.Context) error {
	name := c.Query("case")
	if name != "" && !stage.HasCase(name) {
		return httpjson.Invalid("case", "must be storage, cookie, order, encoded or strict")
	}
	return l.respondStage(c, http.StatusOK, name)
}

func (l *Lab) respondStage(c *gin.Context, status int, name string) error {
	open, until, err := l.theStage.current()
	if err != nil {
		return err
	}
	res := stageResponse{URL: stageURL(c.Request, l.StagePath, open), Until: until.UTC().Truncate(time.Second)}
	at, _ := url.Parse(res.URL) // it is ours
	res.Listen = at.Host
	if name != "" {
		res.URL += "?case=" + name
	}
	httpjson.NoStore(c)
	if httpjson.Quality(c, httpjson.MediaHTML) > httpjson.Quality(c, httpjson.MediaJSON) {
		c.Header("Location", res.URL)
		c.Status(http.StatusSeeOther)
		return nil
	}
	return httpjson.Respond(c, status, res)
}

// stageURL is the address of a stage for the client of a request. A stage with a port of its
// own is named otherwise than the client names this server: browsers tell cookies of two host
// names apart, but not those of two ports (RFC 6265, section 8.5). Below a path a client stays
// at the name that reached this server.
func stageURL(r *http.Request, path string, open *stage.Stage) string {
	if path != "" {
		return "http://" + r.Host + path + "/"
	}
	host, port, _ := net.SplitHostPort(open.Addr())
	if strings.HasPrefix(r.Host, host) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// current is the open stage, and until when it is open.
func (s *theStage) current() (*stage.Stage, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == nil || time.Now().After(s.until) {
		return nil, time.Time{}, problem.NotFound.New("No stage is open. Open one with POST /lab/stage; it stays open for ten minutes.")
	}
	return s.stage, s.until, nil
}

// replace closes the stage before. A nil next opens none.
func (s *theStage) replace(next *stage.Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage != nil {
		s.stage.Close()
	}
	s.stage, s.until = next, time.Now().Add(stageLife)
}
