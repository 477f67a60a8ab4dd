package contract

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"restaurant/docs"
)

// docsDir holds the collections.
const docsDir = "../../docs"

// collection is what both formats have in common.
type collection struct {
	About   string
	BaseURL string
	Steps   []step
}

// step is a request of a collection.
type step struct {
	Folder, AboutFolder string
	Name, About         string
	Method, URL, Body   string
	SendsToken          bool
	Script              string // what runs after the answer
}

var testTitle = regexp.MustCompile(`test\("([^"]+)"`)

// checks returns the titles of the tests of a step.
func (s step) checks() (titles []string) {
	for _, match := range testTitle.FindAllStringSubmatch(s.Script, -1) {
		titles = append(titles, match[1])
	}
	return titles
}

// Both collections are edited in the tools that read them, so this holds them together.
func TestCollections_tellOneStory(t *testing.T) {
	postman, bruno := postmanCollection(t), brunoCollection(t)
	if postman.About != bruno.About || postman.BaseURL != bruno.BaseURL {
		t.Errorf("Postman's collection is about %q at %s, Bruno's about %q at %s", postman.About, postman.BaseURL, bruno.About, bruno.BaseURL)
	}
	if len(postman.Steps) != len(bruno.Steps) {
		t.Fatalf("Postman's collection has %d requests, Bruno's %d", len(postman.Steps), len(bruno.Steps))
	}
	for i, p := range postman.Steps {
		b := bruno.Steps[i]
		if !slices.Equal(p.checks(), b.checks()) {
			t.Errorf("%q checks %q for Postman and %q for Bruno", p.Name, p.checks(), b.checks())
		}
		p.Script, b.Script = "", ""
		if p != b {
			t.Errorf("request %d differs:\nPostman: %+v\nBruno:   %+v", i+1, p, b)
		}
	}
}

// A request that the document does not allow is found without a server.
func TestCollections_areInTheDocument(t *testing.T) {
	router := documentRouter(t)
	for _, s := range postmanCollection(t).Steps {
		if err := inDocument(router, s); err != nil {
			t.Errorf("%q: %v", s.Name, err)
		}
	}
}

