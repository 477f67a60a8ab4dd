package handlers

import (
	"fmt"
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

// ifMatch returns the versions of the dish that may be changed; none means any. A tag
// of something else becomes a version that does not exist.
func ifMatch(c *gin.Context, id int64) (versions []int64) {
	for _, tag := range httpjson.ETags(c, "If-Match") {
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
