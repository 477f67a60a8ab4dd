package class

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

const (
	// batchTime is how long facts are collected before they are sent.
	batchTime = 250 * time.Millisecond
	// stateTime is how soon the state is sent again although nothing has happened: who is
	// stuck or idle depends on the time.
	stateTime = 10 * time.Second
	// maxWaiting bounds the facts of a batch. Of more, the newest are sent.
	maxWaiting = 1000
	// maxListeners is how many pages may listen at a time.
	maxListeners = 50
)

// feed passes what happens to the pages of the teacher.
type feed struct {
	mu        sync.Mutex
	closed    bool
	listeners map[*listener]bool
}

// listener is a page that listens. Its lock is that of the feed.
type listener struct {
	facts   []fact
	changed bool
	ended   chan struct{} // closed when the class is
}

// publish passes on a request, or that something else has changed. It never blocks.
func (f *feed) publish(seen *fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		l.changed = true
		if seen != nil {
			l.facts = append(l.facts[max(0, len(l.facts)+1-maxWaiting):], *seen)
		}
	}
}

// listen returns nil if too many listen, or the class is being closed.
func (f *feed) listen() *listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.listeners) >= maxListeners {
		return nil
	}
	if f.listeners == nil {
		f.listeners = map[*listener]bool{}
	}
	l := &listener{ended: make(chan struct{})}
	f.listeners[l] = true
	return l
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

// take returns what has happened since the last call.
func (f *feed) take(l *listener) (facts []fact, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	facts, changed = l.facts, l.changed
	l.facts, l.changed = nil, false
	return facts, changed
}

// close ends all streams.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	for l := range f.listeners {
		close(l.ended)
	}
}

// teacherEvents streams what happens (server-sent events): first the state, then facts as
// they come, and the state whenever it may have changed. It ends with the session.
func (c *Class) teacherEvents(gc *gin.Context) error {
	l := c.feed.listen()
	if l == nil {
		return problem.TooManyStreams.New("")
	}
	defer c.feed.leave(l)
	gc.Header("Content-Type", "text/event-stream")
	gc.Header("Cache-Control", "no-store")
	gc.Header("X-Accel-Buffering", "no") // nginx would hold events back
	s := eventStream{gc.Writer, http.NewResponseController(gc.Writer)}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's would end the stream; a test recorder has none
	if gc.Request.Method == http.MethodHead || s.send("state", c.state(time.Now())) != nil {
		return nil
	}
	c.relay(gc, l, s)
	return nil
}

func (c *Class) relay(gc *gin.Context, l *listener, s eventStream) {
	tick := time.NewTicker(batchTime)
	defer tick.Stop()
	sent := time.Now()
	for {
		select {
		case <-gc.Request.Context().Done():
			return
		case <-l.ended:
			return
		case <-tick.C:
		}
		facts, changed := c.feed.take(l)
		if len(facts) > 0 && s.send("fact", facts) != nil {
			return
		}
		if !changed && time.Since(sent) < stateTime {
			continue
		}
		sent = time.Now()
		if c.teacherRefusal(gc) != nil || s.send("state", c.state(sent)) != nil {
			return
		}
	}
}

// eventStream is an open stream of events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send sends one event. The server ends it if the page takes nothing for too long.
func (s eventStream) send(event string, data any) error {
	text, err := httpjson.Encode(data)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n", event, text); err != nil {
		return err
	}
	return s.control.Flush()
}
