package lab

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// WeatherHeader names in a response the fault that has touched it.
const WeatherHeader = "Lab-Weather"

const (
	maxFaults   = 8
	maxFaultFor = 10 * time.Minute
	maxDelay    = 10 * time.Second
)

// The kinds of faults.
const (
	faultDelay  = "delay"  // the answer comes late
	faultStatus = "status" // a failure instead of the work
	faultDrop   = "drop"   // the work is done, and the connection is cut instead of an answer
)

// weather is the list of faults that are active now.
type weather struct {
	mu     sync.Mutex
	faults []fault
}

// fault is what happens to some requests of a route for some time.
type fault struct {
	method, path string
	until        time.Time
	faultRequest
}

// @Description	A fault: what happens to the requests of a route, and for how long.
type faultRequest struct {
	// Method and path of an API call. Where the path has an id, write {id}.
	Route string `json:"route" example:"GET /api/v1/menu" validate:"required"`
	// delay: the answer comes late. status: the answer is a failure, and nothing is done. drop: the work is done, and then the connection ends without an answer.
	Fault string `json:"fault" example:"delay" enums:"delay,status,drop" validate:"required"`
	// For delay: how late, in milliseconds.
	DelayMS *int64 `json:"delay_ms,omitzero" example:"10" minimum:"1" maximum:"10000"`
	// For status: the status of the answer.
	Status *int `json:"status,omitzero" minimum:"400" maximum:"599"`
	// For status: the Retry-After header of the answer, in seconds.
	RetryAfter *int64 `json:"retry_after,omitzero" minimum:"1" maximum:"600"`
	// Which share of the requests it hits. Without it: all of them.
	Rate *float64 `json:"rate,omitzero" minimum:"0" maximum:"1"`
	// For how many seconds it lasts.
	ForS int64 `json:"for_s" example:"1" minimum:"1" maximum:"600" validate:"required"`
} //@name FaultRequest

// @Description	A fault that is active now.
type faultResponse struct {
	Route      string  `json:"route" example:"GET /api/v1/menu" validate:"required"`
	Fault      string  `json:"fault" example:"delay" enums:"delay,status,drop" validate:"required"`
	DelayMS    *int64  `json:"delay_ms" example:"10" minimum:"1" maximum:"10000" extensions:"x-nullable" validate:"required"`
	Status     *int    `json:"status" example:"503" minimum:"400" maximum:"599" extensions:"x-nullable" validate:"required"`
	RetryAfter *int64  `json:"retry_after" example:"1" minimum:"1" maximum:"600" extensions:"x-nullable" validate:"required"`
	Rate       float64 `json:"rate" example:"1" minimum:"0" maximum:"1" validate:"required"`
	// When it ends.
	Until time.Time `json:"until" example:"2026-01-31T19:00:01Z" format:"date-time" validate:"required"`
} //@name Fault

// @Description	The faults that are active now, the oldest first.
type weatherResponse struct {
	Items []faultResponse `json:"items" validate:"required"`
} //@name Weather

// showWeather returns the faults that are active.
//
//	@Summary	The faults that are active now
//	@ID			showWeather
//	@Tags		lab
//	@Produce	json
//	@Success	200	{object}	weatherResponse
//	@Router		/lab/weather [get]
func (l *Lab) showWeather(c *gin.Context) error {
	res := weatherResponse{Items: []faultResponse{}}
	for _, f := range l.weather.active() {
		res.Items = append(res.Items, f.response())
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}

// clearWeather ends all faults.
//
//	@Summary	End all faults
//	@ID			clearWeather
//	@Tags		lab
//	@Success	204
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Router		/lab/weather [delete]
func (l *Lab) clearWeather(c *gin.Context) error {
	l.weather.clear()
	return httpjson.NoContent(c)
}

// addFault lets something go wrong.
//
//	@Summary		Make bad weather
//	@Description	For some time the requests of one route go wrong: `delay` answers late, `status` answers a failure and does nothing, `drop` does the work and then ends the connection without an answer. Answers that were touched have a `Lab-Weather` header, and count for no lesson. Up to 8 faults at once, for 10 minutes at most, and never for /lab, /healthz and /readyz.
//	@ID				addFault
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		faultRequest	true	"What goes wrong, where, and for how long"
//	@Success		201		{object}	faultResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		409		{object}	problem.Problem	"weather-full"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/lab/weather [post]
func (l *Lab) addFault(c *gin.Context) error {
	var req faultRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return err
	}
	f := req.fault(time.Now())
	if err := l.checkFault(f); err != nil {
		return err
	}
	if !l.weather.add(f) {
		return problem.WeatherFull.New("")
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusCreated, f.response())
}

