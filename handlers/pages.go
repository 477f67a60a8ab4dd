package handlers

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/spelling"
	"restaurant/web"
)

// showStartPage serves the page on which guests order.
func (a *API) showStartPage(c *gin.Context) error {
	if basepath.LacksSlash(c.Request) {
		return redirect(c, http.StatusPermanentRedirect, "/")
	}
	c.Header("Permissions-Policy", web.Permissions)
	return respondPage(c, a.files.start)
}

// redirect leads to another path of the server, with the query of the request.
func redirect(c *gin.Context, status int, path string) error {
	to := url.URL{Path: basepath.Of(c.Request) + path, RawQuery: c.Request.URL.RawQuery}
	c.Redirect(status, to.String())
	return nil
}

// stylesheet serves the style of the pages.
func stylesheet() func(*gin.Context) error { return asset("css/app.css") }

func asset(name string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		file, ok := web.Asset(name)
		if !ok {
			return problem.NotFound.New("")
		}
		return respondFile(c, file)
	}
}

// favicon serves the icon in the browser's tab.
func favicon() func(*gin.Context) error { return asset("favicon.svg") }

// icons serves the drawings of the menu.
func icons() func(*gin.Context) error { return asset("icons.svg") }

// script serves the modules of the page as they stand in web/js.
func script(c *gin.Context) error { return asset("js" + c.Param("file"))(c) }

func respondFile(c *gin.Context, f web.File) error {
	c.Header("Cache-Control", "no-cache") // clients revalidate each time; the answer is mostly 304
	return httpjson.RespondCached(c, f.ContentType, httpjson.Cached{Body: f.Body, ETag: f.ETag, Gzip: func() []byte { return f.Gzip }})
}

// listProblems lists all kinds of problems.
func (a *API) listProblems(c *gin.Context) error {
	return respondPage(c, a.files.problemList)
}

// showProblem explains one kind of problem. The type of a problem links here.
func (a *API) showProblem(c *gin.Context) error {
	k := problem.Find(c.Param("slug"))
	if k == nil {
		return noSuchProblem(c.Param("slug"))
	}
	return respondPage(c, a.files.problems[k.Slug])
}

func noSuchProblem(slug string) *problem.Problem {
	var slugs []string
	for _, k := range problem.Kinds() {
		slugs = append(slugs, k.Slug)
	}
	p := problem.NotFound.New("There is no refusal of that name. All of them are listed at /problems.").See("/problems")
	if near := spelling.Nearest(slug, slugs); near != "" {
		p.Detail += " Did you mean /problems/" + near + "?"
		return p.See("/problems/" + near)
	}
	return p
}

func respondPage(c *gin.Context, page madeOnce) error {
	c.Header("Content-Security-Policy", web.Policy)
	return respondOnce(c, page)
}

func respondOnce(c *gin.Context, made madeOnce) error {
	file, err := made()
	if err != nil {
		return err
	}
	return respondFile(c, file)
}
