package handlers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
)

// dishFormat is part of a dish's entity tag and goes up when its JSON changes.
const dishFormat = 1

// dishETag names a version of a dish, so that If-Match can be part of the very
// statement that changes it.
func dishETag(m models.MenuItem) string {
	return fmt.Sprintf(`"%d.%d.%d"`, dishFormat, m.ID, m.Version)
}

// impossibleVersion is a version that no dish ever has.
const impossibleVersion = -1

// ifMatch lists the versions of the dish that the guest allows to be changed:
// none means any. A tag that is not of this dish allows nothing.
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