// fault reads the route as the router writes it: :id where documents write {id}.
func (req faultRequest) fault(now time.Time) fault {
	method, path, _ := strings.Cut(strings.TrimSpace(req.Route), " ")
	path = strings.NewReplacer("{", ":", "}", "").Replace(strings.TrimSpace(path))
	return fault{method, path, now.Add(time.Duration(req.ForS) * time.Second), req}
}

func (l *Lab) checkFault(f fault) error {
	var cs httpjson.Checks
	cs.Require(l.hasRoute(f), "route", "must be the method and the path of a call of this server, such as POST /api/v1/orders, and not one of /lab, /healthz and /readyz")
	cs.Require(slices.Contains([]string{faultDelay, faultStatus, faultDrop}, f.Fault), "fault", "must be delay, status or drop")
	cs.Require((f.Fault == faultDelay) == (f.DelayMS != nil) && between(f.DelayMS, 1, maxDelay.Milliseconds()), "delay_ms", "must be 1 to 10000 milliseconds for delay, and left out for others")
	cs.Require((f.Fault == faultStatus) == (f.Status != nil) && between(f.Status, 400, 599), "status", "must be 400 to 599 for status, and left out for others")
	cs.Require((f.Fault == faultStatus || f.RetryAfter == nil) && between(f.RetryAfter, 1, 600), "retry_after", "must be 1 to 600 seconds, and left out unless the fault is status")
	cs.Require(f.Rate == nil || *f.Rate >= 0 && *f.Rate <= 1, "rate", "must be 0 to 1")
	cs.Require(f.ForS >= 1 && f.ForS <= int64(maxFaultFor/time.Second), "for_s", "must be 1 to 600 seconds")
	return cs.Err()
}

// between reports whether n is within two bounds, or nil.
func between[N int | int64](n *N, least, most N) bool { return n == nil || *n >= least && *n <= most }

// hasRoute reports whether the server has a route that a fault may touch. Probes must tell
// the truth, and the lab must be able to end the fault.
func (l *Lab) hasRoute(f fault) bool {
	if strings.HasPrefix(f.path, "/lab/") || f.path == "/healthz" || f.path == "/readyz" {
		return false
	}
	return slices.ContainsFunc(l.routes(), func(r gin.RouteInfo) bool { return r.Method == f.method && r.Path == f.path })
}

func (f fault) response() faultResponse {
	rate := 1.0
	if f.Rate != nil {
		rate = *f.Rate
	}
	route := f.method + " " + documentPath(f.path)
	return faultResponse{route, f.Fault, f.DelayMS, f.Status, f.RetryAfter, rate, f.until.UTC().Truncate(time.Millisecond)}
}

// documentPath writes a path of the router as documents do: {id} for :id.
func documentPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func (w *weather) active() []fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = slices.DeleteFunc(w.faults, func(f fault) bool { return !time.Now().Before(f.until) })
	return slices.Clone(w.faults)
}

func (w *weather) add(f fault) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = slices.DeleteFunc(w.faults, func(f fault) bool { return !time.Now().Before(f.until) })
	if len(w.faults) >= maxFaults {
		return false
	}
	w.faults = append(w.faults, f)
	return true
}

func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// hit returns the oldest fault that touches a request; how often it does is left to chance.
func (w *weather) hit(method, path string) (fault, bool) {
	for _, f := range w.active() {
		if f.method == method && f.path == path && (f.Rate == nil || rand.Float64() < *f.Rate) { //nolint:gosec // nobody gains by guessing the weather
			return f, true
		}
	}
	return fault{}, false
}

// Weather is the middleware that lets requests go wrong.
func (l *Lab) Weather(c *gin.Context) {
	f, ok := l.weather.hit(c.Request.Method, c.FullPath())
	if !ok {
		return
	}
	c.Header(WeatherHeader, f.Fault)
	switch f.Fault {
	case faultDelay:
		select {
		case <-time.After(time.Duration(*f.DelayMS) * time.Millisecond):
		case <-c.Request.Context().Done():
		}
	case faultStatus:
		problem.Write(c, f.failure())
	case faultDrop:
		c.Writer = silent{c.Writer}
		c.Next()
		panic(http.ErrAbortHandler) // net/http cuts the connection
	}
}

func (f fault) failure() *problem.Problem {
	kind := *problem.LabWeather
	kind.Status = *f.Status
	p := kind.New("")
	if f.RetryAfter != nil {
		p = p.RetryAfter(time.Duration(*f.RetryAfter) * time.Second)
	}
	return p
}

// silent is a writer that sends nothing. It cuts a stream at once, which would never end.
type silent struct{ gin.ResponseWriter }

func (silent) Write(b []byte) (int, error)       { return len(b), nil }
func (silent) WriteString(s string) (int, error) { return len(s), nil }
func (silent) WriteHeaderNow()                   {}
func (silent) Flush()                            { panic(http.ErrAbortHandler) }
