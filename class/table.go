package class

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"restaurant/learn"
	"restaurant/problem"
)

// State is what a table is doing.
type State string

// The states of a table.
const (
	StateFree    State = "free"
	StateOpening State = "opening"
	StateSeated  State = "seated"
	StateIdle    State = "idle"   // taken, and no request for idleAfter
	StateClosed  State = "closed" // by the teacher
	StateBroken  State = "broken" // its restaurant cannot be opened
)

// idleAfter is how long a table is seated after its last request.
const idleAfter = 10 * time.Minute

// table is one table and its restaurant.
type table struct {
	class  *Class
	number int
	kiosk  http.Handler
	last   atomic.Int64 // time of the newest request in Unix nanoseconds; 0: none since the start

	// use is held by each request while it runs, and alone by what opens or closes the restaurant.
	use    sync.RWMutex
	inside atomic.Pointer[inside] // nil: not opened yet

	history  history
	reports  reports
	settings tableSettings
}

// inside is the open restaurant, or why it cannot be opened.
type inside struct {
	restaurant Restaurant
	broken     error
	ahead      time.Duration // how far the class has moved its clock; the lock is that of the settings
}

// opened is the open restaurant, or nil.
func (t *table) opened() *inside {
	if in := t.inside.Load(); in != nil && in.broken == nil {
		return in
	}
	return nil
}

func (t *table) text() string   { return numberText(t.number) }
func (t *table) seat() seat     { return t.class.roster.seat(t.number) }
func (t *table) folder() string { return filepath.Join(t.class.Folder, "tables", t.text()) }

// path is the base path of the table's address.
func (t *table) path() string { return "/t/" + t.seat().Code }

// keysPath is the base path of the issuer, which anybody may know.
func (t *table) keysPath() string { return "/t/" + t.text() }

// lastAt is the time of the newest request, or zero.
func (t *table) lastAt() time.Time {
	if n := t.last.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// state is what the table is doing now.
func (t *table) state() State {
	s, in := t.seat(), t.inside.Load()
	_, active, reported := t.reported(time.Now())
	switch {
	case s.Closed:
		return StateClosed
	case reported && time.Since(active) > idleAfter:
		return StateIdle
	case reported: // its restaurant at the class is not used
		return StateSeated
	case in != nil && in.broken != nil:
		return StateBroken
	case !s.Taken:
		return StateFree
	case in == nil:
		return StateOpening
	case time.Since(t.lastAt()) > idleAfter:
		return StateIdle
	}
	return StateSeated
}

// take seats somebody who uses the code of a card without having joined. Otherwise somebody else would be
// given the table as a free one.
func (t *table) take() error {
	if t.seat().Taken {
		return nil
	}
	err := t.class.roster.change(func(r *roster) error {
		if r.Join == JoinClosed {
			return problem.ClassClosed.New("")
		}
		r.Tables[t.number-1].take()
		return nil
	})
	if err == nil {
		t.last.Store(time.Now().UnixNano())
	}
	return err
}

// sit gives a free table to the learner who sends this request. In a closed class nobody gets one, and
// only lessons can be read there.
func (t *table) sit(r *http.Request, path string) error {
	switch {
	case t.seat().Taken || isReading(r, path):
		return nil
	case isLeftOver(r, path) && !t.class.roster.isClosed():
		return nil
	}
	return t.take()
}

// isReading reports whether a request only reads lessons and the files of pages: a teacher prints the
// sheets of all tables.
func isReading(r *http.Request, path string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	switch first, rest, _ := strings.Cut(path, "/"); first {
	case "learn":
		return rest != "" // at the address alone a terminal begins
	case "healthz", "readyz", "css", "js", "favicon.svg", "icons.svg":
		return true
	}
	return false
}

// isLeftOver reports whether a request is of a page that was left open, and asks by itself. At a free table
// nobody has a token: who sends one has left. A page whose login has ended says that nobody has asked it.
func isLeftOver(r *http.Request, path string) bool {
	if path == "api/v1/auth/refresh" || path == "api/v1/auth/logout" {
		return true
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	hasToken := r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != ""
	return strings.HasPrefix(path, "api/") && (hasToken || r.Header.Get("Asked-By") == "page")
}

// enter returns the restaurant for one request, and opens it if need be. leave must be called
// after the request.
func (t *table) enter(ctx context.Context) (h Restaurant, leave func(), err error) {
	for {
		t.use.RLock()
		if in := t.opened(); in != nil {
			return in.restaurant, t.use.RUnlock, nil
		}
		t.use.RUnlock()
		if err := t.open(ctx); err != nil {
			return nil, nil, problem.TableBroken.New("").Because(err)
		}
	}
}

// open opens the restaurant, once for all who ask at the same time. A restaurant that is broken stays
// so until it is closed.
func (t *table) open(ctx context.Context) error {
	t.class.opening <- struct{}{}
	defer func() { <-t.class.opening }()
	t.use.Lock()
	defer t.use.Unlock()
	in := t.inside.Load()
	if in == nil {
		in = t.openNow(context.WithoutCancel(ctx)) // for all who wait for it
		t.settings.restoreClock(in)
		t.inside.Store(in)
		t.settings.catchUp(t)
		t.class.feed.publish(nil)
	}
	return in.broken
}

func (t *table) openNow(ctx context.Context) *inside {
	restaurant, err := t.class.Open(ctx, Place{
		Number: t.text(), Folder: t.folder(), URL: t.class.URL + t.path(), Issuer: t.class.URL + t.keysPath(), Kiosk: t.class.URL + t.path() + kioskPath,
		Lessons: learn.Options{Observe: t.observe, IsOpen: t.class.isOpen, Message: t.class.Message, Paused: t.countsNothing, Entrance: t.entrance},
	})
	if err != nil {
		t.class.Log.Error("the restaurant of a table cannot be opened; the others go on", "table", t.text(), "err", err)
	}
	return &inside{restaurant: restaurant, broken: err}
}

// countsNothing reports whether nothing counts in the lessons: in a pause, and as long as nobody sits
// here, or the next learner would find what somebody who has left did not do.
func (t *table) countsNothing() bool { return t.class.isPaused() || !t.seat().Taken }

// entrance keeps a pause at a way into the restaurant that the class does not see.
func (t *table) entrance(inside http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := t.class.pauseRefusal(r, strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, t.path()), "/")); p != nil {
			t.class.refuse(w, r, p)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// whileClosed closes the restaurant, runs fn and leaves the restaurant closed: the next request opens
// it. Streams end at once, and other requests get their answers first. fn may be nil.
func (t *table) whileClosed(fn func() error) error {
	if in := t.opened(); in != nil {
		in.restaurant.Drain()
	}
	t.use.Lock()
	defer t.use.Unlock()
	var err error
	if in := t.opened(); in != nil {
		t.settings.keepClock(in)
		err = in.restaurant.Close()
	}
	t.inside.Store(nil)
	if fn != nil {
		err = errors.Join(err, fn())
	}
	return err
}

// serve answers a request below the address of the table.
func (t *table) serve(w http.ResponseWriter, r *http.Request) error {
	restaurant, leave, err := t.enter(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	t.last.Store(time.Now().UnixNano())
	restaurant.Handler().ServeHTTP(w, r)
	return nil
}

// serveDocuments answers a request for what is public below the issuer.
func (t *table) serveDocuments(w http.ResponseWriter, r *http.Request) error {
	restaurant, leave, err := t.enter(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	restaurant.Documents().ServeHTTP(w, r)
	return nil
}
