package handlers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
)

// dishFormat is part of each dish's entity tag. Increase it when the JSON changes.
const dishFormat = 1

// dishETag holds the version of the dish, so that the statement which changes the dish
// can check If-Match.
func dishETag(m models.MenuItem) string {
	return fmt.Sprintf(`"%d.%d.%d"`, dishFormat, m.ID, m.Version)
}

// impossibleVersion is a version that no dish has.
const impossibleVersion = -1

// byProxy is what proxies that compress make of a tag: nginx weakens it, Apache and Caddy
// name the coding.
var byProxy = regexp.MustCompile(`^W/|-(gzip|br|zstd)("$)`)

// ifMatch returns the versions of the dish that may be changed; none means any. A tag
// of something else becomes a version that does not exist. RFC 9110, section 13.1.1,
// compares bytes here; our tag names a version, which a proxy that compresses keeps.
func ifMatch(c *gin.Context, id int64) (versions []int64) {
	for _, tag := range httpjson.ETags(c, "If-Match") {
		if tag == "*" {
			return nil
		}
		tag = byProxy.ReplaceAllString(tag, "$2")
		version, err := strconv.ParseInt(strings.Trim(tag[strings.LastIndexByte(tag, '.')+1:], `"`), 10, 64)
		if err != nil || tag != dishETag(models.MenuItem{ID: id, Version: version}) {
			version = impossibleVersion
		}
		versions = append(versions, version)
	}
	return versions
}
