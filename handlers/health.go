package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// @Description	The process is running.
type healthResponse struct {
	Status  string `json:"status" example:"ok" validate:"required"`
	Version string `json:"version" example:"v1.0.0" validate:"required"`
} //@name Health

// healthz reports that the process is alive. It checks nothing else, so that a
// database that is down does not get the process killed.
//
//	@Summary	Is the process running?
//	@ID			checkHealth
//	@Tags		house
//	@Produce	json
//	@Success	200	{object}	healthResponse
//	@Router		/healthz [get]
func (a *API) healthz(c *gin.Context) error {
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, healthResponse{Status: "ok", Version: a.Version})
}

// @Description	The server can answer guests: the database answers, and there is a key to sign with.
type readyResponse struct {
	Status   string `json:"status" example:"ready" validate:"required"`
	Database string `json:"database" example:"ok" validate:"required"`
	Keys     string `json:"keys" example:"ok" validate:"required"`
} //@name Ready

// readyz reports whether an order could be taken: it could be written, there is a signing
// key, and the server is not draining.
//
//	@Summary	Can the server answer guests?
//	@ID			checkReadiness
//	@Tags		house
//	@Produce	json
//	@Success	200	{object}	readyResponse
//	@Failure	503	{object}	problem.Problem	"not-ready, database-unavailable"
//	@Router		/readyz [get]
func (a *API) readyz(c *gin.Context) error {
	httpjson.NoStore(c)
	if a.Draining() || len(a.Authority.Keys().JWKS()) == 0 {
		return problem.NotReady.New("")
	}
	if err := a.Store.Ready(c.Request.Context()); err != nil {
		return err
	}
	return httpjson.Respond(c, http.StatusOK, readyResponse{Status: "ready", Database: "ok", Keys: "ok"})
}

// showMetrics serves the metrics for Prometheus.
//
//	@Summary		Metrics for Prometheus
//	@Description	Managers can read them. So can this machine itself if there is no proxy in between, and a collector that sends the secret of `RESTAURANT_METRICS_TOKEN` as a bearer token.
//	@ID				showMetrics
//	@Tags			house
//	@Produce		plain
//	@Security		Bearer
//	@x-security-optional	true
//	@Success		200	{string}	string	"Prometheus text format"
//	@Failure		401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure		403	{object}	problem.Problem	"role-required"
//	@Router			/metrics [get]
func (a *API) showMetrics(c *gin.Context) error {
	a.metrics.Handler().ServeHTTP(c.Writer, c.Request)
	return nil
}
