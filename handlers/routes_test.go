package handlers

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"restaurant/docs"
)

// routeAccess says for each route who may pass: everybody, or those named. It is held
// against the router, so a new route cannot be forgotten.
var routeAccess = map[string]string{
	"POST /api/v1/auth/register": "all",
	"POST /api/v1/auth/login":    "all",
	"POST /api/v1/auth/inspect":  "all",
	"GET /api/v1/auth/me":        "alice vera carla marco",

	"POST /api/v1/auth/refresh":         "all",
	"POST /api/v1/auth/logout":          "alice vera carla marco",
	"POST /api/v1/auth/password":        "alice vera carla marco",
	"POST /api/v1/auth/keys/rotate":     "marco",
	"GET /api/v1/auth/sessions":         "alice vera carla marco",
	"DELETE /api/v1/auth/sessions":      "alice vera carla marco",
	"DELETE /api/v1/auth/sessions/:id":  "alice vera carla marco",
	"DELETE /api/v1/users/:id/sessions": "marco",

	"GET /api/v1/menu":        "all",
	"GET /api/v1/menu/:id":    "all",
	"POST /api/v1/menu":       "marco",
	"PUT /api/v1/menu/:id":    "marco",
	"DELETE /api/v1/menu/:id": "marco",
	"GET /api/v1/lounge":      "vera",

	"POST /api/v1/orders":            "alice vera carla marco",
	"GET /api/v1/orders":             "alice vera carla marco",
	"GET /api/v1/orders/:id":         "alice vera carla marco",
	"POST /api/v1/orders/:id/cancel": "alice vera carla marco",
	"GET /api/v1/orders/:id/events":  "alice vera carla marco",

	"GET /api/v1/kitchen/orders":       "carla marco",
	"PATCH /api/v1/kitchen/orders/:id": "carla marco",
	"GET /api/v1/kitchen/mode":         "carla marco",
	"PUT /api/v1/kitchen/mode":         "carla marco",
	"GET /api/v1/users":                "marco",
	"PATCH /api/v1/users/:id":          "marco",

	"GET /.well-known/jwks.json":  "all",
	"GET /.well-known/public.pem": "all",
	"GET /.well-known/ended.json": "all",

	"GET /.well-known/oauth-authorization-server": "all",
	"GET /.well-known/openid-configuration":       "all",
	"GET /healthz":                                "all",
	"GET /readyz":                                 "all",
	"GET /metrics":                                "marco", // from elsewhere than this machine

	"GET /":               "all",
	"GET /css/app.css":    "all",
	"GET /favicon.svg":    "all",
	"GET /icons.svg":      "all",
	"GET /js/*file":       "all",
	"GET /problems":       "all",
	"GET /problems/:slug": "all",
	"GET /openapi.json":   "all",
	"GET /swagger":        "all",
	"GET /swagger/*file":  "all",

	"GET /learn":                          "all",
	"GET /learn/lessons":                  "all",
	"GET /learn/lessons/:lesson":          "all",
	"POST /learn/lessons/:lesson/answers": "all",
	"POST /learn/lessons/:lesson/hints":   "all",
	"GET /learn/sheet":                    "all",
	"GET /learn/glossary":                 "all",
	"GET /learn/comparison":               "all",
	"GET /learn/certificate":              "all",
	"GET /learn/style.css":                "all",
	"GET /learn/files/:file":              "all",
	"GET /learn/facts":                    "marco",
	"GET /learn/progress":                 "all",
	"PUT /learn/progress":                 "all",
	"GET /learn/reset":                    "all",
	"POST /learn/reset":                   "all",   // but a fresh kitchen, see TestLessons_whoMayReset
	"POST /learn/reopen":                  "marco", // but for the only learner all, see app/holder_test.go
	"POST /lab/forge":                     "all",
	"GET /lab/sleepy/lounge":              "vera",
	"GET /lab/repair":                     "all",
	"POST /lab/repair":                    "all",
	"GET /lab/open/menu":                  "all",
	"POST /lab/open/menu":                 "all",
	"DELETE /lab/open/menu":               "all",
	"GET /lab/open/orders":                "all",
	"POST /lab/open/orders":               "all",
	"DELETE /lab/open/orders":             "all",
	"GET /lab/rush":                       "all",
	"POST /lab/session/login":             "all",
	"GET /lab/session/me":                 "all", // it asks for a ticket, and not for a token
	"POST /lab/session/logout":            "all",
	"POST /lab/compare":                   "all",
	"GET /lab/fat":                        "all",
	"GET /lab/weigh":                      "all", // the lab weighs a token and does not check it
	"GET /lab/clock":                      "all",
	"POST /lab/clock":                     "all",
	"GET /lab/weather":                    "all",
	"POST /lab/weather":                   "all",
	"DELETE /lab/weather":                 "all",
	"POST /lab/kiosk":                     "all",
	"POST /lab/stage":                     "all",
	"GET /lab/stage":                      "all",
	"POST /lab/wire":                      "all",
	"GET /lab/wire/log":                   "all",
	"GET /lab/wire/ca.pem":                "all",
}

