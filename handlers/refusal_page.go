package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
	"restaurant/spelling"
)

// notFound answers an address that no route has, and names those that may be meant.
func (a *API) notFound(c *gin.Context) error {
	if c.Request.Method == http.MethodOptions && c.Request.RequestURI == "*" { // of the server as a whole (RFC 9110, section 9.3.7)
		c.Header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		c.Status(http.StatusOK)
		return nil
	}
	known := a.suggestions(c.Request.URL.Path)
	if len(known) == 0 {
		return nothingHere()
	}
	return problem.NotFound.New("There is nothing at this address. Did you mean " + strings.Join(known, " or ") + "?").See(known...)
}

func nothingHere() *problem.Problem {
	return problem.NotFound.New("There is nothing at this address. The calls are listed at /swagger/index.html.").See("/swagger/index.html")
}

// views are the parts of the start page that have an address of their own.
var views = []string{"menu", "orders", "token", "notebook", "kitchen", "office", "sessions", "about", "login", "lessons"}

// suggestions are a view of the start page and a call whose name is the last part of the
// path, or spelt most like it.
func (a *API) suggestions(path string) (known []string) {
	path = strings.ToLower(strings.TrimRight(path, "/"))
	calls := a.calls()
	if slices.Contains(calls, path) {
		return []string{path}
	}
	names := slices.Clone(views)
	for _, call := range calls {
		names = append(names, lastPart(call))
	}
	name := spelling.Nearest(lastPart(path), names)
	if slices.Contains(views, name) && !strings.HasPrefix(path, "/api/") && (a.Demo || name != "lessons") {
		known = append(known, "/#/"+name)
	}
	if i := slices.IndexFunc(calls, func(call string) bool { return lastPart(call) == name }); i >= 0 {
		known = append(known, calls[i])
	}
	return known
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// calls are the addresses that a browser can open as they stand, the shortest first.
func (a *API) calls() (paths []string) {
	for _, r := range a.router.Routes() {
		if r.Method == http.MethodGet && !strings.ContainsAny(r.Path, ":*") && r.Path != "/" {
			paths = append(paths, r.Path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return paths
}
