package lab

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

// pads are how many letters a fat token may carry along.
var pads = map[string]int{"0": 0, "4000": 4000, "20000": 20000}

// @Description	A token of the lab. The restaurant does not accept it.
type fatResponse struct {
	AccessToken string `json:"access_token" example:"eyJhbGciOi…" validate:"required"`
	TokenType   string `json:"token_type" example:"Bearer" validate:"required"`
	SizeBytes   int    `json:"size_bytes" example:"6200" validate:"required"`
} //@name FatToken

// showFat makes a token that carries much along.
//
//	@Summary		A token that carries a lot
//	@Description	The lab signs a token with its own key, and puts so many letters into it. With `Accept: text/plain` the answer is one line for `curl -H "@file"`.
//	@ID				makeFatToken
//	@Tags			lab
//	@Produce		json
//	@Param			pad	query		int	false	"How many letters"	default(0)	Enums(0, 4000, 20000)
//	@Success		200	{object}	fatResponse
//	@Failure		422	{object}	problem.Problem	"validation-failed"
//	@Router			/lab/fat [get]
func (l *Lab) showFat(c *gin.Context) error {
	var cs httpjson.Checks
	q := httpjson.ReadQuery(c, &cs)
	pad, known := pads[q.Get("pad")]
	cs.Require(known || !q.Has("pad"), "pad", "must be 0, 4000 or 20000")
	if err := cs.Err(); err != nil {
		return err
	}
	own, err := l.key()
	if err != nil {
		return err
	}
	claims := labClaims("alice", time.Now())
	if pad > 0 {
		claims["suitcase"] = strings.Repeat("x", pad)
	}
	token := own.token(labHeader(own), claims)
	httpjson.NoStore(c)
	if httpjson.Quality(c, httpjson.MediaText) > httpjson.Quality(c, httpjson.MediaJSON) {
		c.String(http.StatusOK, "Authorization: Bearer %s\n", token)
		return nil
	}
	return httpjson.Respond(c, http.StatusOK, fatResponse{token, "Bearer", len(token)})
}

// @Description	How heavy the Authorization header of this request is.
type weighResponse struct {
	Bytes int `json:"bytes" example:"700" validate:"required"`
	// The same for 1,000 requests.
	BytesPer1000 int `json:"bytes_per_1000" example:"700000" validate:"required"`
	// How large the request line and all headers together may be.
	Limit int `json:"limit" example:"8192" validate:"required"`
} //@name Weight

// headerLimit is the server's own limit for the request line and all headers; a test holds
// both together.
const headerLimit = 8 << 10

// weigh says how heavy the Authorization header is. It does not look into it.
//
//	@Summary		Weigh the token of a request
//	@Description	It counts the bytes of the Authorization header and does not look into it. Too heavy headers get 431.
//	@ID				weighToken
//	@Tags			lab
//	@Produce		json
//	@Security		Bearer
//	@x-security-optional	true
//	@Success		200	{object}	weighResponse
//	@Router			/lab/weigh [get]
func (l *Lab) weigh(c *gin.Context) error {
	bytes := 0
	if value := c.GetHeader("Authorization"); value != "" {
		bytes = len("Authorization: ") + len(value)
	}
	res := weighResponse{bytes, bytes * 1000, headerLimit}
	if bytes >= 1000 {
		l.Note(c, "heavy")
	} else if bytes > 0 {
		l.Note(c, "light")
	}
	if bytes > 0 {
		if err := l.Measured(c.Request.Context(), "weigh", res); err != nil {
			return err
		}
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}
