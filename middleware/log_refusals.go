package middleware

import (
	"log/slog"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

const (
	// refusalsLogged is how many equal refusals of a second have a line each.
	refusalsLogged = 10
	refusalsSpan   = time.Second
)

// refusal is what equal refusals have in common. There are as many of them as routes,
// statuses and kinds of problem allow.
type refusal struct {
	method, route string
	status        int
	slug          string
}

func refusalOf(c *gin.Context) refusal {
	return refusal{Method(c), Route(c), c.Writer.Status(), problem.Written(c)}
}

// refusalCounts counts equal refusals, so that a flood of them cannot fill the disk: each had
// a line, 141,056 in a minute. After ten lines of one kind in a second, one more says how
// many others there were. The metrics count all.
type refusalCounts struct {
	log   *slog.Logger
	mu    sync.Mutex
	count map[refusal]int // in the span that has begun; nil before it
}

// mayLog counts a refusal and reports whether it gets a line of its own.
func (r *refusalCounts) mayLog(one refusal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[refusal]int{}
		time.AfterFunc(refusalsSpan, r.sumUp)
	}
	r.count[one]++
	return r.count[one] <= refusalsLogged
}

// sumUp ends the span and logs what had no line in it.
func (r *refusalCounts) sumUp() {
	r.mu.Lock()
	count := r.count
	r.count = nil
	r.mu.Unlock()
	for one, n := range count {
		if n > refusalsLogged {
			r.log.Info("there were more requests like the last ones",
				"method", one.method, "route", one.route, "status", one.status, "problem", one.slug, "count", n-refusalsLogged)
		}
	}
}
