package middleware

import (
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// RefuseWithPages answers refusals with a page where a browser asks for one by its address:
// outside of the API, if Accept prefers HTML to JSON. policy is the page's
// Content-Security-Policy.
func RefuseWithPages(render func(*problem.Problem) ([]byte, error), policy string) gin.HandlerFunc {
	page := func(c *gin.Context, p *problem.Problem) {
		body, err := render(p)
		if err != nil { // a template of ours, and strings
			panic(err)
		}
		c.Header("Content-Security-Policy", policy)
		c.Data(p.Status, "text/html; charset=utf-8", body)
	}
	return func(c *gin.Context) {
		if !strings.HasPrefix(c.Request.URL.Path, "/api/") && httpjson.PrefersHTML(c) {
			problem.AsPage(c, page)
		}
	}
}
