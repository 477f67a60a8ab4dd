package handlers

import (
	"maps"
	"path"
	"sync"

	"restaurant/docs"
	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/web"
)

// staticFiles are the pages and documents that are the same for every client of a server.
// Each is made once, with its entity tag and its compressed form, when it is first asked
// for: clients that read slowly share its bytes.
type staticFiles struct {
	start       madeOnce
	problemList madeOnce
	problems    map[string]madeOnce // by slug
	swagger     map[string]madeOnce // by name
	openAPI     madeOnce
}

type madeOnce func() (web.File, error)

func newStaticFiles(names docs.Names, pages web.Pages, start web.StartData) (f staticFiles) {
	kinds := problem.Kinds()
	terminal := web.Terminal{BaseURL: start.BaseURL, CurlOptions: start.CurlOptions, Demo: start.Demo}
	f.start = sync.OnceValues(func() (web.File, error) { return pages.Start(start) })
	f.problemList = once(web.PageType, func() ([]byte, error) { return pages.ProblemList(kinds) })
	f.problems = map[string]madeOnce{}
	for _, k := range kinds {
		f.problems[k.Slug] = once(web.PageType, func() ([]byte, error) { return pages.Problem(k, kinds, terminal) })
	}
	f.openAPI = once(httpjson.JSONType, func() ([]byte, error) { return docs.For(names, docs.OpenAPI), nil })
	f.swagger = swaggerFiles(names)
	return f
}

// swaggerFiles are the files of Swagger UI.
func swaggerFiles(names docs.Names) map[string]madeOnce {
	files := maps.Clone(packedSwagger())
	// Clients that know only Swagger 2.0 ask for it; the page reads /openapi.json.
	files["doc.json"] = once(httpjson.JSONType, func() ([]byte, error) { return docs.For(names, docs.Swagger), nil })
	return files
}

// packedSwagger are those that the program brings along. They are the same for all servers of
// a process, and the largest has 1.7 MB.
var packedSwagger = sync.OnceValue(func() map[string]madeOnce {
	files := map[string]madeOnce{
		"swagger-initializer.js": once(swaggerTypes[".js"], func() ([]byte, error) { return web.SwaggerInitializer, nil }),
	}
	for name, packed := range web.SwaggerUI() {
		files[name] = sync.OnceValues(func() (web.File, error) { return web.FromGzip(swaggerTypes[path.Ext(name)], packed()) })
	}
	return files
})

func once(contentType string, body func() ([]byte, error)) madeOnce {
	return sync.OnceValues(func() (web.File, error) {
		text, err := body()
		return web.NewFile(contentType, text), err
	})
}
