// Package stage is a small theatre beside the restaurant: a thief has written into the guest
// book, and the audience sees what the page of another guest then gives away.
//
// A Stage is a website that is unsafe on purpose. It has a token of its own that opens
// nothing else. What an attack has achieved it says only after a request that shows it.
package stage

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// patience is how long a client may take for a request.
	patience = 10 * time.Second
	// maxAtOnce bounds the requests that are served at a time.
	maxAtOnce = 16
	// maxKept bounds each list of what has arrived.
	maxKept = 20
	// maxNote bounds a note or a report.
	maxNote = 8 << 10 // bytes
)

// Cookie is the name of the stage's cookie.
const Cookie = "stage_ticket"

// Options are what a stage shows.
type Options struct {
	// Path is where the stage is on a server that has other pages too, such as
	// /t/CODE/stage. Its cookie is sent only there. Empty for a listener of its own.
	Path string
	// Token is what there is to steal, and TokenID its jti.
	Token, TokenID string
	// Report is told what the stage has received.
	Report func(Event)
}

// Event is a request to the stage that shows what an attack has achieved, or that it failed.
type Event struct {
	// Route is the path without Options.Path.
	Method, Route string
	Status        int
	// Noted is one of the words below.
	Noted string
	// TokenID is the jti of the token that has arrived.
	TokenID string
}

// The values of Event.Noted.
const (
	Stolen  = "wristband-stolen" // the token has arrived
	Empty   = "note-empty"       // a script has sent a note, and could not read the cookie
	Ordered = "ordered"          // a script has used the cookie
	Nothing = "nothing-arrived"  // the text was shown as text, and no note has come
	Blocked = "csp-report"       // the browser says that it ran no such script (CSP, section 5)
)

// Stage is the website. Its methods may be called at any time.
type Stage struct {
	options  Options
	handler  http.Handler
	listener net.Listener // nil without one of its own
	server   *http.Server
	slots    chan struct{}

	mu       sync.Mutex
	received received
	// encoded is true from when the page that encodes was opened until a note arrives.
	encoded bool
}

// received is what has arrived.
type received struct {
	Notes   []string `json:"notes"`
	Orders  []string `json:"orders"`
	Reports []string `json:"reports"`
}

// New returns a stage for a server that has other pages too.
func New(o Options) *Stage {
	s := &Stage{options: o, slots: make(chan struct{}, maxAtOnce), received: received{[]string{}, []string{}, []string{}}}
	s.handler = s.guard(http.NewCrossOriginProtection().Handler(s.routes()))
	return s
}

// Open returns a stage at a free port of 127.0.0.1, which closes itself at the end of its
// life. Cookies and storage of other host names, such as localhost, do not reach it.
func Open(o Options, life time.Duration) (*Stage, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := New(o)
	s.listener = listener
	s.server = &http.Server{Handler: s, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience, MaxHeaderBytes: 16 << 10}
	go s.server.Serve(listener) //nolint:errcheck // it ends with Close
	time.AfterFunc(life, s.Close)
	return s, nil
}

// Addr is where it listens, such as 127.0.0.1:49152.
func (s *Stage) Addr() string { return s.listener.Addr().String() }

// Close ends all connections. A stage without a listener has none.
func (s *Stage) Close() {
	if s.server != nil {
		_ = s.server.Close()
	}
}

// ServeHTTP answers a request.
func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// guard bounds the requests, and refuses names that lead to the stage and are not its own
// (DNS rebinding).
func (s *Stage) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default:
			http.Error(w, "The stage is busy. Try again.", http.StatusServiceUnavailable)
			return
		}
		if s.listener != nil && !s.isOwnHost(r.Host) {
			http.Error(w, "This is no name of the stage.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxNote)
		next.ServeHTTP(w, r)
	})
}

func (s *Stage) isOwnHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	_, own, _ := net.SplitHostPort(s.Addr())
	return err == nil && port == own && slices.Contains([]string{"127.0.0.1", "localhost"}, name)
}

// headers are those of every answer.
var headers = map[string]string{
	"Lab":                          "deliberately-unsafe",
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'", // pages have their own
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
}
