package class

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/problem"
)

// dispatch finds who answers a request: the restaurant of a table, the kiosk, or the class.
func (c *Class) dispatch(w http.ResponseWriter, r *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case strings.EqualFold(first, "t") || "/"+first == kioskPath:
		if err := c.dispatchInside(w, r, first, rest); err != nil {
			c.refuse(w, r, err)
		}
	default:
		c.router.ServeHTTP(w, r)
	}
}

// dispatchInside finds who answers a request to a table or to the kiosk. A page that has made a name
// of its own lead to this computer (DNS rebinding) must not even try a code.
func (c *Class) dispatchInside(w http.ResponseWriter, r *http.Request, first, rest string) error {
	segment, below, _ := strings.Cut(rest, "/")
	if p := c.hosts.Refusal(r); p != nil && below != "healthz" && below != "readyz" {
		return p
	}
	switch {
	case "/"+first == kioskPath:
		basepath.Handler(kioskPath, c.kiosk).ServeHTTP(w, r)
	case first+segment != strings.ToLower(first+segment):
		c.answer(w, r, c.toSmallLetters(segment, below))
	default:
		return c.dispatchTable(w, r, segment, below)
	}
	return nil
}

// toSmallLetters leads from a code in capitals to the same in small letters, whether it is right or
// not: cookies belong to an address as it is written.
func (c *Class) toSmallLetters(code, below string) func(*gin.Context) error {
	return func(gc *gin.Context) error {
		at := url.URL{Path: "/t/" + strings.ToLower(code) + "/" + below, RawQuery: gc.Request.URL.RawQuery}
		gc.Header("Location", at.String())
		gc.String(http.StatusPermanentRedirect, "The address of a table is in small letters: %s%s\n", c.URL, &at)
		return nil
	}
}

// documents are what is public of a table, and where its issuer leads.
var documents = []string{"jwks.json", "ended.json", "openid-configuration", "oauth-authorization-server"}

func (c *Class) dispatchTable(w http.ResponseWriter, r *http.Request, segment, rest string) error {
	if t := c.byNumber(segment); t != nil {
		name, found := strings.CutPrefix(rest, ".well-known/")
		if !found || !slices.Contains(documents, name) {
			return problem.TableUnknown.New("")
		}
		return t.serveDocuments(w, r)
	}
	t, err := c.admit(r, segment)
	if err != nil {
		return err
	}
	if p := c.pauseRefusal(r, rest); p != nil {
		return p
	}
	if err := t.sit(r, rest); err != nil {
		return err
	}
	c.setMessage(w.Header())
	if strings.HasPrefix("/"+rest+"/", kioskPath+"/") {
		t.serveKiosk(w, r)
		return nil
	}
	return t.serve(w, r)
}

// admit returns the table of a code, and limits guesses of one. Where a code was right before,
// it stays so: others behind the same address may guess. A code that leads to a sentence, because
// the table is closed or has a new code, was right, too: open pages go on asking.
func (c *Class) admit(r *http.Request, code string) (*table, error) {
	t, err := c.byCode(code)
	if t != nil && c.guesses.wasRight(r, code) {
		return t, err
	}
	if refusal := c.guesses.check(r); refusal != nil {
		return nil, refusal
	}
	if t == nil {
		c.guesses.countWrong(r)
		return nil, err
	}
	c.guesses.countRight(r, code)
	return t, err
}

// byNumber returns a table by its number alone, or nil.
func (c *Class) byNumber(text string) *table {
	for _, t := range c.tables {
		if t.text() == text {
			return t
		}
	}
	return nil
}

// byCode returns the table of a code. There is an error, too, if the teacher has closed it or given
// it another code.
func (c *Class) byCode(code string) (*table, error) {
	for _, t := range c.tables {
		switch s := t.seat(); {
		case s.Code == code && s.Closed:
			return t, problem.TableClosed.New("")
		case s.Code == code:
			return t, nil
		case slices.Contains(s.Old, code):
			return t, problem.TableMoved.New("")
		}
	}
	return nil, problem.TableUnknown.New("")
}

// pause reports whether the teacher has paused the class, and until when.
func (c *Class) pause() (until time.Time, paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pausedUntil, time.Now().Before(c.pausedUntil)
}

// pauseRefusal refuses what a table does not take in a pause; nil: it takes the request.
func (c *Class) pauseRefusal(r *http.Request, path string) *problem.Problem {
	until, paused := c.pause()
	if !paused || readable(r.Method, path) {
		return nil
	}
	return problem.ClassPaused.New("The teacher is explaining something. Hands off until " + until.Format(time.TimeOnly) + ".").RetryAfter(time.Until(until))
}

// isPaused reports whether the class has a pause, in which nothing counts.
func (c *Class) isPaused() bool { _, paused := c.pause(); return paused }

// readable reports whether a request changes nothing and proves nothing, so that it may be
// made in a pause: health, pages and lessons.
func readable(method, path string) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	first, rest, _ := strings.Cut(path, "/")
	if "/"+first == kioskPath {
		return rest == "healthz"
	}
	return slices.Contains([]string{"", "healthz", "readyz", "learn", "css", "js", "favicon.svg", "icons.svg", "problems", "swagger", "openapi.json"}, first)
}

// MessageHeader carries what the teacher says to everybody. What is no plain ASCII letter is
// percent-encoded (RFC 3986, section 2.1).
const MessageHeader = "Class-Message"

func (c *Class) setMessage(h http.Header) {
	if text := c.Message(); text != "" {
		h.Set(MessageHeader, encoded(text))
	}
}

// announce sets the header on the answers of the class itself.
func (c *Class) announce(gc *gin.Context) { c.setMessage(gc.Writer.Header()) }

// Message is what the teacher says to everybody now, or empty.
func (c *Class) Message() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().After(c.message.until) {
		return ""
	}
	return c.message.text
}

// encoded percent-encodes a text for a header. Letters, digits and blanks stay readable.
func encoded(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '%' {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

type answerKey struct{}

// refuse answers with an error of dispatching, as the router answers all others.
func (c *Class) refuse(w http.ResponseWriter, r *http.Request, err error) {
	c.answer(w, r, func(*gin.Context) error { return err })
}

// answer lets do answer where the router would look for a route.
func (c *Class) answer(w http.ResponseWriter, r *http.Request, do func(*gin.Context) error) {
	c.router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), answerKey{}, do)))
}

// answered does what answer has passed on.
func answered(c *gin.Context) {
	if do, ok := c.Request.Context().Value(answerKey{}).(func(*gin.Context) error); ok {
		adapt(do)(c)
		c.Abort()
	}
}
