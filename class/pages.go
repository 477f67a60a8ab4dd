package class

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/web"
)

//go:embed pages
var files embed.FS

// policy allows what the pages of the class are made of, and nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// media are the kinds of files of the pages.
var media = map[string]string{".html": web.PageType, ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

func (c *Class) mountPages(r *gin.Engine) {
	httpjson.Get(r, "/class/files/:name", adapt(func(gc *gin.Context) error { return c.showFile(gc, gc.Param("name")) }))
	for _, name := range []string{"css/app.css", "favicon.svg", "icons.svg"} {
		asset, _ := web.Asset(name) // it is embedded
		httpjson.Get(r, "/"+name, adapt(func(gc *gin.Context) error {
			return httpjson.RespondCached(gc, asset.ContentType, httpjson.Cached{Body: asset.Body, ETag: asset.ETag, Gzip: func() []byte { return asset.Gzip }})
		}))
	}
	httpjson.Get(r, "/problems/:slug", adapt(c.showProblem))
}

// showPage answers with a page for people.
func (c *Class) showPage(gc *gin.Context, name string) error {
	gc.Header("Content-Security-Policy", policy)
	return c.showFile(gc, name)
}

func (c *Class) showFile(gc *gin.Context, name string) error {
	body, err := fs.ReadFile(files, "pages/"+name)
	if err != nil || strings.HasPrefix(name, ".") {
		return nothingHere(gc)
	}
	gc.Header("Cache-Control", "no-cache")
	gc.Data(http.StatusOK, media[path.Ext(name)], body)
	return nil
}

func (c *Class) showProblem(gc *gin.Context) error {
	kind := problem.Find(gc.Param("slug"))
	if kind == nil {
		return nothingHere(gc)
	}
	body, err := c.pages.Problem(kind, problem.Kinds(), web.Terminal{BaseURL: c.URL})
	if err != nil {
		return err
	}
	gc.Data(http.StatusOK, web.PageType, body)
	return nil
}

// refusePeopleWithPages answers a browser that asks for a page with one.
func refusePeopleWithPages(pages web.Pages) gin.HandlerFunc {
	page := func(c *gin.Context, p *problem.Problem) {
		body, err := pages.Refusal(p)
		if err != nil { // a template of ours, and strings
			panic(err)
		}
		c.Header("Content-Security-Policy", web.RefusalPolicy)
		c.Data(p.Status, web.PageType, body)
	}
	return func(c *gin.Context) {
		if prefersHTML(c) {
			problem.AsPage(c, page)
		}
	}
}
