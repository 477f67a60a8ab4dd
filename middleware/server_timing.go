package middleware

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
)

// CountStatements counts the SQL statements of a request for ServerTiming.
func CountStatements(c *gin.Context) {
	ctx, facts := withFacts(c.Request.Context())
	ctx, facts.sql = models.CountStatements(ctx)
	c.Request = c.Request.WithContext(ctx)
}

// ServerTiming is a hook of OnResponse. It says how long authentication took and
// how many SQL statements the request caused (W3C Server Timing), so that a
// client sees that authentication asks no database.
func ServerTiming(c *gin.Context) {
	facts := factsOf(c)
	n := facts.sql.Count()
	b := appendMilliseconds(append(make([]byte, 0, 64), "auth;dur="...), facts.authTime)
	b = appendMilliseconds(append(b, ", db;dur="...), facts.sql.Spent())
	b = strconv.AppendInt(append(b, `;desc="`...), n, 10)
	if n == 1 {
		b = append(b, ` query"`...)
	} else {
		b = append(b, ` queries"`...)
	}
	c.Writer.Header().Set("Server-Timing", string(b))
}

func appendMilliseconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d)/float64(time.Millisecond), 'f', 3, 64)
}
