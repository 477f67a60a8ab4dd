package lab

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

// Clock is the time with which the server issues and checks tokens.
type Clock struct {
	// Ahead is how far it is ahead of real time.
	Ahead func() time.Duration
	// Advance moves it ahead, and reports whether it did: not beyond Most in all.
	Advance func(time.Duration) bool
	Most    time.Duration
}

// @Description	How far to move the clock.
type clockRequest struct {
	// A number with a unit: h, m or s.
	Advance string `json:"advance" example:"1s" validate:"required"`
} //@name ClockRequest

// @Description	The clock with which the server issues and checks tokens.
type clockResponse struct {
	// How far it is ahead of real time, in seconds.
	AheadS int64 `json:"ahead_s" example:"960" minimum:"0" maximum:"86400" validate:"required"`
	// The time for tokens.
	RestaurantTime time.Time `json:"restaurant_time" example:"2026-01-31T19:16:00Z" format:"date-time" validate:"required"`
	RealTime       time.Time `json:"real_time" example:"2026-01-31T19:00:00Z" format:"date-time" validate:"required"`
} //@name Clock

// showClock returns how far the clock for tokens is ahead.
//
//	@Summary		How far the clock for tokens is ahead
//	@ID				showClock
//	@Tags			lab
//	@Produce		json
//	@Success		200	{object}	clockResponse
//	@Router			/lab/clock [get]
func (l *Lab) showClock(c *gin.Context) error {
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, l.clockNow())
}

func (l *Lab) clockNow() clockResponse {
	ahead, now := l.Clock.Ahead(), time.Now().UTC().Truncate(time.Second)
	return clockResponse{int64(ahead / time.Second), now.Add(ahead), now}
}

// advanceClock moves the clock for tokens ahead.
//
//	@Summary		Move the clock for tokens ahead
//	@Description	The server issues and checks tokens by this clock. So you can see what happens in 16 minutes, without waiting. The clock goes only forward, 24 hours in all. Orders stay in real time. When the server starts again, the clock shows the real time again. While it is ahead, each answer has a `Restaurant-Time` header.
//	@ID				advanceClock
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		clockRequest	true	"How far"
//	@Success		200		{object}	clockResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/lab/clock [post]
func (l *Lab) advanceClock(c *gin.Context) error {
	var req clockRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return err
	}
	d, err := time.ParseDuration(req.Advance)
	if err != nil || d < time.Second || d%time.Second != 0 {
		return httpjson.Invalid("advance", "must be a number of hours, minutes or seconds, such as 16m or 1h30m; the clock goes only forward")
	}
	if !l.Clock.Advance(d) {
		left := l.Clock.Most - l.Clock.Ahead()
		return httpjson.Invalid("advance", "would move the clock more than 24 hours ahead in all; "+left.String()+" are left. Start the server again for real time")
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, l.clockNow())
}
