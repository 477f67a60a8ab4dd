package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// below says which rooms each room may use. Arrows point down only; what is not
// listed is forbidden, and so is a room that the table does not name.
var below = map[string]string{
	".":                   "app",
	"app":                 "handlers kitchen learn learn/lab models seed server tokens",
	"server":              "", // any http.Handler
	"handlers":            "docs httpjson kitchen middleware models problem tokens web",
	"learn":               "httpjson learn/course learn/export middleware models problem web", // beside the handlers; of models only Role
	"learn/export":        "learn/course",
	"learn/course":        "docs",                  // only the examples
	"learn/lab":           "httpjson problem",      // nothing that knows a key or a user; see TestTheLabHoldsNoKeys
	"middleware":          "models problem tokens", // of models only Role, the count of statements, of commits and of failed logins
	"httpjson":            "problem",               // the lab uses it, so it knows no error of models
	"tokens":              "models",                // only User and Role
	"kitchen":             "models",
	"seed":                "models",
	"models":              "",
	"problem":             "",
	"docs":                "",
	"docs/generate":       "problem",
	"web":                 "problem",
	"e2e/testkit":         "e2e/testkit/process", // only tests use it
	"e2e/testkit/process": "",
	"e2e/load":            "e2e/testkit/process", // it knows the program only by what it answers
}

// keepers are libraries that only some files may touch, so that each can be
// replaced in one place.
var keepers = map[string][]string{
	"gorm.io/":                     {"models/*"},
	"github.com/glebarez/":         {"models/*", "e2e/load/*", "learn/store.go"}, // the limits use the same database, the lessons a file of their own
	"github.com/jackc/":            {"models/*", "e2e/testkit/*"},
	"github.com/appleboy/gin-jwt/": {"middleware/ginjwt.go"},
	"github.com/golang-jwt/":       {"tokens/*", "e2e/load/*"}, // and the same signatures
	"github.com/gin-gonic/gin":     {"handlers/*", "middleware/*", "httpjson/*", "problem/*", "learn/*", "learn/lab/*", "app/run.go"},
	"github.com/getkin/":           {"docs/generate/*"},
	"github.com/gofrs/":            {"app/store.go"},
	"github.com/chromedp/":         {}, // only the tests in e2e drive a browser
}

func TestImportsPointDown(t *testing.T) {
	for file, imports := range sourceImports(t) {
		room := path.Dir(file)
		allowed, known := below[room]
		if !known {
			t.Errorf("%s is in a room that the table does not name", file)
		}
		for _, imp := range imports {
			if ours, ok := strings.CutPrefix(imp, "restaurant/"); ok && !slices.Contains(strings.Fields(allowed), ours) {
				t.Errorf("%s imports %s: that arrow points up or sideways", file, ours)
			}
			for library, files := range keepers {
				if strings.HasPrefix(imp, library) && !slices.ContainsFunc(files, func(f string) bool { ok, _ := path.Match(f, file); return ok }) {
					t.Errorf("%s imports %s, which only %v may", file, imp, files)
				}
			}
		}
	}
}

// labMay are the libraries that the lab may use: what reads and writes a token,
// and nothing that reaches a file, a database, another machine or a key.
var labMay = []string{
	"crypto", "crypto/rand", "crypto/rsa", "crypto/sha256", "encoding/base64", "net/http", "strconv", "strings", "sync",
	"github.com/gin-gonic/gin", "github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext", "restaurant/httpjson", "restaurant/problem",
}

// TestTheLabHoldsNoKeys holds the lab, and what it uses of the house, to that.
func TestTheLabHoldsNoKeys(t *testing.T) {
	files := 0
	for file, imports := range sourceImports(t) {
		switch path.Dir(file) {
		case "learn/lab":
			files++
			for _, imp := range imports {
				if !slices.Contains(labMay, imp) {
					t.Errorf("%s imports %s", file, imp)
				}
			}
		case "httpjson", "problem":
			for _, imp := range imports {
				if strings.HasPrefix(imp, "restaurant/") && imp != "restaurant/problem" || imp == "os" || imp == "database/sql" {
					t.Errorf("the lab reaches %s through %s", imp, file)
				}
			}
		}
	}
	if files == 0 {
		t.Error("there is no lab")
	}
}

// sourceImports gives the imports of each file that is not a test.
func sourceImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(name)] = append(found[filepath.ToSlash(name)], imp)
		}
		return nil
	})
	if err != nil || len(found) < 30 {
		t.Fatalf("%d files: %v", len(found), err)
	}
	return found
}
