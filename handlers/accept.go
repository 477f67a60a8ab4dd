package handlers

import (
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// prefersText tells whether the client would rather have plain text than JSON.
// A tie goes to JSON: Swagger UI lists both.
func prefersText(c *gin.Context) bool {
	accept := strings.Join(c.Request.Header.Values("Accept"), ",")
	return quality(accept, "text/plain") > quality(accept, "application/json")
}

// quality is the weight that an Accept header gives a media type; the most
// specific range counts (RFC 9110, section 12.5.1).
func quality(accept, kind string) float64 {
	best, q := -1, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		rng, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if s := specificity(rng, kind); s > best {
			best, q = s, weight(params["q"])
		}
	}
	return q
}

func specificity(rng, kind string) int {
	major, _, _ := strings.Cut(kind, "/")
	switch rng {
	case kind:
		return 2
	case major + "/*":
		return 1
	case "*/*":
		return 0
	}
	return -1
}

func weight(q string) float64 {
	w, err := strconv.ParseFloat(q, 64)
	if err != nil {
		return 1
	}
	return w
}
