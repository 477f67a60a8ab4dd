package handlers

import (
	"net/http"
	"path"

	"github.com/gin-gonic/gin"
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
func (a *API) swaggerUI(c *gin.Context) error {
	c.Header("Content-Security-Policy", swaggerPolicy)
	name := path.Base(c.Param("file"))
	if name == "/" {
		return toSwaggerUI(c)
	}
	file, ok := a.files.swagger[name]
	if !ok {
		return nothingHere()
	}
	return respondOnce(c, file)
}

// toSwaggerUI redirects the short address to the page.
func toSwaggerUI(c *gin.Context) error {
	return redirect(c, http.StatusFound, "/swagger/index.html")
}

// showOpenAPI serves the contract in OpenAPI 3, for tools and tests.
//
//	@Summary	This document
//	@ID			showOpenAPI
//	@Tags		house
//	@Produce	json
//	@Success	200	{object}	object	"OpenAPI 3"
//	@Header	200	{string}	ETag	"Changes with each release"
//	@Router		/openapi.json [get]
func (a *API) showOpenAPI(c *gin.Context) error { return respondOnce(c, a.files.openAPI) }
