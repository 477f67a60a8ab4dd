package httpjson

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"
)

// Query is the query string of a request. Its methods add what is wrong to its checks.
type Query struct {
	url.Values
	checks *Checks
}

// ReadQuery parses the query string and adds to checks if it is malformed. A parameter that
// comes twice is refused, as a field of a body is: two programs could read different ones.
func ReadQuery(c *gin.Context, checks *Checks) Query {
	q := Query{checks: checks}
	var err error
	q.Values, err = url.ParseQuery(c.Request.URL.RawQuery)
	checks.Require(err == nil, "query", "must be name=value pairs, percent-encoded and joined by &")
	checks.Require(!q.repeats(), "query", "must have each parameter once")
	return q
}

func (q Query) repeats() bool {
	for _, values := range q.Values {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

// Int returns a whole number from least to most, or def if there is none.
func (q Query) Int(name string, def, least, most int64) int64 {
	if !q.Has(name) {
		return def
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	q.checks.Require(err == nil && n >= least && n <= most, name, fmt.Sprintf("must be a whole number from %d to %d", least, most))
	return n
}

// Bool returns true or false, or nil if there is neither.
func (q Query) Bool(name string) *bool {
	if !q.Has(name) {
		return nil
	}
	isTrue := q.Get(name) == "true"
	q.checks.Require(isTrue || q.Get(name) == "false", name, "must be true or false")
	return &isTrue
}
