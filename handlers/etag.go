package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/models"
)

// contentTag is a strong entity tag: other bytes, other tag (RFC 9110, section
// 8.8.3).
func contentTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// cachedBody is an answer that is ready to go out, with its entity tag. Some are there
// in gzip, too: what is packed once and sent often.
type cachedBody struct {
	body    []byte
	tag     string
	gzipped func() []byte
}

func withETag(body []byte) cachedBody { return cachedBody{body: body, tag: contentTag(body)} }

// gzipETag tells the packed bytes from the others: a strong tag is of one of
// them (RFC 9110, section 8.8.3.3).
func (p cachedBody) gzipETag() string { return strings.TrimSuffix(p.tag, `"`) + `-gzip"` }

// tagPage is tagged for what may have failed to encode.
func tagPage(body []byte, err error) (cachedBody, error) { return withETag(body), err }

// dishFormat is part of a dish's entity tag and goes up when its JSON changes.
const dishFormat = 1

// dishETag names a version of a dish, so that If-Match can be part of the very
// statement that changes it.
func dishETag(m models.MenuItem) string {
	return fmt.Sprintf(`"%d.%d.%d"`, dishFormat, m.ID, m.Version)
}

// respondTagged answers 304 to whoever has this version already, packed or not.
func respondTagged(c *gin.Context, contentType string, p cachedBody) error {
	h := c.Writer.Header()
	h["Etag"] = []string{p.tag} // as net/http spells it
	pack := false
	if p.gzipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if pack = acceptsGzip(c); pack {
			h["Etag"] = []string{p.gzipETag()}
		}
	}
	for _, have := range tags(c, "If-None-Match") {
		if have = strings.TrimPrefix(have, "W/"); have == "*" || have == p.tag || p.gzipped != nil && have == p.gzipETag() {
			c.Status(http.StatusNotModified)
			return nil
		}
	}
	body := p.body
	if pack {
		h["Content-Encoding"], body = []string{"gzip"}, p.gzipped()
	}
	c.Data(http.StatusOK, contentType, body)
	return nil
}

// acceptsGzip reads what browsers send: "gzip, deflate, br". A quality counts only
// as far as gzip;q=0 refuses it.
func acceptsGzip(c *gin.Context) bool {
	for coding := range strings.SplitSeq(c.GetHeader("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return quality == "" || strings.Trim(quality, "q=0.") != ""
		}
	}
	return false
}

// impossibleVersion is a version that no dish ever has.
const impossibleVersion = -1

// ifMatch lists the versions of the dish that the guest allows to be changed:
// none means any. A tag that is not of this dish allows nothing.
func ifMatch(c *gin.Context, id int64) (versions []int64) {
	for _, tag := range tags(c, "If-Match") {
		if tag == "*" {
			return nil
		}
		version, err := strconv.ParseInt(strings.Trim(tag[strings.LastIndexByte(tag, '.')+1:], `"`), 10, 64)
		if err != nil || tag != dishETag(models.MenuItem{ID: id, Version: version}) {
			version = impossibleVersion
		}
		versions = append(versions, version)
	}
	return versions
}

// tags splits a header that lists entity tags. Ours hold no comma.
func tags(c *gin.Context, header string) []string {
	var list []string
	for _, line := range c.Request.Header.Values(header) {
		for tag := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(tag))
		}
	}
	return list
}
