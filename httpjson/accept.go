package httpjson

import (
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// Quality returns the weight from 0 to 1 that the Accept header gives a media type; the
// most specific range counts (RFC 9110, section 12.5.1).
func Quality(c *gin.Context, mediaType string) float64 {
	best, quality := -1, 0.0
	for rest := header(c, "Accept"); rest != ""; {
		var rng string
		var weight float64
		rng, weight, rest = cutMember(rest)
		if s := specificity(rng, mediaType); s > best {
			best, quality = s, weight
		}
	}
	return quality
}

// Names reports whether a header such as Accept or Accept-Encoding accepts value by its
// own name. A wildcard does not count, nor does a weight of 0.
func Names(c *gin.Context, headerName, value string) bool {
	for rest := header(c, headerName); rest != ""; {
		var name string
		var weight float64
		if name, weight, rest = cutMember(rest); name == value {
			return weight > 0
		}
	}
	return false
}

// PreferredType returns which media type among offers the Accept header prefers. Of several
// with the same weight, the first that it names wins over those that only a wildcard covers.
// Without a preference (*/*, or no header) the type fits the body: JSON for JSON, and text for
// a form or no body, because that is how curl asks from a terminal.
func PreferredType(c *gin.Context, offers ...string) string {
	best := MediaText
	if MediaType(c) == MediaJSON {
		best = MediaJSON
	}
	quality, named := Quality(c, best), false
	for _, offer := range offers {
		q, isNamed := Quality(c, offer), Names(c, "Accept", offer)
		if q > quality || q == quality && isNamed && !named {
			best, quality, named = offer, q, isNamed
		}
	}
	return best
}

func header(c *gin.Context, name string) string {
	return strings.Join(c.Request.Header.Values(name), ",")
}

// cutMember returns the first member of a header in lower case, its weight and the rest
// of the header. A weight that is no number counts as 1.
func cutMember(header string) (name string, weight float64, rest string) {
	member, rest, _ := strings.Cut(header, ",")
	name, params, _ := strings.Cut(member, ";")
	weight = 1
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		key, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(key), "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				weight = q
			}
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), weight, rest
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

// PrefersHTML reports whether a request asks for a page rather than for a document: a
// browser does, when it opens an address.
func PrefersHTML(c *gin.Context) bool {
	return Quality(c, "text/html") > max(Quality(c, problem.ContentType), Quality(c, "application/json"))
}
