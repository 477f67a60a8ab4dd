package httpjson

import (
	"iter"
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Quality returns the weight from 0 to 1 that the Accept header gives a media type; the
// most specific range counts (RFC 9110, section 12.5.1).
func Quality(c *gin.Context, mediaType string) float64 {
	best, q := -1, 0.0
	for rng, weight := range weights(c, "Accept") {
		if s := specificity(rng, mediaType); s > best {
			best, q = s, weight
		}
	}
	return q
}

// Names reports whether a header such as Accept or Accept-Encoding accepts value by its
// own name. A wildcard does not count, nor does a weight of 0.
func Names(c *gin.Context, header, value string) bool {
	for name, weight := range weights(c, header) {
		if name == value {
			return weight > 0
		}
	}
	return false
}

// weights yields the members of a header in lower case with their weights, and leaves
// out those that cannot be parsed.
func weights(c *gin.Context, header string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for part := range strings.SplitSeq(strings.Join(c.Request.Header.Values(header), ","), ",") {
			name, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			weight, err := strconv.ParseFloat(params["q"], 64)
			if err != nil {
				weight = 1
			}
			if !yield(name, weight) {
				return
			}
		}
	}
}

func specificity(rng, mediaType string) int {
	major, _, _ := strings.Cut(mediaType, "/")
	switch rng {
	case mediaType:
		return 2
	case major + "/*":
		return 1
	case "*/*":
		return 0
	}
	return -1
}
