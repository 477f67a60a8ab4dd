package class

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/middleware"
	"restaurant/problem"
)

// adapt makes a gin handler of one that returns its error.
var adapt = httpjson.Adapter(middleware.ToProblem)

func nothingHere(*gin.Context) error {
	return problem.NotFound.New("There is nothing at this address of the class. Begin at /: there you get a table, and its address begins with /t/.").See("/")
}

func methodNotAllowed(c *gin.Context) error {
	return problem.MethodNotAllowed.New("This address takes only: " + c.Writer.Header().Get("Allow") + ".")
}

// tableCookie remembers the table of a browser, so that it finds back. It goes only to /class.
const tableCookie = "class_table"

const tableCookieLife = 12 * time.Hour

func (c *Class) mountJoining(r *gin.Engine) {
	httpjson.Get(r, "/", adapt(c.welcome))
	httpjson.Get(r, "/class", adapt(c.show))
	r.POST("/class/join", sameOrigin, adapt(c.join))
	r.POST("/class/report", sameOrigin, adapt(c.takeReport))
	httpjson.Get(r, "/healthz", adapt(healthz))
}

func healthz(c *gin.Context) error {
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, gin.H{"status": "ok"})
}

// sameOrigin refuses what a page of another origin sends.
func sameOrigin(c *gin.Context) {
	if http.NewCrossOriginProtection().Check(c.Request) != nil {
		problem.Write(c, problem.CrossOrigin.New(""))
	}
}

// showResponse is what everybody may know of the class.
type showResponse struct {
	Title  string `json:"title"`
	Tables int    `json:"tables"`
	Free   int    `json:"free"`
	// Joinable is whether somebody without a code gets a table now.
	Joinable bool `json:"joinable"`
	// Message is what the teacher says to everybody, or null.
	Message *string `json:"message"`
	// PausedUntil is null while the tables take requests.
	PausedUntil *time.Time `json:"paused_until"`
	// ClockAhead is by how many seconds the clock of the tokens was set ahead for all.
	ClockAhead int64 `json:"clock_ahead_s"`
	// OpenParts are the parts of the lessons that are open for all.
	OpenParts []string `json:"open_parts"`
	// Yours is the table that this browser has taken, or null.
	Yours *joinResponse `json:"yours"`
}

// signed is the code of a table with a signature: a cookie that was made up says nothing about
// codes, so that nobody can guess them here.
func (r *roster) signed(code string) string {
	mac := hmac.New(sha256.New, []byte(r.CookieKey))
	mac.Write([]byte(code))
	return code + "." + hex.EncodeToString(mac.Sum(nil))
}

func (c *Class) show(gc *gin.Context) error {
	httpjson.NoStore(gc)
	res := c.overview()
	if cookie, err := gc.Cookie(tableCookie); err == nil {
		code, _, _ := strings.Cut(cookie, ".")
		if t, err := c.byCode(code); err == nil && hmac.Equal([]byte(cookie), []byte(c.roster.signed(code))) {
			res.Yours = new(c.joined(t))
		}
	}
	return httpjson.Respond(gc, http.StatusOK, res)
}

func (c *Class) overview() showResponse {
	r := c.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	res := showResponse{
		Title: r.Title, Tables: len(r.Tables), Free: r.free(), Message: httpjson.Optional(c.Message()), OpenParts: r.openForAll(),
	}
	res.Joinable = r.Join == JoinOpen && res.Free > 0
	c.mu.Lock()
	res.ClockAhead = int64(c.ahead / time.Second)
	c.mu.Unlock()
	if until, paused := c.pause(); paused {
		until = until.UTC().Truncate(time.Second)
		res.PausedUntil = &until
	}
	return res
}

// openForAll are the parts that are open at all tables. The lock must be held.
func (r *roster) openForAll() []string {
	if r.Unlock == UnlockAll {
		return learn.Parts()
	}
	return append([]string{}, r.OpenParts...)
}

// free is how many tables nobody has taken. The lock must be held.
func (r *roster) free() (n int) {
	for _, t := range r.Tables {
		if !t.Taken && !t.Closed {
			n++
		}
	}
	return n
}

