package middleware

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"restaurant/models"
	"restaurant/problem"
)

// Metrics holds what Prometheus reads; docs/metrics.md describes it. A label never holds
// what a client made up, and counters begin at 0 for each of its values, so that rate()
// sees the first time, too.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.HistogramVec
	orders    *prometheus.CounterVec
	logins    *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	lookups   *prometheus.CounterVec
	writes    prometheus.Histogram
	commits   prometheus.Histogram
}

// NewMetrics makes metrics of a program of this version, in a registry of their own.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "restaurant_http_request_duration_seconds",
			Help:    "Time from the first handler to the end of the answer, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		orders: newCounter("restaurant_orders_total", "Orders that this instance has given a status, by that status: placed counts new orders, and no repeated request.",
			"status", string(models.StatusPlaced), string(models.StatusPreparing), string(models.StatusReady), string(models.StatusServed), string(models.StatusCancelled)),
		logins: newCounter("restaurant_logins_total", "Logins with a password, by result.",
			"result", resultOK, resultInvalid, resultThrottled, resultBusy, resultRefused, resultAbandoned, resultFailed),
		refreshes: newCounter("restaurant_refreshes_total", "Refresh tokens that were to be exchanged, by result: reused ones had been spent, so somebody may have stolen them.",
			"result", resultOK, resultInvalid, resultReused, resultRefused, resultAbandoned, resultFailed),
		lookups: newCounter("restaurant_token_cache_lookups_total", "Access tokens that were looked for among those verified before, by result.",
			"result", resultHit, resultMiss),
		writes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "restaurant_commit_writes",
			Help:    "Writes that shared one commit.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "restaurant_commit_duration_seconds",
			Help:    "Time from the begin of a transaction until it is on the disk.",
			Buckets: []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	m.registry.MustRegister(m.requests, m.orders, m.logins, m.refreshes, m.lookups, m.writes, m.commits, newBuildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// newCounter makes a counter with one label that takes these values.
func newCounter(name, help, label string, values ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	for _, value := range values {
		vec.WithLabelValues(value)
	}
	return vec
}

// newBuildInfo says in its labels what runs, and is 1, to be multiplied with other metrics.
func newBuildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "restaurant_build_info",
		Help:        "Always 1; the labels say which version of the program runs, and what it was built with.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version(), "goos": runtime.GOOS, "goarch": runtime.GOARCH},
	}, func() float64 { return 1 })
}

// Results of logins, of exchanged refresh tokens and of look-ups.
const (
	resultOK        = "ok"
	resultInvalid   = "invalid"   // wrong name or password; unknown, expired or ended refresh token
	resultReused    = "reused"    // a refresh token that was spent before
	resultThrottled = "throttled" // too many failures before
	resultBusy      = "busy"      // too many wait for the hashing of passwords
	resultRefused   = "refused"   // anything else that the client can mend
	resultAbandoned = "abandoned" // the client has left
	resultFailed    = "failed"    // the server could not do it
	resultHit       = "hit"
	resultMiss      = "miss"
)

// refusalResults are the refusals that are counted apart from others.
var refusalResults = map[string]string{
	problem.InvalidCredentials.Slug:  resultInvalid,
	problem.RefreshTokenInvalid.Slug: resultInvalid,
	problem.RefreshTokenReused.Slug:  resultReused,
	problem.TooManyAttempts.Slug:     resultThrottled,
	problem.ServerBusy.Slug:          resultBusy,
}

// resultOf is the result of a login or of an exchange that ended with err.
func resultOf(err error) string {
	switch {
	case err == nil:
		return resultOK
	case errors.Is(err, context.Canceled):
		return resultAbandoned
	}
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		p = ToProblem(err)
	}
	switch result, known := refusalResults[p.Slug()]; {
	case known:
		return result
	case p.Status < http.StatusInternalServerError:
		return resultRefused
	}
	return resultFailed
}

// Login counts a login with a password that ended with err.
func (m *Metrics) Login(err error) { m.logins.WithLabelValues(resultOf(err)).Inc() }

// Refresh counts an exchange of a refresh token that ended with err.
func (m *Metrics) Refresh(err error) { m.refreshes.WithLabelValues(resultOf(err)).Inc() }

// Observe measures each request. It stands before Logging, which answers a panic: only then
// is the status known. Where Logging cuts the connection, its panic passes here.
func (m *Metrics) Observe(c *gin.Context) {
	start := time.Now()
	defer func() { m.observe(c, time.Since(start)) }()
	c.Next()
}

func (m *Metrics) observe(c *gin.Context, took time.Duration) {
	m.requests.WithLabelValues(Method(c), Route(c), strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
}

// ObserveStore counts the commits of the database and the steps of orders, and shows how
// many writes are under way.
func (m *Metrics) ObserveStore(store *models.Store) {
	m.gauge("restaurant_writes_under_way", "Writes that wait for the database or are being written.", store.Waiting)
	m.observeDatabase(store)
	store.OnCommit(func(c models.Commit) {
		m.writes.Observe(float64(c.Writes))
		m.commits.Observe(c.Took.Seconds())
	})
	store.OnStatus(func(reached models.Status, orders int) {
		m.orders.WithLabelValues(string(reached)).Add(float64(orders))
	})
}

// observeDatabase shows how a database is that instances share.
func (m *Metrics) observeDatabase(store *models.Store) {
	if !store.Shared() {
		return
	}
	show := func(name, help string, labels prometheus.Labels, value func(models.DatabaseState) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			state, _ := store.Database()
			return value(state)
		}))
	}
	for _, role := range models.DatabaseRoles() {
		show("restaurant_database_role", "1 for what the database is to this instance at this moment, 0 for the others.", prometheus.Labels{"role": string(role)},
			func(s models.DatabaseState) float64 { return map[bool]float64{true: 1}[s.Role == role] })
	}
	show("restaurant_database_away_seconds", "For how long nothing can be written; 0 while it can.", nil,
		func(s models.DatabaseState) float64 { return s.Away.Seconds() })
	show("restaurant_database_last_change_timestamp_seconds", "When another server became the primary, or this one was first seen (Unix time).", nil,
		func(s models.DatabaseState) float64 { return s.Primary.Since.Time().Sub(time.Unix(0, 0)).Seconds() })
	show("restaurant_database_timeline", "The timeline of the primary: it grows with each promotion of a standby.", nil,
		func(s models.DatabaseState) float64 { return float64(s.Primary.Timeline) })
}

// ObserveGauges shows how many event streams are open, and how many requests wait for the
// hashing of a password.
func (m *Metrics) ObserveGauges(streams, hashing func() int) {
	m.gauge("restaurant_streams_open", "Event streams of orders that clients have open.", streams)
	m.gauge("restaurant_hashing_waiting", "Requests that wait until their password is hashed.", hashing)
}

// gauge shows what value returns at each scrape.
func (m *Metrics) gauge(name, help string, value func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
}

// tokenLookup counts a look-up in the token cache.
func (m *Metrics) tokenLookup(hit bool) {
	result := resultMiss
	if hit {
		result = resultHit
	}
	m.lookups.WithLabelValues(result).Inc()
}

// Handler serves the metrics in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
