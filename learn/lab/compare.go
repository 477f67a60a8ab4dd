package lab

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/problem"
)

const (
	// compareFor bounds a comparison.
	compareFor = 2 * time.Second
	// compareConnections is how many connections to the database all requests share.
	compareConnections = 2
	compareAtOnce      = 8
	defaultCompare     = 100
)

// TokenChecks is what the server itself does with a token.
type TokenChecks struct {
	// NewToken returns a token that the server accepts. It never leaves the program.
	NewToken func() (string, error)
	// Verify checks a token from the beginning, and Remember as the server does it: it
	// remembers the signatures that it has verified.
	Verify, Remember func(token string) error
	// CountQueries returns a context whose SQL statements are counted.
	CountQueries func(context.Context) (context.Context, func() int)
}

// @Description	What to measure.
type compareRequest struct {
	// How many requests for each door. 100 if you leave it out.
	N *int `json:"n,omitzero" example:"100" minimum:"10" maximum:"200"`
	// How far the database is, in milliseconds: 0 or 5. The 5 are simulated.
	DistanceMS *int `json:"distance_ms" example:"5" enums:"0,5" validate:"required"`
} //@name CompareRequest

// @Description	How long three doors take to find out who asks. The times are in microseconds.
type compareResponse struct {
	// How many requests were measured for each door.
	N          int            `json:"n" example:"100" validate:"required"`
	DistanceMS int            `json:"distance_ms" example:"5" enums:"0,5" validate:"required"`
	Simulated  bool           `json:"simulated" example:"true" validate:"required"`
	Doors      []comparedDoor `json:"doors" validate:"required"`
} //@name DoorComparison

// @Description	A door: jwt checks the signature each time, jwt-remembered as this server does it, session looks up a row.
type comparedDoor struct {
	Door string `json:"door" example:"session" enums:"jwt,jwt-remembered,session" validate:"required"`
	// What the client sends with each request for it.
	Bytes int `json:"bytes" example:"45" validate:"required"`
	// SQL statements of one request.
	Queries  int   `json:"queries" example:"1" validate:"required"`
	MedianUS int64 `json:"median_us" example:"5300" validate:"required"`
	P95US    int64 `json:"p95_us" example:"5900" validate:"required"`
	// The same with eight requests at once, which share two connections to the database.
	AtOnce comparedTimes `json:"at_once" validate:"required"`
} //@name ComparedDoor

// @Description	Times in microseconds.
type comparedTimes struct {
	MedianUS int64 `json:"median_us" example:"21000" validate:"required"`
	P95US    int64 `json:"p95_us" example:"23000" validate:"required"`
} //@name ComparedTimes

// compare measures the ways to check who asks, by turns.
//
//	@Summary		Measure: a token against a session
//	@Description	The server checks 100 times with each door who asks: with a token whose signature is checked each time, with a token that it remembers, and with a session in a database. First one request at a time, and then eight at once with two connections. It takes 2 seconds at most.
//	@ID				compareDoors
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		compareRequest	true	"How many, and how far the database is"
//	@Success		200		{object}	compareResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Failure		429		{object}	problem.Problem	"rate-limited"
//	@Router			/lab/compare [post]
func (l *Lab) compare(c *gin.Context) error {
	n, distance, err := readCompare(c)
	if err != nil {
		return err
	}
	if !l.comparing.TryLock() {
		return problem.RateLimited.New("Another measurement is running. Two at once would disturb each other.").RetryAfter(compareFor)
	}
	defer l.comparing.Unlock()
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*compareFor) // only a server that stands still needs it
	defer cancel()
	res, err := l.measureDoors(ctx, n, time.Duration(distance)*time.Millisecond)
	if err != nil {
		return err
	}
	name := "compare/" + strconv.Itoa(distance)
	if err := l.Measured(c.Request.Context(), name, res); err != nil {
		return err
	}
	l.Note(c, name)
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}

func readCompare(c *gin.Context) (n, distance int, err error) {
	var req compareRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return 0, 0, err
	}
	n = defaultCompare
	if req.N != nil {
		n = *req.N
	}
	var cs httpjson.Checks
	cs.Require(n >= 10 && n <= 200, "n", "must be 10 to 200")
	cs.Require(req.DistanceMS != nil && (*req.DistanceMS == 0 || *req.DistanceMS == 5), "distance_ms", "must be 0 or 5")
	if err := cs.Err(); err != nil {
		return 0, 0, err
	}
	return n, *req.DistanceMS, nil
}

