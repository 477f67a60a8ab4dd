package httpjson

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Cached is a response body with its strong entity tag. Gzip, unless it is nil, returns
// the compressed body.
type Cached struct {
	Body []byte
	ETag string
	Gzip func() []byte
}

// WithETag returns body with an entity tag of its content: other bytes, other tag
// (RFC 9110, section 8.8.3).
func WithETag(body []byte) Cached {
	sum := sha256.Sum256(body)
	return Cached{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}

// gzipETag is the tag of the compressed body: each encoding needs its own strong ETag
// (RFC 9110, section 8.8.3.3).
func (p Cached) gzipETag() string { return strings.TrimSuffix(p.ETag, `"`) + `-gzip"` }

// RespondCached answers 200 with the body, compressed if the client accepts that, or
// 304 if the client has this version already, compressed or not.
func RespondCached(c *gin.Context, contentType string, p Cached) error {
	h := c.Writer.Header()
	h["Etag"] = []string{p.ETag} // as net/http spells it
	compress := false
	if p.Gzip != nil {
		h.Add("Vary", "Accept-Encoding")
		if compress = Names(c, "Accept-Encoding", "gzip"); compress {
			h["Etag"] = []string{p.gzipETag()}
		}
	}
	for _, have := range ETags(c, "If-None-Match") {
		if have = strings.TrimPrefix(have, "W/"); have == "*" || have == p.ETag || p.Gzip != nil && have == p.gzipETag() {
			c.Status(http.StatusNotModified)
			return nil
		}
	}
	body := p.Body
	if compress {
		h["Content-Encoding"], body = []string{"gzip"}, p.Gzip()
	}
	if later, ok := c.Writer.(interface{ WriteLater([]byte) }); ok {
		values := []string{contentType, strconv.Itoa(len(body))} // of two headers, in one piece of memory
		h["Content-Type"], h["Content-Length"] = values[:1:1], values[1:]
		c.Status(http.StatusOK)
		later.WriteLater(body)
		return nil
	}
	c.Data(http.StatusOK, contentType, body)
	return nil
}

// ETags splits a header that lists entity tags. Ours hold no comma.
func ETags(c *gin.Context, header string) (list []string) {
	for _, line := range c.Request.Header.Values(header) {
		for tag := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(tag))
		}
	}
	return list
}
