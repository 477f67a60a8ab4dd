// Package queue is the line in front of a narrow counter: everybody gets a turn,
// a guest who brings forty friends waits behind those friends only, and one who cannot
// be served soon is told so at once.
//
// In plain words: a bounded queue for work that costs much more than the request for
// it, such as hashing a password. It is fair between clients, see [ClientOf].
package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Bounds of waiting. A class of thirty that logs in behind one address fits into the
// line of one client.
const (
	// MaxWait is the longest wait for a turn of a queue of one server.
	MaxWait = 4 * time.Second
	// maxLine is how many turns of one client wait.
	maxLine = 64
	// maxWaiting is how many turns wait in all.
	maxWaiting = 512
)

// A class of a hundred tables that log in at the same moment, from behind one address too,
// would rather wait than be sent away.
const (
	classMaxWait = 15 * time.Second // less than a response may take in all
	classMaxLine = 256
)

// ErrBusy means that the turn did not come in time, or that too many wait.
var ErrBusy = errors.New("queue: too many are waiting")

// Queue lets a number of callers work at once, and the clients of those who wait take
// turns.
type Queue struct {
	mu      sync.Mutex
	maxWait time.Duration
	maxLine int
	free    int
	waiting int
	lines   map[string]*line
	next    []*line // every line once, in the order in which they are served
}

// line is what one client waits for, the oldest first. It is never empty.
type line struct {
	client string
	turns  []*turn
}

type turn struct {
	come chan struct{} // closed when the wait is over
	err  error         // why no turn came
}

// New returns a queue for work of which so much is done at once.
func New(atOnce int) *Queue { return newQueue(atOnce, MaxWait, maxLine) }

// NewForClass returns a queue that many servers share, and that has more patience.
func NewForClass(atOnce int) *Queue { return newQueue(atOnce, classMaxWait, classMaxLine) }

func newQueue(atOnce int, maxWait time.Duration, maxLine int) *Queue {
	return &Queue{maxWait: maxWait, maxLine: maxLine, free: atOnce, lines: map[string]*line{}}
}

// Waiting is how many wait for a turn.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// Enter waits for a turn of the client. leave must be called when the work is done. The
// error is ErrBusy, or that of ctx: nothing is done for a client that has gone.
func (q *Queue) Enter(ctx context.Context, client string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := q.join(client)
	if err != nil {
		return nil, err
	}
	tooLong := time.NewTimer(q.maxWait)
	defer tooLong.Stop()
	select {
	case <-t.come:
		err = t.err
	case <-ctx.Done():
		err = q.giveUp(client, t, ctx.Err())
	case <-tooLong.C:
		err = q.giveUp(client, t, ErrBusy)
	}
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil { // select may have seen the turn first
		q.leave()
		return nil, err
	}
	return sync.OnceFunc(q.leave), nil
}

// join takes a free place, or stands in line for one.
func (q *Queue) join(client string) (*turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &turn{come: make(chan struct{})}
	if q.free > 0 {
		q.free--
		close(t.come)
		return t, nil
	}
	l := q.lines[client]
	if l != nil && len(l.turns) >= q.maxLine || q.waiting >= maxWaiting && !q.sendAwayFor(l) {
		return nil, ErrBusy
	}
	if l == nil {
		l = &line{client: client}
		q.lines[client], q.next = l, append(q.next, l)
	}
	l.turns = append(l.turns, t)
	q.waiting++
	return t, nil
}

// sendAwayFor makes room for one more in a line (nil for a new one): the last of the
// longest line goes, unless that is as short.
func (q *Queue) sendAwayFor(l *line) bool {
	longest := slices.MaxFunc(q.next, func(a, b *line) int { return len(a.turns) - len(b.turns) })
	if l != nil && len(l.turns)+1 >= len(longest.turns) || len(longest.turns) == 1 {
		return false
	}
	last := longest.turns[len(longest.turns)-1]
	last.err = ErrBusy
	q.remove(longest, last)
	close(last.come)
	return true
}

// remove takes a turn out of its line.
func (q *Queue) remove(l *line, t *turn) {
	l.turns = slices.DeleteFunc(l.turns, func(other *turn) bool { return other == t })
	q.waiting--
	if len(l.turns) == 0 {
		delete(q.lines, l.client)
		q.next = slices.DeleteFunc(q.next, func(other *line) bool { return other == l })
	}
}

// giveUp leaves the line without a turn. If the turn came at the same moment, the next
// one gets it.
func (q *Queue) giveUp(client string, t *turn, why error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-t.come:
		if t.err == nil {
			q.serveNext()
		}
	default:
		q.remove(q.lines[client], t)
	}
	return why
}

func (q *Queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.serveNext()
}

// serveNext gives a place that has become free to the client whose turn it is, which
// then stands behind all others.
func (q *Queue) serveNext() {
	if len(q.next) == 0 {
		q.free++
		return
	}
	l := q.next[0]
	if len(l.turns) > 1 {
		q.next = append(q.next[1:], l)
	}
	t := l.turns[0]
	q.remove(l, t)
	close(t.come)
}
