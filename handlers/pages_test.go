package handlers

import (
	"compress/gzip"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restaurant/problem"
	"restaurant/web"
)

func TestPages_typeAndPolicy(t *testing.T) {
	srv := newServer(t)
	for path, want := range map[string]struct{ contentType, holds, policy string }{
		"/":                               {"text/html; charset=utf-8", testURL + "/api/v1/auth/login", web.Policy},
		"/css/app.css":                    {"text/css; charset=utf-8", ":root", ""},
		"/favicon.svg":                    {"image/svg+xml", "<svg", ""},
		"/icons.svg":                      {"image/svg+xml", "<symbol", ""},
		"/js/main.js":                     {"text/javascript; charset=utf-8", "./lib/auth.js", ""},
		"/js/views/menu.js":               {"text/javascript; charset=utf-8", "customElements", ""},
		"/problems":                       {"text/html; charset=utf-8", "/problems/token-expired", web.Policy},
		"/swagger/index.html":             {"text/html; charset=utf-8", "swagger-ui-bundle.js", swaggerPolicy},
		"/swagger/swagger-ui-bundle.js":   {"text/javascript; charset=utf-8", "SwaggerUI", swaggerPolicy},
		"/swagger/swagger-initializer.js": {"text/javascript; charset=utf-8", `new URL("../openapi.json", location.href)`, swaggerPolicy},
		"/swagger/swagger-ui.css":         {"text/css; charset=utf-8", ".swagger-ui", swaggerPolicy},
		"/swagger/doc.json":               {"application/json; charset=utf-8", `"tokenUrl": "/api/v1/auth/login"`, swaggerPolicy},
		"/openapi.json":                   {"application/json; charset=utf-8", `"openapi": "3.0`, ""},
		"/.well-known/public.pem":         {"application/x-pem-file", "-----BEGIN PUBLIC KEY-----", ""},
		"/.well-known/jwks.json":          {"application/json; charset=utf-8", `"kty":"RSA"`, ""},
	} {
		t.Run(path, func(t *testing.T) {
			res := srv.rawGet(path)
			if res.Code != 200 || res.Header().Get("Content-Type") != want.contentType || !strings.Contains(res.Body.String(), want.holds) {
				t.Errorf("%d %s, %d bytes", res.Code, res.Header().Get("Content-Type"), res.Body.Len())
			}
			if policy := res.Header().Get("Content-Security-Policy"); want.policy != "" && policy != want.policy {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
	for _, path := range []string{"/swagger", "/swagger/"} {
		if res := srv.rawGet(path); res.Code != 302 || res.Header().Get("Location") != "/swagger/index.html" {
			t.Errorf("%s answers %d %v", path, res.Code, res.Header())
		}
	}
	for _, path := range []string{"/swagger/none.js", "/swagger/swagger-ui.css.map", "/swagger/index.html.gz", "/swagger/LICENSE", "/swagger/../main.go", "/problems/none", "/problems/Not-Found", "/css/", "/css/other.css", "/js/", "/js/none.js", "/js/swagger-initializer.js", "/js/../embed.go"} {
		srv.get(t, path).wants(t, 404, "not-found")
	}
	start := srv.get(t, "/")
	if got := start.Header().Get("Permissions-Policy"); got != web.Permissions {
		t.Errorf("the page may use %q of the device", got)
	}
	tag := start.Header().Get("ETag")
	srv.get(t, "/", with("If-None-Match", tag)).wants(t, 304, "")
}

// TestPages_gzip asks for the same thing in gzip and as it is. Both are the same
// bytes in the end, under two tags, and either tag is known again.
func TestPages_gzip(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{"/", "/css/app.css", "/js/main.js", "/swagger/swagger-ui-bundle.js", "/api/v1/menu"} {
		plain, packed := srv.rawGet(path), srv.rawGet(path, "Accept-Encoding", "br, gzip;q=0.5")
		if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() > plain.Body.Len()/2 || !slices.Contains(packed.Header().Values("Vary"), "Accept-Encoding") {
			t.Errorf("%s in gzip: %d of %d bytes, %v", path, packed.Body.Len(), plain.Body.Len(), packed.Header())
		}
		r, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r); err != nil || string(body) != plain.Body.String() {
			t.Errorf("%s unpacks to something else (%v)", path, err)
		}
		tags := []string{plain.Header().Get("ETag"), packed.Header().Get("ETag")}
		if tags[0] == tags[1] {
			t.Errorf("%s has one tag for both: %s", path, tags[0])
		}
		for _, tag := range tags {
			for _, accept := range []string{"gzip", "identity"} {
				if res := srv.rawGet(path, "Accept-Encoding", accept, "If-None-Match", tag); res.Code != 304 || res.Body.Len() > 0 {
					t.Errorf("%s with %s and %s: %d", path, tag, accept, res.Code)
				}
			}
		}
		for _, accept := range []string{"", "br", "gzip;q=0", "gzip; q=0.000", "gzipped"} {
			if res := srv.rawGet(path, "Accept-Encoding", accept); res.Header().Get("Content-Encoding") != "" || res.Header().Get("ETag") != tags[0] {
				t.Errorf("%s packed for %q", path, accept)
			}
		}
	}
	if res := srv.rawGet("/api/v1/menu?q=pizza", "Accept-Encoding", "gzip"); res.Header().Get("Content-Encoding") != "" {
		t.Error("what is made for one request is packed, too")
	}
}

// Only public keys are published.
func TestKeys_onlyPublicOnesArePublished(t *testing.T) {
	srv := newServer(t)
	keys := decode[map[string][]map[string]any](t, srv.get(t, "/.well-known/jwks.json").wants(t, 200, ""))["keys"]
	for _, key := range keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, there := key[private]; there {
				t.Errorf("the key has a member %s", private)
			}
		}
		if len(key) != 6 || key["alg"] != "RS256" || key["use"] != "sig" {
			t.Errorf("the key is %v", key)
		}
	}
}

// TestProblems_everySlugHasItsPage reads the source: every kind of refusal that
// some file uses must be a kind with a page, and every kind must be used.
func TestProblems_everySlugHasItsPage(t *testing.T) {
	srv := newServer(t)
	for _, k := range problem.Kinds() {
		page := srv.get(t, "/problems/"+k.Slug).wants(t, 200, "").Body.String()
		for _, want := range []string{"<title>", k.Slug, itoa(int64(k.Status))} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %s says nothing of %q", k.Slug, want)
			}
		}
	}
	used := map[string]bool{}
	var declared []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "problem" {
					used[sel.Sel.Name] = true
				}
			}
			if text, ok := n.(*ast.BasicLit); ok && file.Name.Name == "verify" { // it names problems by their slugs
				used[strings.Trim(text.Value, `"`)] = true
			}
			if spec, ok := n.(*ast.ValueSpec); ok && file.Name.Name == "problem" && filepath.Base(path) == "kinds.go" {
				if _, isCall := first(spec.Values).(*ast.CallExpr); isCall {
					declared = append(declared, spec.Names[0].Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(declared) != len(problem.Kinds()) {
		t.Errorf("%d kinds are declared, %d are known", len(declared), len(problem.Kinds()))
	}
	for i, name := range declared {
		if !used[name] && !used[problem.Kinds()[i].Slug] {
			t.Errorf("no code refuses with problem.%s", name)
		}
	}
	if _, err := os.Stat("../problem/kinds.go"); err != nil {
		t.Error(err)
	}
}

func first(exprs []ast.Expr) ast.Expr {
	if len(exprs) == 0 {
		return nil
	}
	return exprs[0]
}
