package middleware

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"restaurant/models"
)

// Metrics holds what Prometheus reads: requests by route, token cache and commits.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	lookups  *prometheus.CounterVec
	writes   prometheus.Histogram
	commits  prometheus.Histogram
}

// NewMetrics makes empty metrics in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "restaurant_http_request_duration_seconds",
			Help:    "Time from the first handler to the end of the answer, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "restaurant_token_cache_lookups_total",
			Help: "Access tokens that were looked for among those verified before, by result.",
		}, []string{"result"}),
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
	m.registry.MustRegister(m.requests, m.lookups, m.writes, m.commits, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe measures each request.
func (m *Metrics) Observe(c *gin.Context) {
	start := time.Now()
	c.Next()
	m.requests.WithLabelValues(Method(c), Route(c), strconv.Itoa(c.Writer.Status())).Observe(time.Since(start).Seconds())
}

// ObserveStore counts the commits of the database and shows how many writes are under
// way.
func (m *Metrics) ObserveStore(store *models.Store) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "restaurant_writes_under_way",
		Help: "Writes that wait for the database or are being written.",
	}, func() float64 { return float64(store.Waiting()) }))
	store.OnCommit(func(c models.Commit) {
		m.writes.Observe(float64(c.Writes))
		m.commits.Observe(c.Took.Seconds())
	})
}

// tokenLookup counts a look-up in the token cache.
func (m *Metrics) tokenLookup(hit bool) {
	result := "miss"
	if hit {
		result = "hit"
	}
	m.lookups.WithLabelValues(result).Inc()
}

// Handler serves the metrics in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
