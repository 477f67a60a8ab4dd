package lab

import (
	"crypto/tls"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/learn/lab/wire"
	"restaurant/problem"
)

// wireLife is how long a wire stays open.
const wireLife = 2 * time.Minute

// WireCertificate makes a certificate authority and a certificate of the server that it
// has signed, for one wire.
type WireCertificate func() (server *tls.Certificate, caPEM []byte, err error)

// cable is the open wire, if there is one.
type cable struct {
	mu   sync.Mutex
	wire *wire.Wire
	tls  bool
	ca   []byte // PEM
	// answered is whether a request over this wire was answered.
	answered *atomic.Bool
}

// @Description	Which wire to open.
type wireRequest struct {
	// true: with TLS. false: without.
	TLS *bool `json:"tls" example:"false" validate:"required"`
} //@name WireRequest

// @Description	An open wire.
type wireResponse struct {
	// Where it listens. Requests that are sent there reach this server.
	Listen string `json:"listen" example:"127.0.0.1:49152" validate:"required"`
	// The address of its log.
	Log string `json:"log" example:"/lab/wire/log" validate:"required"`
	// Where the certificate of the authority is that signed for it. Null without TLS.
	CA    *string   `json:"ca" example:"/lab/wire/ca.pem" extensions:"x-nullable" validate:"required"`
	Until time.Time `json:"until" example:"2026-01-31T19:02:00Z" format:"date-time" validate:"required"`
} //@name Wire

// @Description	What was seen on the wire.
type wireLogResponse struct {
	TLS bool `json:"tls" example:"false" validate:"required"`
	// False when the two minutes are over.
	Open    bool           `json:"open" example:"true" validate:"required"`
	Entries []wireLogEntry `json:"entries" validate:"required"`
	// True if more than 64 KiB came. The rest is not in the log.
	Full bool `json:"full" example:"false" validate:"required"`
} //@name WireLog

// @Description	One thing that was seen on the wire.
type wireLogEntry struct {
	At time.Time `json:"at" example:"2026-01-31T19:01:00Z" format:"date-time" validate:"required"`
	// client or server. Null for a note.
	From *string `json:"from" example:"client" extensions:"x-nullable" validate:"required"`
	// How many bytes went over the wire.
	Bytes int `json:"bytes" example:"412" validate:"required"`
	// Without TLS: what they said. With TLS: what kind of record it was.
	Text string `json:"text" example:"GET /api/v1/auth/me HTTP/1.1" validate:"required"`
} //@name WireLogEntry

// openWire opens a wire to this server, and closes the one before.
//
//	@Summary		Open a wire that you can look into
//	@Description	Opens a port for two minutes. Requests that are sent there reach this server, and the log shows what anybody on the way sees: everything, or with TLS only sizes and times. Ask for `Accept: text/plain`, and the answer is a file for `curl -K`. There is one wire at a time: a new one closes the old one.
//	@ID				openWire
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		wireRequest	true	"With TLS or without"
//	@Success		201		{object}	wireResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/lab/wire [post]
func (l *Lab) openWire(c *gin.Context) error {
	req, err := readWireRequest(c)
	if err != nil {
		return err
	}
	addr, err := l.connect(c.Request, *req.TLS)
	if err != nil {
		return err
	}
	httpjson.NoStore(c)
	if httpjson.Quality(c, httpjson.MediaText) > httpjson.Quality(c, httpjson.MediaJSON) {
		c.String(http.StatusCreated, "connect-to = \"::%s\"\n", addr)
		return nil
	}
	res := wireResponse{Listen: addr, Log: basepath.Of(c.Request) + "/lab/wire/log", Until: time.Now().Add(wireLife).UTC().Truncate(time.Second)}
	if *req.TLS {
		res.CA = httpjson.Optional(basepath.Of(c.Request) + "/lab/wire/ca.pem")
	}
	return httpjson.Respond(c, http.StatusCreated, res)
}

func readWireRequest(c *gin.Context) (req wireRequest, err error) {
	if httpjson.MediaType(c) != httpjson.FormType {
		err = httpjson.Bind(c, &req)
	} else {
		form, formErr := httpjson.SingleForm(c, "tls")
		err = formErr
		if overTLS, parseErr := strconv.ParseBool(form["tls"]); parseErr == nil {
			req.TLS = &overTLS
		}
	}
	if err == nil && req.TLS == nil {
		err = httpjson.Invalid("tls", "must be true or false")
	}
	return req, err
}

// localHost is the address at which a request has reached the server. Its client can reach
// a port there, too.
func localHost(r *http.Request) string {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return addr.IP.String()
	}
	return "127.0.0.1"
}

// connect opens a wire at the address that a request has reached.
func (l *Lab) connect(r *http.Request, overTLS bool) (addr string, err error) {
	answered := new(atomic.Bool)
	o := wire.Options{Host: localHost(r), Server: l.seen(basepath.Of(r), overTLS, answered), Life: wireLife, Broken: l.reportBroken}
	var ca []byte
	if overTLS {
		if o.Certificate, ca, err = l.WireCertificate(); err != nil {
			return "", err
		}
	}
	next, err := wire.Open(o)
	if err != nil {
		return "", err
	}
	l.cable.mu.Lock()
	defer l.cable.mu.Unlock()
	if l.cable.wire != nil {
		l.cable.wire.Close()
	}
	l.cable.wire, l.cable.tls, l.cable.ca, l.cable.answered = next, overTLS, ca, answered
	return next.Addr(), nil
}

