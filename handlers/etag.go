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

// page is an answer that is ready to go out, with its entity tag.
type page struct {
	body []byte
	tag  string
}

func tagged(body []byte) page { return page{body, contentTag(body)} }

// tagPage is tagged for what may have failed to encode.
func tagPage(body []byte, err error) (page, error) { return tagged(body), err }

// dishFormat is part of a dish's entity tag and goes up when its JSON changes.
const dishFormat = 1

// dishTag names a version of a dish, so that If-Match can be part of the very
// statement that changes it.
func dishTag(m models.MenuItem) string {
	return fmt.Sprintf(`"%d.%d.%d"`, dishFormat, m.ID, m.Version)
}

// respondTagged answers 304 to whoever has this version already.
func respondTagged(c *gin.Context, contentType string, p page) error {
	c.Writer.Header()["Etag"] = []string{p.tag} // as net/http spells it
	for _, have := range tags(c, "If-None-Match") {
		if have == "*" || strings.TrimPrefix(have, "W/") == p.tag {
			c.Status(http.StatusNotModified)
			return nil
		}
	}
	c.Data(http.StatusOK, contentType, p.body)
	return nil
}

// noVersion is a version that no dish ever has.
const noVersion = -1

// ifMatch lists the versions of the dish that the guest allows to be changed:
// none means any. A tag that is not of this dish allows nothing.
func ifMatch(c *gin.Context, id int64) (versions []int64) {
	for _, tag := range tags(c, "If-Match") {
		if tag == "*" {
			return nil
		}
		version, err := strconv.ParseInt(strings.Trim(tag[strings.LastIndexByte(tag, '.')+1:], `"`), 10, 64)
		if err != nil || tag != dishTag(models.MenuItem{ID: id, Version: version}) {
			version = noVersion
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
