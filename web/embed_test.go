package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"restaurant/problem"
)

var someKinds = []*problem.Kind{
	{Slug: "internal-error", Title: "Something broke in the kitchen", Status: 500},
	noWristband,
	{Slug: "role-required", Title: "Staff only", Status: 403},
	{Slug: "token-expired", Title: "The wristband has expired", Status: 401},
}

var noWristband = &problem.Kind{
	Slug:    "authentication-required",
	Title:   "No wristband",
	Meaning: "This door opens only to guests who wear a wristband.",
	Next:    "Log in at POST /api/v1/auth/login.",
	Status:  401,
}

// renderedPages gives every page as a browser gets it.
func renderedPages(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"start":            startPage(t, StartData{BaseURL: "http://localhost:8080", Version: "v1.2.3", Demo: true}),
		"start, no demo":   startPage(t, StartData{BaseURL: "https://pizza.example"}),
		"problem":          problemPage(t, noWristband, someKinds),
		"problem, alone":   problemPage(t, &problem.Kind{Slug: "not-found", Title: "Nothing here", Status: 404}, nil),
		"list of problems": problemList(t, someKinds),
	}
}

func startPage(t *testing.T, data StartData) string {
	t.Helper()
	f, err := NewPages("").Start(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Body)
}

func problemPage(t *testing.T, kind *problem.Kind, all []*problem.Kind) string {
	t.Helper()
	page, err := NewPages("").Problem(kind, all, Terminal{BaseURL: "http://localhost:8080", Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func problemList(t *testing.T, kinds []*problem.Kind) string {
	t.Helper()
	page, err := NewPages("").ProblemList(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func wantAll(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestRenderStart_showsTheFourCalls(t *testing.T) {
	page := startPage(t, StartData{BaseURL: "http://localhost:8080", Version: "v1.2.3", Demo: true})
	// What a browser copies is the text without its markup.
	page = regexp.MustCompile(`</?span[^>]*>`).ReplaceAllString(page, "")
	wantAll(t, page,
		`<code>curl -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt</code>`,
		`<code>curl -s http://localhost:8080/api/v1/menu</code>`,
		`<code>curl -s -H "@wristband.txt" -H "Content-Type: application/json" -d "@docs/examples/order.json" http://localhost:8080/api/v1/orders</code>`,
		`<code>curl -N -H "@wristband.txt" http://localhost:8080/api/v1/orders/1/events</code>`,
		"v1.2.3", "vera", "carla", "marco")
}

func TestRenderStart_withoutDemoNamesNoAccount(t *testing.T) {
	page := startPage(t, StartData{BaseURL: "https://pizza.example"})
	for _, name := range []string{"alice", "bob", "vera", "carla", "marco", "likes-pizza"} {
		if strings.Contains(page, name) {
			t.Errorf("the page names %s, who does not exist here", name)
		}
	}
	wantAll(t, page, "https://pizza.example/api/v1/menu", "/api/v1/auth/register")
}

func TestRenderProblem_saysWhyAndWhatNext(t *testing.T) {
	page := problemPage(t, noWristband, someKinds)
	wantAll(t, page, "<h1 id=\"title\">No wristband</h1>", noWristband.Meaning, noWristband.Next, "Unauthorized",
		`href="/"`, `href="/problems/token-expired"`, "&#34;type&#34;: &#34;/problems/authentication-required&#34;")
	if strings.Contains(page, `href="/problems/authentication-required"`) {
		t.Error("the page links to itself as to another kind")
	}
}

func TestRenderProblem_leavesItsDataAlone(t *testing.T) {
	before := slices.Clone(someKinds)
	problemPage(t, noWristband, someKinds)
	problemList(t, someKinds)
	if !slices.Equal(before, someKinds) {
		t.Errorf("the caller's list became %v", someKinds)
	}
}

func TestRenderProblem_onlyValidationListsFields(t *testing.T) {
	const field = "items[0].quantity"
	if strings.Contains(problemPage(t, noWristband, someKinds), field) {
		t.Error("authentication-required shows a list of fields")
	}
	wantAll(t, problemPage(t, &problem.Kind{Slug: "validation-failed", Status: 422}, nil), field)
}

func TestRenderProblemList_isSortedByStatus(t *testing.T) {
	page := problemList(t, someKinds)
	slugs := regexp.MustCompile(`href="/problems/([a-z-]+)"`).FindAllStringSubmatch(page, -1)
	var got []string
	for _, m := range slugs {
		got = append(got, m[1])
	}
	want := []string{"authentication-required", "token-expired", "role-required", "internal-error"}
	if !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
}

func TestPages_escapeTheirData(t *testing.T) {
	const evil = `"><script>alert(1)</script>'&`
	kinds := []*problem.Kind{{Slug: evil, Title: evil, Status: 404}}
	for name, page := range map[string]string{
		"start":   startPage(t, StartData{BaseURL: evil, Version: evil, Demo: true}),
		"problem": problemPage(t, &problem.Kind{Slug: evil + "2", Title: evil, Meaning: evil, Next: evil}, kinds),
		"list":    problemList(t, kinds),
	} {
		if strings.Contains(page, "<script>") || strings.Contains(page, evil) {
			t.Errorf("%s: data became markup", name)
		}
		wantAll(t, page, "&lt;script&gt;")
	}
}

// The policy would block these, and the page would break where nobody looks.
func TestPages_holdNoInlineCode(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle\s*=|<script|\son[a-z]+\s*=|javascript:`)
	files := regexp.MustCompile(`<script( type="module")? src="/js/[a-z]+\.js"></script>`)
	for name, page := range renderedPages(t) {
		page = files.ReplaceAllString(page, "")
		if m := inline.FindString(page); m != "" {
			t.Errorf("%s holds %q", name, m)
		}
	}
	if m := inline.Find(favicon); m != nil {
		t.Errorf("favicon.svg holds %q", m)
	}
}

// Pages, styles and scripts refer to this server only.
func TestPages_nothingComesFromElsewhere(t *testing.T) {
	for name, page := range renderedPages(t) {
		for _, link := range links(page) {
			if !strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "#") || strings.HasPrefix(link, "//") {
				t.Errorf("%s refers to %q", name, link)
			}
		}
	}
	css := stylesheet()
	for _, load := range []string{"url(", "@import", "//"} {
		if bytes.Contains(css, []byte(load)) {
			t.Errorf("app.css holds %q", load)
		}
	}
	for name, f := range scriptFiles(t) {
		if m := regexp.MustCompile(`https?://|wss?://`).Find(f.Body); m != nil {
			t.Errorf("%s names an address of another server: %q", name, m)
		}
	}
}

// scriptFiles are all modules that a browser may fetch.
func scriptFiles(t *testing.T) map[string]File {
	t.Helper()
	found := map[string]File{}
	for name, f := range assets() {
		if strings.HasSuffix(name, ".js") {
			found[name] = f
		}
	}
	if len(found) < 15 {
		t.Fatalf("only %d scripts are served", len(found))
	}
	return found
}

// Text that is set as text can never become markup. Trusted Types would stop the
// rest in a browser that knows them; this stops it here.
func TestScripts_makeNoMarkupFromStrings(t *testing.T) {
	unsafe := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|\beval\(|new Function|style=|\bon[a-z]+="|javascript:`)
	for name, f := range scriptFiles(t) {
		if m := unsafe.Find(f.Body); m != nil {
			t.Errorf("%s holds %q", name, m)
		}
	}
}

// Under a base path an address that begins at the root is somebody else's.
func TestScripts_noAddressBeginsAtTheRoot(t *testing.T) {
	root := regexp.MustCompile("[\"'`]/(?:api|css|favicon\\.svg|healthz|icons\\.svg|js|lab|learn|metrics|openapi\\.json|problems|readyz|swagger|\\.well-known)\\b")
	for name, f := range scriptFiles(t) {
		if m := root.Find(f.Body); m != nil {
			t.Errorf("%s holds %s", name, m)
		}
	}
	if !root.MatchString(`call("GET", "/api/v1/menu")`) {
		t.Error("this test finds nothing")
	}
}

// Each script begins with a comment of three lines or more.
func TestScripts_sayWhatOneCanLearnThere(t *testing.T) {
	for name, f := range scriptFiles(t) {
		head, _, _ := strings.Cut(string(f.Body), "\n\n")
		if lines := strings.Split(head, "\n"); len(lines) < 3 || !strings.HasPrefix(lines[0], "// ") {
			t.Errorf("%s begins with %q", name, lines[0])
		}
	}
}

// Only a guest would notice a module that is missing.
func TestScripts_importsExist(t *testing.T) {
	imports := regexp.MustCompile(`(?:from|import|import\()\s*"(\.[^"]*)"`)
	for name, f := range scriptFiles(t) {
		for _, m := range imports.FindAllSubmatch(f.Body, -1) {
			if target := path.Join(path.Dir(name), string(m[1])); !isAsset(target) {
				t.Errorf("%s imports %s, which is not there", name, target)
			}
		}
	}
}

// Or a name that a module no longer has.
func TestScripts_importedNamesAreExported(t *testing.T) {
	imports := regexp.MustCompile(`import \{([^}]*)\} from "(\.[^"]*)"`)
	for name, f := range scriptFiles(t) {
		for _, m := range imports.FindAllSubmatch(f.Body, -1) {
			target, _ := Asset(path.Join(path.Dir(name), string(m[2])))
			for _, imported := range regexp.MustCompile(`[\w$]+`).FindAllString(string(m[1]), -1) {
				if !regexp.MustCompile(`(?m)^export (?:async )?(?:function\*?|class|const) ` + regexp.QuoteMeta(imported) + `\W`).Match(target.Body) {
					t.Errorf("%s imports %s from %s, which does not export it", name, imported, m[2])
				}
			}
		}
	}
}

func isAsset(name string) bool { _, ok := Asset(name); return ok }

// A browser fetches at once what the page names; what only an import names would
// wait for one more round. So the page names whatever main.js needs to begin.
func TestRenderStart_preloadsWhatItNeeds(t *testing.T) {
	page := startPage(t, StartData{})
	needed, imports := map[string]bool{}, regexp.MustCompile(`(?m)^(?:import|\}) .*"(\.[^"]*)";$`)
	var visit func(name string)
	visit = func(name string) {
		f, ok := Asset(name)
		if !ok || needed[name] {
			return
		}
		needed[name] = true
		for _, m := range imports.FindAllSubmatch(f.Body, -1) {
			visit(path.Join(path.Dir(name), string(m[1])))
		}
	}
	visit("js/main.js")
	visit("js/views/menu.js") // the first view, for most
	for name := range needed {
		if !strings.Contains(page, `"/`+name+`"`) {
			t.Errorf("the page does not preload %s", name)
		}
	}
}

// The first view has to be there at once, also over a slow line.
func TestRenderStart_firstViewIsSmall(t *testing.T) {
	start, err := NewPages("").Start(StartData{BaseURL: "http://localhost:8080", Version: "v1.2.3", Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	total := len(start.Gzip)
	for _, m := range regexp.MustCompile(`(?:href|src)="/((?:js|css)/[^"]*|favicon.svg)"`).FindAllSubmatch(start.Body, -1) {
		f, _ := Asset(string(m[1]))
		total += len(f.Gzip)
	}
	drawings, _ := Asset("icons.svg")
	total += len(drawings.Gzip)
	if most := 55_000; total > most { // of 70,000 on the wire, see e2e/browser
		t.Errorf("the first view is %d bytes, want up to %d, which leaves room for the menu and the headers", total, most)
	}
}

// Each drawing is small, and none brings a colour of its own, which would not suit light
// and dark.
func TestIcons_areSmallAndTakeThePagesColours(t *testing.T) {
	symbols := regexp.MustCompile(`(?s)<symbol id="([a-z]+)".*?</symbol>`).FindAllSubmatch(icons, -1)
	if len(symbols) != 14 {
		t.Errorf("there are %d drawings", len(symbols))
	}
	for _, s := range symbols {
		if len(s[0]) > 2_000 {
			t.Errorf("%s has %d bytes", s[1], len(s[0]))
		}
	}
	colour := regexp.MustCompile(`(?:fill|stroke)="([^"]*)"`)
	for _, m := range colour.FindAllSubmatch(icons, -1) {
		if c := string(m[1]); c != "none" && c != "currentColor" && !bytes.Contains(stylesheet(), []byte(strings.TrimSuffix(strings.TrimPrefix(c, "var("), ")")+": light-dark(")) {
			t.Errorf("a drawing has the colour %s", c)
		}
	}
	if m := regexp.MustCompile(`(?i)<style|<script|\son[a-z]+=|href=|url\(`).Find(icons); m != nil {
		t.Errorf("icons.svg holds %q", m)
	}
}

func TestGzip_canBeUnpacked(t *testing.T) {
	for name, f := range assets() {
		r, err := gzip.NewReader(bytes.NewReader(f.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r); err != nil || !bytes.Equal(body, f.Body) {
			t.Errorf("%s unpacks to %d bytes (%v), want %d", name, len(body), err, len(f.Body))
		}
	}
}

// routes are the paths outside this package that pages may link to.
var routes = []string{
	"/", "/swagger/index.html", "/openapi.json", "/api/v1/menu", "/.well-known/jwks.json", "/problems", "/healthz",
}

func TestPages_referencesExist(t *testing.T) {
	for name, page := range renderedPages(t) {
		for _, link := range links(page) {
			if !exists(page, link) {
				t.Errorf("%s: %q leads nowhere", name, link)
			}
		}
	}
}

func exists(page, link string) bool {
	if view, ok := strings.CutPrefix(strings.TrimPrefix(link, "/"), "#/"); ok {
		view, _, _ = strings.Cut(view, "/") // what follows is its argument
		return view == "" || view == "about" || isAsset("js/views/"+view+".js")
	}
	if id, ok := strings.CutPrefix(link, "#"); ok {
		return strings.Contains(page, fmt.Sprintf("id=%q", id))
	}
	if _, ok := Asset(strings.TrimPrefix(link, "/")); ok {
		return true
	}
	if slug, ok := strings.CutPrefix(link, "/problems/"); ok {
		return slices.ContainsFunc(someKinds, func(k *problem.Kind) bool { return k.Slug == slug })
	}
	return slices.Contains(routes, link)
}

func links(page string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`\s(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestPages_haveLandmarks(t *testing.T) {
	id := regexp.MustCompile(`\sid="([^"]*)"`)
	for name, page := range renderedPages(t) {
		for _, once := range []string{"<!doctype html>", `<html lang="en"`, "<title>", `name="viewport"`,
			`<a class="skip" href="#content">`, "<header", "<main", "<footer", "<h1"} {
			if n := strings.Count(page, once); n != 1 {
				t.Errorf("%s has %s %d times, want once", name, once, n)
			}
		}
		seen := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("%s has the id %q twice", name, m[1])
			}
			seen[m[1]] = true
		}
	}
}

func TestPages_tableHeadersHaveAScope(t *testing.T) {
	for name, page := range renderedPages(t) {
		if regexp.MustCompile(`<th>|<th [^s]`).MatchString(page) {
			t.Errorf("%s has a table header without scope", name)
		}
	}
}

func TestAsset_contentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"css/app.css":      "text/css; charset=utf-8",
		"favicon.svg":      "image/svg+xml",
		"icons.svg":        "image/svg+xml",
		"js/main.js":       "text/javascript; charset=utf-8",
		"js/views/menu.js": "text/javascript; charset=utf-8",
	} {
		f, ok := Asset(name)
		if !ok || f.ContentType != want || len(f.Body) == 0 {
			t.Errorf("Asset(%q) = %d bytes of %q, %t; want %q", name, len(f.Body), f.ContentType, ok, want)
		}
	}
	start, err := NewPages("").Start(StartData{})
	if err != nil || start.ContentType != PageType {
		t.Errorf("the start page is %q (%v), want %q", start.ContentType, err, PageType)
	}
}

func TestAsset_servesNothingElse(t *testing.T) {
	for _, name := range []string{"", "/css/app.css", "css", "index.html", "embed.go", "../go.mod", "js", "js/", "js/swagger-initializer.js", "js/../embed.go"} {
		if _, ok := Asset(name); ok {
			t.Errorf("Asset(%q) found something", name)
		}
	}
}

// TestSwaggerUI_isWhatItsPageLoads: a file that nothing loads would only make the program
// larger.
func TestSwaggerUI_isWhatItsPageLoads(t *testing.T) {
	files := SwaggerUI()
	page, err := FromGzip(PageType, files["index.html"]())
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"index.html"}
	for _, m := range regexp.MustCompile(`(?:href|src)="(?:\./)?([^"]+)"`).FindAllSubmatch(page.Body, -1) {
		if name := string(m[1]); name != "swagger-initializer.js" { // it is our own
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	if have := slices.Sorted(maps.Keys(files)); !slices.Equal(have, wanted) || len(have) != 7 {
		t.Errorf("there are %v, and the page loads %v", have, wanted)
	}
	for name, packed := range files {
		if f, err := FromGzip("", packed()); err != nil || len(f.Body) == 0 || f.ETag != NewFile("", f.Body).ETag {
			t.Errorf("%s has %d bytes under %s (%v)", name, len(f.Body), f.ETag, err)
		}
	}
	if _, err := FromGzip("", []byte("not packed")); err == nil {
		t.Error("what is not gzip is served")
	}
}

func TestFile_etagsAreStrongAndDiffer(t *testing.T) {
	one, _ := NewPages("").Start(StartData{BaseURL: "http://one"})
	again, _ := NewPages("").Start(StartData{BaseURL: "http://one"})
	two, _ := NewPages("").Start(StartData{BaseURL: "http://two"})
	if one.ETag != again.ETag {
		t.Errorf("the same page has the tags %s and %s", one.ETag, again.ETag)
	}
	css, _ := Asset("css/app.css")
	icon, _ := Asset("favicon.svg")
	strong := regexp.MustCompile(`^"[A-Za-z0-9_-]{16,}"$`)
	seen := map[string]bool{}
	for _, f := range []File{one, two, css, icon} {
		if !strong.MatchString(f.ETag) || seen[f.ETag] {
			t.Errorf("ETag %s is weak or not its own", f.ETag)
		}
		seen[f.ETag] = true
	}
}

func TestPolicy_allowsNothingInlineOrForeign(t *testing.T) {
	if strings.Contains(Policy, "unsafe") || strings.Contains(Policy, "*") || strings.Contains(Policy, "http") {
		t.Errorf("Policy = %s", Policy)
	}
	wantAll(t, Policy, "default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "trusted-types 'none'")
}

// WCAG 2.2 AA asks for 4.5 between text and its ground, and for 3 between the
// focus ring or an edge and what is beside it.
func TestStylesheet_coloursHaveContrast(t *testing.T) {
	for i, name := range []string{"light", "dark"} {
		colours := palette(string(stylesheet()), i)
		for _, pair := range []struct {
			fore, back string
			least      float64
		}{
			{"text", "page", 7}, {"text", "card", 7}, {"text", "code", 7},
			{"muted", "page", 4.5}, {"muted", "card", 4.5}, {"muted", "code", 4.5},
			{"tomato", "page", 4.5}, {"tomato", "card", 4.5}, {"tomato", "code", 4.5},
			{"aubergine", "page", 4.5}, {"aubergine", "card", 4.5}, {"aubergine", "code", 4.5},
			{"basil", "page", 4.5}, {"basil", "card", 4.5}, {"basil", "code", 4.5},
			{"ok", "page", 4.5}, {"ok", "card", 4.5}, {"ok", "code", 4.5}, {"warning", "page", 4.5}, {"warning", "card", 4.5},
			{"on-colour", "tomato", 4.5}, {"on-colour", "aubergine", 4.5}, {"on-colour", "basil", 4.5},
			{"focus", "page", 3}, {"focus", "card", 3}, {"edge", "page", 3}, {"edge", "card", 3},
		} {
			fore, ok := colours[pair.fore]
			back, ok2 := colours[pair.back]
			if got := contrast(fore, back); !ok || !ok2 || got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", name, pair.fore, pair.back, got, pair.least)
			}
		}
	}
}

// Windows change at the widths that css/base/tokens.css names, and at no others.
func TestStylesheet_changesAtNamedWidths(t *testing.T) {
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ \*   \w+ +([0-9]+rem)$`).FindAllStringSubmatch(string(stylesheet()), -1) {
		named[m[1]] = true
	}
	used := regexp.MustCompile(`\(width [<>]= ([0-9]+rem)\)`).FindAllStringSubmatch(string(stylesheet()), -1)
	if len(named) == 0 || len(used) < 5 {
		t.Fatalf("%d widths are named, %d used", len(named), len(used))
	}
	for _, m := range used {
		if !named[m[1]] {
			t.Errorf("%s has no name", m[1])
		}
	}
}

// Everyone reads the sources in a window of some width.
func TestSources_haveNoLongLines(t *testing.T) {
	for _, files := range []fs.FS{styles, scripts} {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := fs.ReadFile(files, name)
			for i, line := range strings.Split(string(body), "\n") {
				if n := utf8.RuneCountInString(line); n > 120 {
					t.Errorf("%s:%d has %d characters, want up to 120", name, i+1, n)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// palette reads the colours of a stylesheet as relative luminances: the first of
// each pair for the light scheme (0), the second for the dark one (1).
func palette(css string, scheme int) map[string]float64 {
	colours := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9A-F]{6}), #([0-9A-F]{6})\);`).FindAllStringSubmatch(css, -1) {
		rgb, _ := strconv.ParseUint(m[2+scheme], 16, 32) // the pattern lets only such numbers pass
		colours[m[1]] = 0.2126*linear(rgb>>16) + 0.7152*linear(rgb>>8) + 0.0722*linear(rgb)
	}
	return colours
}

// linear undoes the gamma of the lowest byte, as WCAG defines it.
func linear(channel uint64) float64 {
	c := float64(channel&0xFF) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func contrast(a, b float64) float64 {
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}
