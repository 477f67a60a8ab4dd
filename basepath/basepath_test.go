package basepath

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSplit_separatesOriginAndPath(t *testing.T) {
	for url, want := range map[string][2]string{
		"http://localhost:8080":              {"http://localhost:8080", ""},
		"http://localhost:8080/":             {"http://localhost:8080", ""},
		"https://school.example/restaurant":  {"https://school.example", "/restaurant"},
		"https://school.example/t/07-kmx/":   {"https://school.example", "/t/07-kmx"},
		"http://[::1]:8080/restaurant/a.b-c": {"http://[::1]:8080", "/restaurant/a.b-c"},
	} {
		if origin, base := Split(url); origin != want[0] || base != want[1] {
			t.Errorf("%s: %q, %q", url, origin, base)
		}
	}
}

func TestValid_meansTheSameEverywhere(t *testing.T) {
	for base, want := range map[string]bool{
		"": true, "/restaurant": true, "/t/07-kmx": true, "/a.b_c-d": true,
		"/": false, "restaurant": false, "/a/": false, "//a": false, "/a//b": false, "/..": false, "/.a": false, "/a b": false,
		"/a%2fb": false, "/a;b": false, "/a'b": false, "/$(id)": false, "/ä": false,
	} {
		if Valid(base) != want {
			t.Errorf("%q: %t", base, !want)
		}
	}
}

// TestHandler_takesThePathOffOnce: a proxy may pass the path on or strip it, and what
// only begins like the path is something else.
func TestHandler_takesThePathOffOnce(t *testing.T) {
	h := Handler("/restaurant", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Saw", r.URL.EscapedPath()+" under "+Of(r))
	}))
	for target, want := range map[string]string{
		"/restaurant/api/v1/menu":       "/api/v1/menu under /restaurant",
		"/api/v1/menu":                  "/api/v1/menu under /restaurant",
		"/restaurant/":                  "/ under /restaurant",
		"/restaurant":                   "/ under /restaurant",
		"/":                             "/ under /restaurant",
		"/restaurant/restaurant/x":      "/restaurant/x under /restaurant",
		"/restaurants/x":                "/restaurants/x under /restaurant",
		"/restaurant/api/v1%2fmenu":     "/api/v1%2fmenu under /restaurant",
		"/restaurant/%72estaurant/menu": "/%72estaurant/menu under /restaurant",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		if got := w.Header().Get("Saw"); got != want {
			t.Errorf("%s: the handler saw %q, want %q", target, got, want)
		}
	}
}

func TestLacksSlash_onlyTheBarePath(t *testing.T) {
	var lacks bool
	h := Handler("/restaurant", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { lacks = LacksSlash(r) }))
	for target, want := range map[string]bool{"/restaurant": true, "/restaurant?a=b": true, "/restaurant/": false, "/": false, "/restaurant/menu": false, "/menu": false} {
		if h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil)); lacks != want {
			t.Errorf("%s: %t", target, lacks)
		}
	}
}

func TestInText_putsThePathBeforeAddresses(t *testing.T) {
	const text = "See /problems (and /.well-known/jwks.json), GET /api/v1/menu; 3/4 and/or not."
	const want = "See /r/problems (and /r/.well-known/jwks.json), GET /r/api/v1/menu; 3/4 and/or not."
	if got := InText("/r", text); got != want {
		t.Errorf("got %q", got)
	}
	if got := InText("", text); got != text {
		t.Errorf("without a path: %q", got)
	}
}
