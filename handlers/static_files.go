package handlers

import (
	"io/fs"
	"path"
	"sync"

	swaggerfiles "github.com/swaggo/files/v2"

	"restaurant/docs"
	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/web"
)

// staticFiles are the pages and documents that are the same for every client of a server.
// Each is made once, with its entity tag and its compressed form, when it is first asked
// for: clients that read slowly share its bytes.
type staticFiles struct {
	problemList madeOnce
	problems    map[string]madeOnce // by slug
	swagger     map[string]madeOnce // by name
	openAPI     madeOnce
}

type madeOnce func() (web.File, error)

func newStaticFiles(base string, pages web.Pages) (f staticFiles, err error) {
	kinds := problem.Kinds()
	f.problemList = once(web.PageType, func() ([]byte, error) { return pages.ProblemList(kinds) })
	f.problems = map[string]madeOnce{}
	for _, k := range kinds {
		f.problems[k.Slug] = once(web.PageType, func() ([]byte, error) { return pages.Problem(k, kinds) })
	}
	f.openAPI = once(httpjson.JSONType, func() ([]byte, error) { return docs.Under(base, docs.OpenAPI), nil })
	f.swagger, err = swaggerFiles(base)
	return f, err
}

// swaggerFiles are the files of Swagger UI. The largest has 1.4 MB.
func swaggerFiles(base string) (map[string]madeOnce, error) {
	entries, err := fs.ReadDir(swaggerfiles.FS, ".")
	if err != nil {
		return nil, err
	}
	files := map[string]madeOnce{}
	for _, e := range entries {
		if kind, ok := swaggerTypes[path.Ext(e.Name())]; ok {
			files[e.Name()] = once(kind, func() ([]byte, error) { return fs.ReadFile(swaggerfiles.FS, e.Name()) })
		}
	}
	files["swagger-initializer.js"] = once(swaggerTypes[".js"], func() ([]byte, error) { return web.SwaggerInitializer, nil })
	files["doc.json"] = once(httpjson.JSONType, func() ([]byte, error) { return docs.Under(base, docs.Swagger), nil })
	return files, nil
}

func once(contentType string, body func() ([]byte, error)) madeOnce {
	return sync.OnceValues(func() (web.File, error) {
		text, err := body()
		return web.NewFile(contentType, text), err
	})
}