type joinRequest struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

// joinResponse is a table that somebody has taken.
type joinResponse struct {
	Table string `json:"table"`
	Code  string `json:"code"`
	// Base is the address of the table.
	Base string `json:"base"`
}

func (c *Class) joined(t *table) joinResponse {
	return joinResponse{t.text(), t.seat().Code, c.URL + t.path()}
}

// join gives somebody a free table, or leads them to that of their code.
func (c *Class) join(gc *gin.Context) error {
	req, err := readJoin(gc)
	if err != nil {
		return err
	}
	if fault := NameFault(strings.TrimSpace(req.Name)); fault != "" {
		return httpjson.Invalid("name", fault)
	}
	t, err := c.seatFor(gc.Request, plainCode(req.Code), strings.TrimSpace(req.Name))
	if err != nil {
		return err
	}
	c.guesses.countRight(gc.Request, t.seat().Code) // others behind the same address may guess
	t.last.Store(time.Now().UnixNano())
	c.feed.publish(nil)
	http.SetCookie(gc.Writer, &http.Cookie{ //nolint:gosec // a class speaks plain HTTP
		Name: tableCookie, Value: c.roster.signed(t.seat().Code), Path: "/class", MaxAge: int(tableCookieLife.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	httpjson.NoStore(gc)
	res := c.joined(t)
	gc.Header("Location", t.path()+"/")
	if httpjson.PrefersHTML(gc) { // the form of the page without scripts
		gc.Status(http.StatusSeeOther)
		return nil
	}
	if prefersText(gc) {
		gc.String(http.StatusCreated, "You have table %s. Its address: %s/\nBegin with: curl -s %s/learn\n", res.Table, res.Base, res.Base)
		return nil
	}
	return httpjson.Respond(gc, http.StatusCreated, res)
}

// readJoin reads the body. In a form each value is a text, so that somebody may be called 7.
func readJoin(gc *gin.Context) (req joinRequest, err error) {
	if httpjson.MediaType(gc) != httpjson.FormType {
		return req, httpjson.Bind(gc, &req)
	}
	fields, err := httpjson.SingleForm(gc, "name", "code")
	return joinRequest{fields["name"], fields["code"]}, err
}

// seatFor takes the table of a code, or a free one.
func (c *Class) seatFor(r *http.Request, code, name string) (t *table, err error) {
	if code != "" {
		if t, err = c.admit(r, code); err != nil {
			return nil, err
		}
	}
	return t, c.roster.change(func(r *roster) error {
		if t == nil {
			if r.Join != JoinOpen {
				return problem.ClassClosed.New("")
			}
			n := slices.IndexFunc(r.Tables, func(s seat) bool { return !s.Taken && !s.Closed })
			if n < 0 {
				return problem.ClassFull.New("")
			}
			t = c.tables[n]
		}
		s := &r.Tables[t.number-1]
		if r.Join == JoinClosed && !s.Taken {
			return problem.ClassClosed.New("")
		}
		s.take()
		s.Name = cmp.Or(name, s.Name)
		return nil
	})
}

// welcome answers the address on the board: a page, or text for a terminal.
func (c *Class) welcome(gc *gin.Context) error {
	if httpjson.PrefersHTML(gc) {
		return showPage(gc, "join.html", c.page())
	}
	o := c.overview()
	text := fmt.Sprintf("%s: %d of %d tables are free.\n", o.Title, o.Free, o.Tables)
	if o.Joinable {
		text += fmt.Sprintf("Take a free one: curl -s -d name= %s/class/join\n", c.URL)
	}
	text += fmt.Sprintf("You have a code: your address is %s/t/CODE/, such as %s/t/07-kmx/\n", c.URL, c.URL)
	if o.Message != nil {
		text += "Your teacher says: " + *o.Message + "\n"
	}
	gc.String(http.StatusOK, "%s", text)
	return nil
}

func prefersText(c *gin.Context) bool {
	return httpjson.Quality(c, "text/plain") > httpjson.Quality(c, "application/json") || c.GetHeader("Accept") == "*/*" && httpjson.MediaType(c) == httpjson.FormType
}
