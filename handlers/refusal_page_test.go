package handlers

import (
	"encoding/json"
	"html"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"restaurant/problem"
	"restaurant/web"
)

// navigation is what browsers send when somebody opens an address.
const navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

// TestRefusalPage asks as a browser and as a program for what is refused: a page with the
// status and the words of the problem document.
func TestRefusalPage(t *testing.T) {
	srv := newServer(t)
	cookies := strings.Repeat("a", 9000)
	for _, tc := range []struct {
		path    string
		headers []string
		status  int
		slug    string
		says    []string // in the words of both
		links   []string
	}{
		{"/menu", nil, 404, "not-found", []string{"Did you mean /#/menu or /api/v1/menu?"}, []string{"/#/menu", "/api/v1/menu"}},
		{"/Menu/", nil, 404, "not-found", []string{"Did you mean /#/menu or /api/v1/menu?"}, []string{"/#/menu"}},
		{"/api", nil, 404, "not-found", nil, nil},
		{"/swager", nil, 404, "not-found", []string{"/swagger"}, []string{"/swagger"}},
		{"/kichen", nil, 404, "not-found", []string{"/#/kitchen"}, []string{"/#/kitchen"}},
		{"/HEALTHZ", nil, 404, "not-found", []string{"Did you mean /healthz?"}, []string{"/healthz"}},
		{"/nothing/of/the/kind", nil, 404, "not-found", []string{"/swagger/index.html"}, []string{"/swagger/index.html"}},
		{"/%3Cscript%3E", nil, 404, "not-found", nil, nil},
		{"/learn/lessons/l01", nil, 404, "not-found", []string{"Did you mean /#/lessons/L01 or /learn/lessons/L01?"}, []string{"/learn/lessons/L01", "/#/lessons/L01"}},
		{"/learn/lessons/nothing", nil, 404, "not-found", []string{"L01 to L18, X01, X02, and they are listed at /learn/lessons."}, []string{"/learn/lessons"}},
		{"/learn/lessons/x2", nil, 404, "not-found", []string{"Did you mean /#/lessons/X02 or"}, []string{"/learn/lessons/X02"}},
		{"/problems/token-expird", nil, 404, "not-found", []string{"Did you mean /problems/token-expired?"}, []string{"/problems/token-expired"}},
		{"/learn/answers", nil, 404, "not-found", nil, nil},
		{"/", []string{"Host", "evil.example"}, 421, "misdirected-request", nil, nil},
		{"/?q=" + cookies, nil, 431, "header-too-large", []string{"larger than 8 KiB"}, nil},
		{"/", []string{"Cookie", "x=" + cookies}, 431, "header-too-large", []string{"9002 bytes of them are cookies", "open http://127.0.0.1:8080/ instead"}, []string{"http://127.0.0.1:8080/"}},
		{"/", []string{"Cookie", "x=" + cookies, "Host", "127.0.0.1:8080"}, 431, "header-too-large", []string{"cookies", "open http://localhost:8080/ instead"}, []string{"http://localhost:8080/"}},
		{"/", []string{"Cookie", "x=" + cookies, "Host", "evil.example"}, 431, "header-too-large", []string{"cookies of this address"}, nil},
	} {
		page, document := srv.rawGet(tc.path, append(tc.headers, "Accept", navigation)...), srv.rawGet(tc.path, tc.headers...)
		var p problem.Problem
		if err := json.Unmarshal(document.Body.Bytes(), &p); err != nil || document.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: a program gets %s (%v)", tc.path, document.Header().Get("Content-Type"), err)
			continue
		}
		if page.Code != tc.status || document.Code != tc.status || p.Type != "/problems/"+tc.slug {
			t.Errorf("%.40s: %d as a page, %d %s as a document, want %d %s", tc.path, page.Code, document.Code, p.Type, tc.status, tc.slug)
		}
		checkRefusalPage(t, page, p)
		body := html.UnescapeString(page.Body.String())
		for _, words := range tc.says {
			if !strings.Contains(p.Detail, words) {
				t.Errorf("%.40s: the detail is %q, without %q", tc.path, p.Detail, words)
			}
		}
		for _, link := range tc.links {
			if !strings.Contains(body, `<a href="`+link+`">`) {
				t.Errorf("%.40s: the page has no link to %s", tc.path, link)
			}
		}
		for _, strange := range []string{"evil", "<script"} {
			if strings.Contains(body, strange) {
				t.Errorf("%.40s: the page repeats %s", tc.path, strange)
			}
		}
	}
}

var tag = regexp.MustCompile("<[^>]*>")

// checkRefusalPage compares a page with the problem document of the same refusal.
func checkRefusalPage(t *testing.T, page *httptest.ResponseRecorder, p problem.Problem) {
	t.Helper()
	h, body := page.Header(), html.UnescapeString(tag.ReplaceAllString(page.Body.String(), ""))
	if h.Get("Content-Type") != web.PageType || h.Get("Content-Security-Policy") != web.RefusalPolicy || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: the page comes with %v", p.Instance, h)
	}
	kind := problem.Find(strings.TrimPrefix(p.Type, "/problems/"))
	for _, words := range []string{p.Title, p.Detail, kind.Slug, h.Get("X-Request-ID")} {
		if words == "" || strings.Count(body, words) != 1 && words != p.Title {
			t.Errorf("%s: the page does not say once %q", p.Instance, words)
		}
	}
	leadsOn := strings.Contains(p.Detail, "/") || kind == problem.MisdirectedRequest // the detail says what to do
	if strings.Contains(body, kind.Next) == leadsOn {
		t.Errorf("%s: after %q the page says %q: %v", p.Instance, p.Detail, kind.Next, leadsOn)
	}
	everywhere := kind == problem.MisdirectedRequest || kind == problem.HeaderTooLarge && leadsOn
	if strings.Contains(page.Body.String(), `<a href="/">`) == everywhere {
		t.Errorf("%s: the page has a link to the start page, which is refused as well: %v", p.Instance, everywhere)
	}
}

// TestRefusalPage_whoGetsNone asks for what is refused in every other way: the API, and
// whoever does not prefer HTML, get a problem document.
func TestRefusalPage_whoGetsNone(t *testing.T) {
	srv := newServer(t)
	for _, tc := range [][2]string{
		{"/menu", ""}, {"/menu", "*/*"}, {"/menu", "application/json"}, {"/menu", "application/json, text/html"},
		{"/menu", "text/html;q=0.5, application/problem+json"}, {"/menu", "text/html;q=0"},
		{"/api/v1/nothing", navigation}, {"/api/v1/orders", navigation}, {"/api/v1%2fmenu", navigation},
	} {
		if res := srv.rawGet(tc[0], "Accept", tc[1]); res.Code < 400 || res.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s with Accept %q: %d %s", tc[0], tc[1], res.Code, res.Header().Get("Content-Type"))
		}
	}
	if res := srv.rawGet("/", "Accept", navigation); res.Code != 200 { // and a page that is not refused
		t.Errorf("the start page is answered %d", res.Code)
	}
}
