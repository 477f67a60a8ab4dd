package handlers

import (
	"io/fs"
	"net/http"
	"path"
	"sync"

	"github.com/gin-gonic/gin"
	swaggerfiles "github.com/swaggo/files/v2"

	"restaurant/basepath"
	"restaurant/docs"
	"restaurant/httpjson"
	"restaurant/web"
)

// swaggerPolicy is looser than that of our own pages, because Swagger UI sets styles
// from scripts and uses data: images. It still loads nothing from other origins.
const swaggerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// swaggerTypes are the Content-Types of the files that we serve.
var swaggerTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".png":  "image/png",
}

// swaggerUI serves Swagger UI, in which every call can be tried. Only the start script
// and the description are ours.
//
//	@Summary	The menu card: try every call in the browser
//	@ID			swaggerUI
//	@Tags		pages
//	@Produce	html
//	@Param		file	path		string	true	"index.html, or a file that it needs"
//	@Success	200		{string}	string	"A page for people"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Router		/swagger/{file} [get]
func swaggerUI(c *gin.Context) error {
	c.Header("Content-Security-Policy", swaggerPolicy)
	c.Header("Cache-Control", "no-cache")
	switch name := path.Base(c.Param("file")); name {
	case "/":
		return toSwaggerUI(c)
	case "swagger-initializer.js":
		return httpjson.RespondCached(c, swaggerTypes[".js"], httpjson.WithETag(web.SwaggerInitializer))
	case "doc.json":
		return httpjson.RespondCached(c, httpjson.JSONType, httpjson.WithETag(docs.Under(basepath.Of(c.Request), docs.Swagger)))
	default:
		return swaggerFile(c, name)
	}
}

// toSwaggerUI redirects the short address to the page.
//
//	@Summary	Leads to the menu card
//	@ID			toSwaggerUI
//	@Tags		pages
//	@Success	302	"To /swagger/index.html"
//	@Router		/swagger [get]
func toSwaggerUI(c *gin.Context) error {
	c.Redirect(http.StatusFound, basepath.Of(c.Request)+"/swagger/index.html")
	return nil
}

func swaggerFile(c *gin.Context, name string) error {
	kind, ok := swaggerTypes[path.Ext(name)]
	body, err := fs.ReadFile(swaggerfiles.FS, name)
	if !ok || err != nil {
		return notFound(c)
	}
	return httpjson.RespondCached(c, kind, httpjson.WithETag(body))
}

// openAPI serves the contract in OpenAPI 3, for tools and tests.
//
//	@Summary	This document
//	@ID			openAPI
//	@Tags		house
//	@Produce	json
//	@Success	200	{object}	object	"OpenAPI 3"
//	@Router		/openapi.json [get]
func openAPI(base string) func(*gin.Context) error {
	// It is made and hashed only once, because it is large.
	page := sync.OnceValue(func() httpjson.Cached { return httpjson.WithETag(docs.Under(base, docs.OpenAPI)) })
	return func(c *gin.Context) error {
		c.Header("Cache-Control", "no-cache")
		return httpjson.RespondCached(c, httpjson.JSONType, page())
	}
}