// check is one way to find out who asks.
type check struct {
	name  string
	bytes int
	run   func(context.Context) error
}

func (l *Lab) measureDoors(ctx context.Context, n int, distance time.Duration) (res compareResponse, err error) {
	checks, err := l.checks(ctx, distance)
	if err != nil {
		return res, err
	}
	single, done, err := byTurns(ctx, checks, n)
	if err != nil {
		return res, err
	}
	res = compareResponse{N: done, DistanceMS: int(distance / time.Millisecond), Simulated: distance > 0}
	for i, d := range checks {
		queries, err := l.queriesOf(ctx, d)
		if err != nil {
			return res, err
		}
		many, err := atOnce(ctx, d, done, compareFor/2/time.Duration(len(checks)))
		if err != nil {
			return res, err
		}
		median, p95 := quantiles(single[i])
		res.Doors = append(res.Doors, comparedDoor{d.name, d.bytes, queries, median, p95, comparedTimes{}})
		res.Doors[i].AtOnce.MedianUS, res.Doors[i].AtOnce.P95US = quantiles(many)
	}
	return res, nil
}

// checks prepares a token and a session, and returns three ways to check them.
func (l *Lab) checks(ctx context.Context, distance time.Duration) ([]check, error) {
	token, err := l.TokenChecks.NewToken()
	if err != nil {
		return nil, err
	}
	list, err := l.ticketList(ctx)
	if err != nil {
		return nil, err
	}
	ticket := rand.Text()
	guest, err := json.Marshal(Guest{"1", "Alice", "guest", false})
	if err != nil {
		return nil, err
	}
	if err := list.Add(ctx, ticketHash(ticket), string(guest), time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	connections := make(chan struct{}, compareConnections)
	session := func(ctx context.Context) error {
		connections <- struct{}{}
		defer func() { <-connections }()
		if distance > 0 { // as if the database were so far away
			select {
			case <-time.After(distance):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		_, ok, err := list.Guest(ctx, ticketHash(ticket))
		if err == nil && !ok {
			err = problem.InternalError.New("")
		}
		return err
	}
	bearer, cookie := len("Authorization: Bearer ")+len(token), len("Cookie: "+TicketCookie+"=")+len(ticket)
	return []check{
		{"jwt", bearer, func(context.Context) error { return l.TokenChecks.Verify(token) }},
		{"jwt-remembered", bearer, func(context.Context) error { return l.TokenChecks.Remember(token) }},
		{"session", cookie, session},
	}, nil
}

// byTurns measures each once, then each once more, and so on, so that what disturbs the
// computer disturbs all of them. It stops after half of the time that there is.
func byTurns(ctx context.Context, checks []check, n int) (times [][]time.Duration, done int, err error) {
	times = make([][]time.Duration, len(checks))
	end := time.Now().Add(compareFor / 2)
	for done < n && (done < 10 || time.Now().Before(end)) {
		for i, d := range checks {
			start := time.Now()
			if err := d.run(ctx); err != nil {
				return nil, done, err
			}
			times[i] = append(times[i], time.Since(start))
		}
		done++
	}
	return times, done, nil
}

// atOnce measures one n times, eight at a time, or as often as there is time for.
func atOnce(ctx context.Context, d check, n int, within time.Duration) (times []time.Duration, err error) {
	var (
		mu      sync.Mutex
		asking  sync.WaitGroup
		tickets = make(chan struct{}, n)
	)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	end := time.Now().Add(within)
	for range compareAtOnce {
		asking.Go(func() {
			for range tickets {
				start := time.Now()
				if start.After(end) {
					return
				}
				failed := d.run(ctx)
				took := time.Since(start)
				mu.Lock()
				times = append(times, took)
				if failed != nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	return times, err
}

// queriesOf counts the SQL statements of one request.
func (l *Lab) queriesOf(ctx context.Context, d check) (int, error) {
	ctx, count := l.TokenChecks.CountQueries(ctx)
	err := d.run(ctx)
	return count(), err
}

func quantiles(times []time.Duration) (median, p95 int64) {
	slices.Sort(times)
	return times[len(times)/2].Microseconds(), times[len(times)*95/100].Microseconds()
}
