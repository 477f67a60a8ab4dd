package lab

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/httpjson"
	"restaurant/problem"
)

// The rush hour's limit: so many requests at once, and then one a second.
const (
	rushBurst     = 10
	rushPerSecond = 1
)

func newRush() *rate.Limiter { return rate.NewLimiter(rushPerSecond, rushBurst) }

// @Description	A request that was served in the rush hour.
type rushResponse struct {
	Served bool `json:"served" example:"true" validate:"required"`
	// How many more requests are served at once.
	Left int `json:"left" example:"9" minimum:"0" maximum:"10" validate:"required"`
} //@name Rush

// showRush serves ten requests at once and then one a second.
//
//	@Summary		A door with a small limit
//	@Description	It serves 10 requests at once, and then one each second. The others get 429 with Retry-After.
//	@ID				showRush
//	@Tags			lab
//	@Produce		json
//	@Success		200	{object}	rushResponse
//	@Failure		429	{object}	problem.Problem	"rate-limited"
//	@Router			/lab/rush [get]
func (l *Lab) showRush(c *gin.Context) error {
	httpjson.NoStore(c)
	if !l.rush.Allow() {
		return problem.RateLimited.New("This door serves 10 requests at once and then one each second. Wait, and send the request again.").RetryAfter(time.Second / rushPerSecond)
	}
	return httpjson.Respond(c, http.StatusOK, rushResponse{true, max(0, int(l.rush.Tokens()))})
}