// The check itself refuses what is not in the document.
func TestCollections_wouldNotPassWithMistakes(t *testing.T) {
	router := documentRouter(t)
	order := step{Method: "POST", URL: "{{baseUrl}}/api/v1/orders", Body: `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, SendsToken: true}
	if err := inDocument(router, order); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*step){
		"path":      func(s *step) { s.URL = "{{baseUrl}}/api/v1/order" },
		"method":    func(s *step) { s.Method = "PUT" },
		"parameter": func(s *step) { s.URL += "?page=2" },
		"field":     func(s *step) { s.Body = strings.Replace(s.Body, "quantity", "amount", 1) },
		"value":     func(s *step) { s.Body = strings.Replace(s.Body, "large", "huge", 1) },
		"no body":   func(s *step) { s.Body = "" },
	} {
		wrong := order
		if spoil(&wrong); inDocument(router, wrong) == nil {
			t.Errorf("%s: %+v passes", name, wrong)
		}
	}
}

func TestCollections_newman(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	for range 2 {
		report := filepath.Join(t.TempDir(), "report.json")
		mustRun(t, npxOnPage(t, p, "newman", "../..", "--reporters", "cli,json", "--reporter-json-export", report))
		var run struct {
			Run struct {
				Executions []struct {
					Item       struct{ Name string }
					Response   struct{ Code int }
					Assertions []struct {
						Assertion string
						Error     any
					}
				}
			}
		}
		mustRead(t, report, &run)
		var results []result
		for _, e := range run.Run.Executions {
			for _, a := range e.Assertions {
				results = append(results, result{e.Item.Name, e.Response.Code, a.Assertion, a.Error == nil})
			}
		}
		wantGreen(t, postmanCollection(t), results)
	}
}

func TestCollections_bruno(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	for range 2 {
		report := filepath.Join(t.TempDir(), "report.json")
		mustRun(t, npxOnPage(t, p, "@usebruno/cli", docsDir+"/bruno", "--reporter-json", report))
		var runs []struct {
			Results []struct {
				Name        string
				Response    struct{ Status int }
				TestResults []struct{ Status, Description string }
			}
		}
		mustRead(t, report, &runs)
		var results []result
		for _, r := range runs[0].Results {
			for _, test := range r.TestResults {
				results = append(results, result{r.Name, r.Response.Status, test.Description, test.Status == "pass"})
			}
		}
		wantGreen(t, brunoCollection(t), results)
	}
}

// result is a check that a tool has made.
type result struct {
	request string
	status  int
	check   string
	passed  bool
}

// wantGreen fails the test unless each check of each step was made and passed, among
// them the two that only the right people pass.
func wantGreen(t *testing.T, c collection, results []result) {
	t.Helper()
	made := map[string]int{}
	for _, r := range results {
		if !r.passed {
			t.Errorf("%q: %q failed", r.request, r.check)
		}
		made[r.check]++
		if (r.request == "The kitchen's board" || r.request == "Everybody who can log in") && r.status != http.StatusOK {
			t.Errorf("%q: status %d", r.request, r.status)
		}
	}
	if len(made) < 8 {
		t.Errorf("only %d checks were made", len(made))
	}
	for _, s := range c.Steps {
		for _, check := range s.checks() {
			if made[check] == 0 {
				t.Errorf("%q: %q was not checked", s.Name, check)
			}
		}
	}
}

// documentRouter finds the operation of a request in the document.
func documentRouter(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil // baseUrl says where it is
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// variables stand for what the scripts of the collections keep.
var variables = strings.NewReplacer("{{baseUrl}}", "", "{{order_id}}", "1", "{{refresh_token}}", "pEbPTEbYQ5kKvzTYBnSTtDDZn2Ve")

// inDocument returns why the document does not allow the request of a step.
func inDocument(router routers.Router, s step) error {
	req, err := http.NewRequest(s.Method, variables.Replace(s.URL), strings.NewReader(variables.Replace(s.Body)))
	if err != nil {
		return err
	}
	if s.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	for name := range req.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the operation has no parameter %s", name)
		}
	}
	return openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true},
	})
}

// postmanItem is a folder or a request of Postman's collection format 2.1.
type postmanItem struct {
	Name, Description string
	Item              []postmanItem
	Event             []struct {
		Script struct{ Exec []string }
	}
	Request struct {
		Method, URL, Description string
		Auth                     *struct{ Type string }
		Body                     struct{ Raw string }
	}
}

func postmanCollection(t *testing.T) (c collection) {
	t.Helper()
	var file struct {
		Info     struct{ Description, Schema string }
		Auth     struct{ Type string }
		Variable []struct{ Key, Value string }
		Item     []postmanItem
	}
	mustRead(t, docsDir+"/postman_collection.json", &file)
	if !strings.Contains(file.Info.Schema, "/v2.1.0/") || file.Auth.Type != "bearer" {
		t.Errorf("schema %q, auth %q; want v2.1.0 and bearer", file.Info.Schema, file.Auth.Type)
	}
	c.About = file.Info.Description
	for _, v := range file.Variable {
		if v.Key == "baseUrl" {
			c.BaseURL = v.Value
		}
	}
	for _, folder := range file.Item {
		for _, item := range folder.Item {
			r := item.Request
			s := step{Folder: folder.Name, AboutFolder: folder.Description, Name: item.Name, About: r.Description, Method: r.Method, URL: r.URL, Body: r.Body.Raw}
			s.SendsToken = r.Auth == nil
			for _, e := range item.Event {
				s.Script += strings.Join(e.Script.Exec, "\n")
			}
			c.Steps = append(c.Steps, s)
		}
	}
	return c
}

func brunoCollection(t *testing.T) (c collection) {
	t.Helper()
	root := filepath.Join(docsDir, "bruno")
	about := readBru(t, filepath.Join(root, "collection.bru"))
	c.About, c.BaseURL = about["docs"], about.value("vars:pre-request", "baseUrl")
	if env := readBru(t, filepath.Join(root, "environments", "local.bru")).value("vars", "baseUrl"); env != c.BaseURL {
		t.Errorf("the environment local is %s, the collection's default %s", env, c.BaseURL)
	}
	for _, dir := range inSequence(t, root, "*/folder.bru") {
		folder := readBru(t, dir)
		for _, file := range inSequence(t, filepath.Dir(dir), "[0-9]*.bru") {
			b := readBru(t, file)
			for _, method := range []string{"get", "post", "put", "patch", "delete"} {
				if b[method] != "" {
					c.Steps = append(c.Steps, step{
						Folder: folder.value("meta", "name"), AboutFolder: folder["docs"],
						Name: b.value("meta", "name"), About: b["docs"],
						Method: strings.ToUpper(method), URL: b.value(method, "url"), Body: b["body:json"],
						SendsToken: b.value(method, "auth") == "inherit", Script: b["tests"],
					})
				}
			}
		}
	}
	return c
}

// inSequence returns the files that match a pattern, in the order of their seq.
func inSequence(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	seq := func(file string) int {
		n, err := strconv.Atoi(readBru(t, file).value("meta", "seq"))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return n
	}
	slices.SortFunc(files, func(a, b string) int { return seq(a) - seq(b) })
	return files
}

// bru is a file of Bruno's: the text of each block by its name, without indentation.
type bru map[string]string

// value returns a value of a block of names and values.
func (b bru) value(block, name string) string {
	for line := range strings.Lines(b[block]) {
		if key, value, _ := strings.Cut(line, ":"); key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

var bruBlock = regexp.MustCompile(`(?ms)^([a-z:-]+) \{\n(.*?)\n\}$`)

func readBru(t *testing.T, file string) bru {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b := bru{}
	for _, match := range bruBlock.FindAllStringSubmatch(string(text), -1) {
		b[match[1]] = strings.TrimPrefix(strings.ReplaceAll("\n"+match[2], "\n  ", "\n"), "\n")
	}
	return b
}
