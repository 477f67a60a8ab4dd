package docs

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"restaurant/problem"
)

// TestAPI_pageNamesEveryCall holds the tables of api.md against the document of the API
// and the kinds of problems.
func TestAPI_pageNamesEveryCall(t *testing.T) {
	page, err := os.ReadFile("api.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for path, methods := range document.Paths {
		for method := range methods {
			if method == "parameters" || method == "servers" {
				continue
			}
			calls++
			if call := "`" + strings.ToUpper(method) + " " + path + "`"; !strings.Contains(string(page), call) {
				t.Errorf("docs/api.md does not name %s", call)
			}
		}
	}
	if calls < 40 {
		t.Errorf("%d calls", calls)
	}
	for _, kind := range problem.Kinds() {
		row := regexp.MustCompile("(?m)^\\| [^|]*(" + strconv.Itoa(kind.Status) + "|" + strconv.Itoa(kind.Status/100) + "xx)[^|]* \\|.*`" + kind.Slug + "`").Find(page)
		if row == nil {
			t.Errorf("docs/api.md does not name %d %s", kind.Status, kind.Slug)
		}
	}
}
