package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// crawler asks for everything below an address that an answer of it leads to.
type crawler struct {
	t      *testing.T
	server *testkit.Process
	origin string // http://localhost:8080
	base   string // /t/07-kmx
	// also are paths outside of the base path that may be named.
	also []string
	seen map[string]bool
	next []string
}

var (
	// inPages are links of pages, and quoted paths in JSON and scripts.
	inPages = regexp.MustCompile(`(?:href|src|action)="([^"]+)"`)
	// inScripts are modules.
	inScripts = regexp.MustCompile(`(?:from|import)\s*\(?"(\./[^"]+|\.\./[^"]+)"`)
	// members are addresses in JSON: what a lesson calls path is told below the base path.
	members = regexp.MustCompile(`"(?:type|instance|log|ca|url|href|jwks_uri|see)": ?"(/[^"]*)"`)
	// whole are URLs.
	whole = regexp.MustCompile(`https?://[A-Za-z0-9.:\[\]-]+(?:/[^\s"'<>)\\,;{}` + "`" + `]*)?`)
)

// stayingHere is a client that follows no redirect by itself.
var stayingHere = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// crawl begins with some paths below the base path.
func (c *crawler) crawl(paths ...string) {
	c.t.Helper()
	c.seen = map[string]bool{}
	for _, path := range paths {
		c.add(c.base+path, "the beginning")
	}
	for len(c.next) > 0 {
		path := c.next[0]
		c.next = c.next[1:]
		c.visit(path)
	}
}

// add takes an address that an answer names.
func (c *crawler) add(address, from string) {
	c.t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" && u.Scheme+"://"+u.Host != c.origin {
		return // another server, or none
	}
	path := u.EscapedPath()
	switch {
	case path != c.base && !strings.HasPrefix(path, c.base+"/") && !slices.Contains(c.also, path):
		c.t.Errorf("%s leads out of %s, to %s", from, c.base, address)
	case !c.seen[path] && path != c.base && !strings.ContainsAny(address, "{}:*…"):
		c.seen[path] = true
		c.next = append(c.next, path)
	}
}

func (c *crawler) visit(path string) {
	for _, accept := range []string{"text/html,*/*;q=0.8", "application/json", "*/*"} {
		a := c.server.Do("GET", path, "", "", "Accept", accept)
		kind, body := a.Header.Get("Content-Type"), strings.ReplaceAll(string(a.Body), "<wbr>", "") // an address may be broken there
		if a.Status == 0 || a.Status >= 500 {
			c.t.Errorf("%s for %s is answered %d", path, accept, a.Status)
		}
		from := fmt.Sprintf("%s for %s (%d)", path, accept, a.Status)
		at, _ := url.Parse(path)
		relative := func(ref string) {
			if u, err := at.Parse(ref); err == nil {
				c.add(u.String(), from)
			}
		}
		if to := a.Header.Get("Location"); to != "" {
			relative(to)
		}
		if strings.Contains(path, "/swagger/swagger-ui") { // somebody else's program
			continue
		}
		for _, found := range whole.FindAllString(body, -1) {
			c.add(strings.TrimRight(found, ".!?:"), from)
		}
		for _, found := range members.FindAllStringSubmatch(body, -1) {
			c.add(found[1], from)
		}
		if strings.Contains(kind, "html") {
			for _, found := range inPages.FindAllStringSubmatch(body, -1) {
				relative(strings.ReplaceAll(found[1], "&amp;", "&"))
			}
		}
		if strings.Contains(kind, "javascript") {
			for _, found := range inScripts.FindAllStringSubmatch(body, -1) {
				relative(found[1])
			}
		}
	}
}

// beginnings are what no link leads to.
func beginnings(ids []string) (paths []string) {
	paths = []string{"/", "/learn", "/learn/sheet", "/learn/glossary", "/learn/comparison", "/learn/lessons", "/learn/reset", "/swagger", "/swagger/doc.json", "/openapi.json", "/problems",
		"/healthz", "/readyz", "/none", "/api/v1/orders", "/api/v1/menu", "/api/v1/orders/1", "/.well-known/openid-configuration", "/.well-known/jwks.json", "/lab/repair", "/lab/stage", "/js/main.js", "/js/theme.js"}
	for _, id := range ids {
		for _, ext := range []string{"", ".json", ".txt", ".sh", ".cmd", ".ps1", ".http", ".hurl"} {
			paths = append(paths, "/learn/lessons/"+id+ext)
		}
	}
	return paths
}

// TestClass_nothingLeadsOutOfATable follows every address in every answer of a table.
func TestClass_nothingLeadsOutOfATable(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 1, "-rate-limit", "off")
	s := c.join(t)
	origin, _, _ := strings.Cut(s.Base, "/t/")
	server := c.Below(origin)
	server.HTTP = stayingHere
	crawl := &crawler{t: t, server: server, origin: origin, base: s.path()}
	for _, name := range []string{"jwks.json", "ended.json", "openid-configuration", "oauth-authorization-server"} {
		crawl.also = append(crawl.also, "/t/"+s.Table+"/.well-known/"+name)
	}
	crawl.also = append(crawl.also, "/t/"+s.Table)
	crawl.crawl(append(beginnings(lessonIDs(t)), "/kiosk/", "/kiosk/me", "/kiosk/problems/token-expired", "/stage/")...)
	if len(crawl.seen) < 150 {
		t.Errorf("only %d addresses were found", len(crawl.seen))
	}
	t.Logf("%d addresses", len(crawl.seen))
}
