package class

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"restaurant/web"
)

// pagesOf gives every page as a browser gets it.
func pagesOf(t *testing.T, title string) map[string]string {
	t.Helper()
	data := page{showResponse{Title: title, Tables: 9, Free: 3, Joinable: true, Message: &title}, "http://192.168.1.20:8080"}
	cards := cardsPage{page: data, Cards: []card{{"07", "07-kmx", title}}}
	all := map[string]string{}
	for name, data := range map[string]any{"join.html": data, "teach.html": data, "wall.html": data, "cards.html": cards, "sheets.html": sheetsPage{cards, "L01-L05"}} {
		var text bytes.Buffer
		if err := templates().ExecuteTemplate(&text, name, data); err != nil {
			t.Fatal(err)
		}
		all[name] = text.String()
	}
	return all
}

// The policy would block these, and the page would break where nobody looks.
func TestPages_holdNoInlineCodeAndEscape(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle\s*=|<script|\son[a-z]+\s*=|javascript:|<b>9`)
	scripts := regexp.MustCompile(`<script( type="module")? src="/[a-z/.]+\.js"></script>`)
	for name, text := range pagesOf(t, `<b>9"b`) {
		if m := inline.FindString(scripts.ReplaceAllString(text, "")); m != "" {
			t.Errorf("%s holds %q", name, m)
		}
	}
}

func isServed(address string) bool {
	if name, ok := strings.CutPrefix(address, "/class/files/"); ok {
		_, known := files()[name]
		return known
	}
	name := strings.TrimPrefix(address, "/")
	_, known := web.Asset(name)
	return known && slices.Contains(shared, name)
}

// Only a browser would notice a file that is missing, or one of another server.
func TestPages_nameOnlyFilesOfTheClass(t *testing.T) {
	loads := regexp.MustCompile(`<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"`)
	for name, text := range pagesOf(t, "Class 9b") {
		found := loads.FindAllStringSubmatch(text, -1)
		for _, m := range found {
			if !isServed(m[1]) {
				t.Errorf("%s loads %s, which is not there", name, m[1])
			}
		}
		if len(found) < 4 {
			t.Errorf("%s loads only %q", name, found)
		}
	}
	imports := regexp.MustCompile(`(?m)^(?:import|\}) [^"]*"([^"]*)";`)
	for name, file := range files() {
		for _, m := range imports.FindAllSubmatch(file.Body, -1) {
			if !isServed(path.Join("/class/files", string(m[1]))) && !isServed(string(m[1])) {
				t.Errorf("%s imports %s, which is not there", name, m[1])
			}
		}
		if m := regexp.MustCompile(`https?://|wss?://|url\(|@import`).Find(file.Body); m != nil {
			t.Errorf("%s names %q", name, m)
		}
	}
}

// TestProblemPages_leadOnlyToWhatIsThere: beside the tables there is no menu, and the API is below a code.
func TestProblemPages_leadOnlyToWhatIsThere(t *testing.T) {
	c := open(t, t.TempDir(), fiveTables, openEcho)
	links := regexp.MustCompile(`href="(/[^"#]*)(#/[^"]*)?"`)
	lost := regexp.MustCompile(`(^|[ (])/(api|learn|swagger|\.well-known)|8080/api`)
	for _, path := range []string{"/problems", "/problems/token-revoked", "/problems/token-key-unknown", "/problems/undo-expired"} {
		page := c.ask("GET", path, "", "Accept", "text/html")
		want(t, page, 200, "What")
		if page.Header().Get("Content-Security-Policy") != web.Policy {
			t.Errorf("%s: a browser loads no style sheet", path)
		}
		for _, m := range links.FindAllStringSubmatch(page.Body.String(), -1) {
			if w := c.ask("GET", m[1], ""); w.Code != 200 || m[2] != "" {
				t.Errorf("%s leads to %s%s: %d", path, m[1], m[2], w.Code)
			}
		}
		if m := lost.FindString(page.Body.String()); m != "" {
			t.Errorf("%s names %q, which is at a table only", path, m)
		}
	}
	want(t, c.ask("GET", "/problems/authentication-required", ""), 200, "curl -i http://192.168.1.20:8080/t/CODE/api/v1/orders")
	want(t, c.ask("GET", "/problems/nothing", ""), 404, "not-found")
}

// Text that is set as text can never become markup.
func TestScripts_makeNoMarkupFromStrings(t *testing.T) {
	unsafe := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|\beval\(|new Function|style=|\bon[a-z]+="|javascript:`)
	absent := regexp.MustCompile(`navigator\.clipboard|crypto\.subtle|randomUUID`) // there is no secure context over plain HTTP
	for name, file := range files() {
		if m := unsafe.Find(file.Body); m != nil {
			t.Errorf("%s holds %q", name, m)
		}
		if m := absent.Find(file.Body); m != nil {
			t.Errorf("%s needs %q", name, m)
		}
		head, _, _ := strings.Cut(string(file.Body), "\n\n")
		if strings.HasSuffix(name, ".js") && (strings.Count(head, "\n") < 2 || !strings.HasPrefix(head, "// ")) {
			t.Errorf("%s does not say in three lines what one can learn there", name)
		}
	}
}

// What is too long for a screen is read by nobody.
func TestFiles_haveNoLongLines(t *testing.T) {
	names, _ := fs.Glob(pageFiles, "pages/*.[cj]s*")
	for _, name := range names {
		text, _ := pageFiles.ReadFile(name)
		for n, line := range strings.Split(string(text), "\n") {
			if len([]rune(line)) > 120 {
				t.Errorf("%s:%d has %d characters, want up to 120", name, n+1, len(line))
			}
		}
	}
	if len(names) < 8 {
		t.Errorf("there are only %q", names)
	}
}