// routes lists what the router knows, without the HEAD of each GET.
func (srv *server) routes() []string {
	var routes []string
	for _, r := range srv.handler.(*gin.Engine).Routes() {
		if r.Method != http.MethodHead {
			routes = append(routes, r.Method+" "+r.Path)
		}
	}
	slices.Sort(routes)
	return routes
}

func TestRoutes_tableNamesEveryRoute(t *testing.T) {
	if got, want := newServer(t).routes(), slices.Sorted(maps.Keys(routeAccess)); !slices.Equal(got, want) {
		t.Errorf("routes and access table differ:\nrouter %v\ntable  %v", got, want)
	}
}

// TestRoutes_access calls every route as every caller. The paths name nothing that
// exists, and the bodies are empty, so a request that passes the guards is refused by
// the handler with another status than 401 and 403, or served.
func TestRoutes_access(t *testing.T) {
	srv := newServer(t)
	callers := map[string][]option{"nobody": nil}
	for _, name := range []string{"alice", "vera", "carla", "marco"} {
		callers[name] = []option{srv.as(t, name)}
	}
	for route, who := range routeAccess {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer(":id", "999999", ":slug", "none", "*file", "none", ":file", "none", ":lesson", "none").Replace(path)
		for caller, opts := range callers {
			want := "passes"
			switch {
			case who == "all" || slices.Contains(strings.Fields(who), caller):
			case caller == "nobody":
				want = "401"
			default:
				want = "403"
			}
			res := srv.do(t, method, path, "", opts...)
			got := "passes"
			if isGuardRefusal(res) {
				got = map[int]string{401: "401", 403: "403"}[res.Code]
			}
			if got != want {
				t.Errorf("%s as %s: %s, want %s (%d %s)", route, caller, got, want, res.Code, res.Body)
			}
		}
	}
}

// isGuardRefusal reports whether a guard refused: refresh and the lab's sessions have none,
// and miss their token and ticket by themselves.
func isGuardRefusal(res *response) bool {
	body := res.Body.String()
	return (res.Code == 401 || res.Code == 403) && !strings.Contains(body, "/problems/refresh-token-invalid") && !strings.Contains(body, "no ticket")
}

func TestRoutes_headWhereverGet(t *testing.T) {
	srv := newServer(t)
	vera, marco := srv.as(t, "vera"), srv.as(t, "marco")
	srv.newOrder(t, vera)
	srv.post(t, "/lab/wire", `{"tls":true}`).wants(t, 201, "")
	srv.post(t, "/lab/stage", "").wants(t, 201, "")
	for route := range routeAccess {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodGet {
			continue
		}
		path = strings.NewReplacer(":id", "1", ":slug", "not-found", "/js/*file", "/js/main.js", "*file", "index.html", ":file", "order.json", ":lesson", "L01").Replace(path)
		who := vera
		if strings.HasPrefix(path, "/api/v1/kitchen") || strings.HasPrefix(path, "/api/v1/users") || path == "/metrics" || path == "/learn/facts" {
			who = marco
		}
		head := srv.do(t, http.MethodHead, path, "", who)
		if head.Code != http.StatusOK && path != "/swagger" && path != "/lab/session/me" {
			t.Errorf("HEAD %s: %d", path, head.Code)
		}
	}
}

// isPage reports whether a path is a page for people or one of its files. The document
// is for programs, so it has none of them.
func isPage(path string) bool {
	switch path {
	case "/", "/favicon.svg", "/icons.svg", "/learn/style.css", "/learn/sheet", "/learn/glossary":
		return true
	}
	first := strings.Split(path, "/")[1]
	return first == "css" || first == "js" || first == "problems" || first == "swagger"
}

func TestRoutes_areThoseOfTheDocument(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var documented []string
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented = append(documented, method+" "+path)
			if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] || op.Security == nil || len(op.Tags) != 1 {
				t.Errorf("%s %s: summary %q, operationId %q, security %v, tags %v", method, path, op.Summary, op.OperationID, op.Security, op.Tags)
			}
			ids[op.OperationID] = true
		}
	}
	slices.Sort(documented)
	var routed []string
	braces := regexp.MustCompile(`[:*](\w+)`)
	for _, route := range newServer(t).routes() {
		if _, path, _ := strings.Cut(route, " "); !isPage(path) {
			routed = append(routed, braces.ReplaceAllString(route, "{$1}"))
		}
	}
	slices.Sort(routed)
	if !slices.Equal(documented, routed) {
		t.Errorf("document %v\nrouter   %v", documented, routed)
	}
}

