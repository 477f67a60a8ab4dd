package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/docs"
)

// addresses finds the addresses in an answer: in pages, in JSON and in what a script
// tests.
var addresses = regexp.MustCompile(`(?:href|src|action)="(/[^"]*)"|"(/(?:api|learn|lab|problems|swagger|js|css|\.well-known)[/"][^"]*)|localhost:8080(/[a-z.]*)`)

// TestBasePath_nothingBeginsAtTheRoot asks for everything that has addresses in it, as a
// proxy passes it on and as one strips it.
func TestBasePath_nothingBeginsAtTheRoot(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	const base = "/t/07-kmx"
	app := buildDemoAt(t, "http://localhost:8080"+base)
	var login struct {
		AccessToken string `json:"access_token"`
	}
	res := request(app, http.MethodPost, base+"/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza"}`, "")
	if err := json.Unmarshal(res.Body.Bytes(), &login); err != nil || res.Code != http.StatusOK {
		t.Fatalf("login: %d, %s", res.Code, res.Body)
	}
	res = request(app, http.MethodPost, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, login.AccessToken)
	if got := res.Header().Get("Location"); res.Code != http.StatusCreated || got != base+"/api/v1/orders/1" {
		t.Errorf("an order: %d at %s", res.Code, got)
	}
	for _, path := range []string{
		"/", "/problems", "/problems/token-expired", "/problems/none", "/api/v1/orders", "/api/v1/orders/9", "/none", "/swagger/index.html",
		"/learn", "/learn/sheet", "/learn/glossary", "/learn/reset", "/learn/lessons", "/learn/lessons/L01", "/learn/lessons/L01.txt",
		"/learn/lessons/L03.sh", "/learn/lessons/L03.cmd", "/learn/lessons/L03.ps1", "/learn/lessons/L03.http", "/learn/lessons/L03.hurl",
	} {
		for _, prefix := range []string{"", base} {
			for _, accept := range []string{"*/*", "text/html", "application/json"} {
				req := newRequest(http.MethodGet, prefix+path, "", "")
				req.Header.Set("Accept", accept)
				res := serve(app, req)
				for _, found := range addresses.FindAllStringSubmatch(res.Body.String(), -1) {
					address := found[1] + found[2] + found[3]
					if !strings.HasPrefix(address, base) && !strings.HasPrefix(base, address) {
						t.Errorf("%s for %s, status %d: an address begins at the root: %s", prefix+path, accept, res.Code, found[0])
					}
				}
			}
		}
	}
	for path, want := range map[string]string{
		"/swagger": base + "/swagger/index.html", base + "/swagger": base + "/swagger/index.html", base: base + "/",
		base + "?x=1&y=%C3%BC": base + "/?x=1&y=%C3%BC", base + "/swagger?x=1": base + "/swagger/index.html?x=1",
	} {
		if got := request(app, http.MethodGet, path, "", "").Header().Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	strange := newRequest(http.MethodGet, base, "", "")
	strange.Host = "evil.example"
	if res := serve(app, strange); res.Code != http.StatusMisdirectedRequest {
		t.Errorf("the bare path under another name is answered %d", res.Code)
	}
	for path, want := range map[string]string{"/openapi.json": `"url": "http://localhost:8080` + base + `"`, "/swagger/doc.json": `"basePath": "` + base + `"`} {
		if body := request(app, http.MethodGet, path, "", "").Body.String(); !strings.Contains(body, want) || !strings.Contains(body, base+`/api/v1/auth/login"`) || strings.Contains(body, `"/problems/`) {
			t.Errorf("%s lacks the base path", path)
		}
	}
}

// TestBasePath_ownPathsAreRefused: a first segment of the server's paths cannot begin a
// base path. Another name can.
func TestBasePath_ownPathsAreRefused(t *testing.T) {
	t.Parallel()
	var contract struct{ Paths map[string]any }
	if err := json.Unmarshal(docs.OpenAPI, &contract); err != nil {
		t.Fatal(err)
	}
	files := []string{"/css/app.css", "/favicon.svg", "/icons.svg", "/js/main.js", "/swagger/index.html"} // which the document leaves out
	for _, path := range append(files, slices.Collect(maps.Keys(contract.Paths))...) {
		first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if _, err := read(nil, map[string]string{"RESTAURANT_PUBLIC_URL": "http://localhost:8080/" + first}); first != "" && err == nil {
			t.Errorf("/%s can be a base path, and is the beginning of %s", first, path)
		}
	}
	if _, err := read(nil, map[string]string{"RESTAURANT_PUBLIC_URL": "http://localhost:8080/menu"}); err != nil {
		t.Errorf("/menu: %v", err)
	}
}
