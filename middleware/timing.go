package middleware

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
)

const timingKey = "middleware.timing"

// timing writes the Server-Timing header in the last moment before an answer
// goes out, because only then the number of SQL statements is known. It is also
// the moment at which a witness hears of the answer and may add to its header.
type timing struct {
	gin.ResponseWriter
	c       *gin.Context
	witness func(*gin.Context)
	auth    time.Duration
	sql     *models.Statements
	noted   bool

	orderStatus models.Status // for Fact
	subject     string
}

// ServerTiming says in each answer how long the token took at the door and how
// many SQL statements the request caused (W3C Server Timing), so that everybody
// can see that authentication asks no database.
// A witness, unless it is nil, is called when an answer is decided and before its
// header goes out; see FactOf.
func ServerTiming(witness func(*gin.Context)) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, sql := models.CountStatements(c.Request.Context())
		c.Request = c.Request.WithContext(ctx)
		t := &timing{ResponseWriter: c.Writer, c: c, witness: witness, sql: sql}
		c.Writer = t
		c.Set(timingKey, t)
		c.Next()
		t.beforeHeader() // an answer without a body writes nothing
	}
}

// setAuthTime notes the time between the arrival of a token and the verdict.
func setAuthTime(c *gin.Context, d time.Duration) {
	if t, ok := c.Value(timingKey).(*timing); ok {
		t.auth = d
	}
}

func (t *timing) beforeHeader() {
	if t.noted || t.Written() {
		return
	}
	t.noted = true
	if t.witness != nil {
		t.witness(t.c)
	}
	n := t.sql.Count()
	b := appendMilliseconds(append(make([]byte, 0, 64), "auth;dur="...), t.auth)
	b = appendMilliseconds(append(b, ", db;dur="...), t.sql.Spent())
	b = strconv.AppendInt(append(b, `;desc="`...), n, 10)
	if n == 1 {
		b = append(b, ` query"`...)
	} else {
		b = append(b, ` queries"`...)
	}
	t.Header().Set("Server-Timing", string(b))
}

func appendMilliseconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d)/float64(time.Millisecond), 'f', 3, 64)
}

func (t *timing) Write(b []byte) (int, error) {
	t.beforeHeader()
	return t.ResponseWriter.Write(b)
}

func (t *timing) WriteString(s string) (int, error) {
	t.beforeHeader()
	return t.ResponseWriter.WriteString(s)
}

func (t *timing) WriteHeaderNow() {
	t.beforeHeader()
	t.ResponseWriter.WriteHeaderNow()
}

func (t *timing) Flush() {
	t.beforeHeader()
	t.ResponseWriter.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (t *timing) Unwrap() http.ResponseWriter { return t.ResponseWriter }