// TestRoutes_securityInTheDocument holds what the document says of each
// route against the access table.
func TestRoutes_securityInTheDocument(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	braces := strings.NewReplacer("{id}", ":id", "{file}", ":file", "{lesson}", ":lesson")
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			needs := len(*op.Security) > 0 && len((*op.Security)[0]) > 0
			open := routeAccess[method+" "+braces.Replace(path)] == "all" && path != "/lab/forge" || path == "/metrics" || path == "/learn/facts" || path == "/learn/reopen" // the lab reads a token and does not check it
			if needs == open {
				t.Errorf("%s %s: the document says a token is needed: %t", method, path, needs)
			}
		}
	}
}

// TestRoutes_examplesInTheDocumentWork sends the example of every body to its call.
func TestRoutes_examplesInTheDocumentWork(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for media, content := range op.RequestBody.Value.Content {
				t.Run(method+" "+path+" "+media, func(t *testing.T) {
					srv := newServer(t)
					srv.newOrder(t, srv.as(t, "alice"))
					target := strings.NewReplacer("{id}", "1", "{lesson}", "L01").Replace(path) // L00 and the others of the document harm nobody
					example := content.Example.(map[string]any)
					switch path { // what nobody can know beforehand
					case "/api/v1/auth/refresh":
						example["refresh_token"] = srv.login(t, "marco").RefreshToken
					case "/api/v1/auth/password":
						example["current"] = "marco-likes-pizza"
					case "/learn/reset":
						example["lesson"] = "L01"
					case "/learn/progress":
						example["lessons"].([]any)[0].(map[string]any)["done_at"] = "2026-01-31T19:04:00Z"
						example["lessons"].([]any)[0].(map[string]any)["started_at"] = "2026-01-31T19:00:00Z"
					}
					body, kind := formOrJSON(t, media, example)
					res := srv.do(t, method, target, body, kind, srv.as(t, "marco"))
					if res.Code >= 300 {
						t.Errorf("the example is answered %d %s", res.Code, res.Body)
					}
				})
			}
		}
	}
}

func TestRoutes_refusals(t *testing.T) {
	srv := newServer(t)
	for _, tc := range []struct {
		name, method, path string
		status             int
		slug, allow        string
	}{
		{"an unknown path", "GET", "/api/v1/pasta", 404, "not-found", ""},
		{"a trailing slash", "GET", "/api/v1/menu/", 404, "not-found", ""},
		{"a private key", "GET", "/private.pem", 404, "not-found", ""},
		{"a path that climbs", "GET", "/api/v1/../../etc/passwd", 404, "not-found", ""},
		{"a slash that is no separator", "GET", "/api/v1%2fmenu", 404, "not-found", ""},
		{"a slash that is no separator, in capitals", "GET", "/api/v1/menu%2F1", 404, "not-found", ""},
		{"a slash that is no separator, before a query in Latin-1", "GET", "/api/v1/menu%2F1?q=%FF", 404, "not-found", ""},
		{"a query in Latin-1", "GET", "/api/v1/menu?q=%FF", 400, "malformed-request", ""},
		{"a slash in a file", "GET", "/js/..%2findex.html", 404, "not-found", ""},
		{"another method", "DELETE", "/api/v1/menu", 405, "method-not-allowed", "GET, HEAD, POST"},
		{"another method on a page", "POST", "/", 405, "method-not-allowed", "GET, HEAD"},
		{"an invented method", "BREW", "/api/v1/orders", 405, "method-not-allowed", "GET, HEAD, POST"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := srv.do(t, tc.method, tc.path, "").wants(t, tc.status, tc.slug)
			allowed := strings.Split(res.Header().Get("Allow"), ", ")
			slices.Sort(allowed)
			if got := strings.Join(allowed, ", "); got != tc.allow {
				t.Errorf("Allow is %q, want %q", got, tc.allow)
			}
		})
	}
	srv.get(t, "/api/v1/menu").wants(t, 200, "")
	if rec := srv.rawGet("/api/v1/%6denu/%31"); rec.Code != 200 { // letters are the same in both spellings (RFC 3986, section 6.2.2.2)
		t.Errorf("a path with percent-encoded letters is answered %d %s", rec.Code, rec.Body)
	}
}