// viaWire marks evidence of what went over the wire.
const viaWire = "wire"

// reportBroken says that a client has left in the middle of the handshake. It has sent no
// request, so there is no status, and the route is one that no request has.
func (l *Lab) reportBroken() {
	l.Report(Evidence{Via: viaWire, Method: "TLS", Route: "handshake", Noted: "handshake-broken"})
}

// seen passes requests on to the server, which stands under a base path, and reports those
// that it answered.
func (l *Lab) seen(base string, overTLS bool, answered *atomic.Bool) http.Handler {
	noted := "plain"
	if overTLS {
		noted = "tls"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w}
		l.Server().ServeHTTP(answer, r)
		answered.Store(true)
		l.Report(Evidence{Via: viaWire, Method: r.Method, Route: basepath.Strip(base, r.URL).Path, Status: answer.status, Noted: noted})
	})
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// showWireLog shows what was seen on the wire.
//
//	@Summary		What was seen on the wire
//	@Description	JSON if you ask for it, and text for a terminal otherwise.
//	@ID				showWireLog
//	@Tags			lab
//	@Produce		json
//	@Success		200	{object}	wireLogResponse
//	@Failure		404	{object}	problem.Problem	"not-found"
//	@Router			/lab/wire/log [get]
func (l *Lab) showWireLog(c *gin.Context) error {
	w, overTLS, _, answered, err := l.cable.current()
	if err != nil {
		return err
	}
	entries, full := w.Log.Entries()
	l.Note(c, whatIsReadable(entries, overTLS && answered.Load()))
	httpjson.NoStore(c)
	if !httpjson.Names(c, "Accept", "application/json") {
		c.String(http.StatusOK, "%s", logText(entries, full))
		return nil
	}
	res := wireLogResponse{TLS: overTLS, Open: w.Open(), Full: full, Entries: []wireLogEntry{}}
	for _, e := range entries {
		res.Entries = append(res.Entries, wireLogEntry{e.At.UTC().Truncate(time.Millisecond), httpjson.Optional(e.From), e.Bytes, e.Text})
	}
	return httpjson.Respond(c, http.StatusOK, res)
}

func (k *cable) current() (w *wire.Wire, overTLS bool, ca []byte, answered *atomic.Bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.wire == nil {
		return nil, false, nil, nil, problem.NotFound.New("No wire was opened yet. Open one with POST /lab/wire.")
	}
	return k.wire, k.tls, k.ca, k.answered, nil
}

// tokenHeader is a header line with a token.
var tokenHeader = regexp.MustCompile(`(?im)^authorization: *bearer +[\w-]+\.[\w-]+\.[\w-]*$`)

// whatIsReadable is what a reader of the log has seen: a token in clear, nothing of a
// request that was answered over TLS, or nothing yet.
func whatIsReadable(entries []wire.Entry, answeredOverTLS bool) string {
	var sent strings.Builder // a header may stand in two entries
	for _, e := range entries {
		if e.From == "client" {
			sent.WriteString(e.Text)
		}
	}
	switch {
	case answeredOverTLS:
		return "nothing-readable"
	case tokenHeader.MatchString(sent.String()):
		return "token-read"
	}
	return ""
}

func logText(entries []wire.Entry, full bool) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.At.Format("15:04:05.000") + "  ")
		if e.From != "" {
			b.WriteString("from the " + e.From + ", " + strconv.Itoa(e.Bytes) + " bytes: ")
		}
		text := strings.TrimRight(e.Text, "\n")
		if strings.Contains(text, "\n") {
			b.WriteString("\n")
		}
		b.WriteString(text + "\n")
	}
	if len(entries) == 0 {
		b.WriteString("Nothing was sent over the wire yet.\n")
	}
	if full {
		b.WriteString("More came, but the log is full.\n")
	}
	return b.String()
}

// showWireCA serves the certificate of the authority that signed for the wire.
//
//	@Summary	The certificate authority of a wire with TLS
//	@ID			showWireCA
//	@Tags		lab
//	@Produce	application/x-pem-file
//	@Success	200	{string}	string
//	@Failure	404	{object}	problem.Problem	"not-found"
//	@Router		/lab/wire/ca.pem [get]
func (l *Lab) showWireCA(c *gin.Context) error {
	_, _, ca, _, err := l.cable.current()
	switch {
	case err != nil:
		return err
	case ca == nil:
		return problem.NotFound.New("The wire has no TLS. Open one with POST /lab/wire and tls=true.")
	}
	httpjson.NoStore(c)
	c.Data(http.StatusOK, "application/x-pem-file", ca)
	return nil
}

// Close ends what the lab has opened.
func (l *Lab) Close() {
	l.theStage.replace(nil)
	l.cable.mu.Lock()
	defer l.cable.mu.Unlock()
	if l.cable.wire != nil {
		l.cable.wire.Close()
	}
	l.tickets.close() // last: a request over the wire would open the list again
}
