package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// below says which rooms each room may use. Arrows point down only; what is not
// listed is forbidden, and so is a room that the table does not name.
var below = map[string]string{
	".":                   "app",
	"basepath":            "",
	"app":                 "basepath class handlers kitchen learn learn/kiosk learn/lab models queue seed server spelling tokens",
	"class":               "basepath httpjson learn learn/kiosk middleware models problem queue web", // it gets a function that opens a restaurant; of learn what a lesson has seen
	"server":              "queue",                                                                   // any http.Handler
	"handlers":            "basepath docs httpjson kitchen middleware models problem queue spelling tokens tokens/verify web",
	"learn":               "basepath httpjson learn/course learn/export middleware models problem web", // beside the handlers; of models only Role
	"learn/export":        "basepath learn/course",
	"learn/course":        "docs",                                                        // only the examples
	"learn/lab":           "basepath httpjson learn/lab/stage learn/lab/wire problem",    // nothing that knows a key or a user; see TestTheLabHoldsNoKeys
	"learn/kiosk":         "httpjson problem tokens/verify",                              // see TestTheKioskIsOnlyAVerifier
	"learn/lab/stage":     "",                                                            // a website that reaches nothing of this server; see TestTheStageReachesNothing
	"learn/lab/wire":      "",                                                            // a listener for any http.Handler
	"middleware":          "basepath httpjson models problem queue tokens tokens/verify", // of models only Role, the count of statements, of commits and of failed logins
	"httpjson":            "problem spelling",                                            // the lab uses it, so it knows no error of models
	"tokens":              "models tokens/verify",                                        // of models only User and Role
	"tokens/verify":       "",                                                            // programs elsewhere could use it
	"kitchen":             "models",
	"seed":                "models",
	"models":              "",
	"problem":             "basepath",
	"queue":               "",
	"spelling":            "",
	"docs":                "",
	"docs/generate":       "problem",
	"deploy/release":      "",
	"web":                 "basepath problem",
	"e2e/testkit":         "e2e/testkit/process", // only tests use it
	"e2e/testkit/process": "",
	"e2e/load":            "e2e/testkit/process", // it knows the program only by what it answers
	"e2e/class":           "e2e/testkit/process", // as above
	"e2e/load/pocketbase": "",                    // a neighbour to compare the program with

	// They take the places of modules of others, see TestStubs_sayWhatToDo.
	"stubs/bson/bson":  "",
	"stubs/inflection": "",
	"stubs/msgpack":    "",
	"stubs/quic/http3": "",
	"stubs/toml":       "",
	"stubs/yaml":       "",

	"docs/examples/verify": "", // services of others, which know only the issuer
}

// keepers are libraries that only some files may touch, so that each can be
// replaced in one place.
var keepers = map[string][]string{
	"gorm.io/":                     {"models/*"},
	"github.com/glebarez/":         {"models/*", "e2e/load/*", "learn/store.go"}, // the limits use the same database, the lessons a file of their own
	"zombiezen.com/":               {"models/sqlite.go", "models/sqlite_pages.go"},
	"github.com/jackc/":            {"models/*", "e2e/testkit/*"},
	"github.com/appleboy/gin-jwt/": {"middleware/ginjwt.go"},
	"github.com/golang-jwt/":       {"tokens/*", "tokens/verify/*", "e2e/load/*"}, // and the same signatures
	"github.com/gin-gonic/gin":     {"handlers/*", "middleware/*", "httpjson/*", "problem/*", "learn/*", "learn/lab/*", "learn/kiosk/*", "class/*", "app/run.go", "app/lab.go"},
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
			if ours, ok := strings.CutPrefix(imp, module(t)+"/"); ok && !slices.Contains(strings.Fields(allowed), ours) {
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
// and nothing that reaches a file, a database or a key. Of net and crypto/tls it uses only
// types.
var labMay = []string{
	"context", "crypto", "crypto/hmac", "crypto/rand", "crypto/rsa", "crypto/sha256", "crypto/tls", "crypto/x509", "encoding/base64", "encoding/pem", "math/big", "math/rand/v2", "net", "net/http", "net/url", "slices", "strconv", "strings", "sync", "time",
	"context", "encoding/hex", "errors", "regexp", "sync/atomic",
	"github.com/gin-gonic/gin", "golang.org/x/time/rate", "github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext", "restaurant/basepath", "restaurant/httpjson", "restaurant/learn/lab/stage", "restaurant/learn/lab/wire", "restaurant/problem",
}

// belowTheLab are the rooms that the lab reaches through others; they are held to the same.
var belowTheLab = []string{"restaurant/basepath", "restaurant/problem", "restaurant/spelling"}

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
		case "basepath", "httpjson", "problem", "spelling":
			for _, imp := range imports {
				if strings.HasPrefix(imp, module(t)+"/") && !slices.Contains(belowTheLab, imp) || imp == "os" || imp == "database/sql" {
					t.Errorf("the lab reaches %s through %s", imp, file)
				}
			}
		}
	}
	if files == 0 {
		t.Error("there is no lab")
	}
}

// TestTheStageReachesNothing holds the website that is unsafe on purpose to the standard library
// without files, processes, databases and keys: what it shows it gets handed in.
func TestTheStageReachesNothing(t *testing.T) {
	may := []string{"bytes", "context", "crypto/rand", "embed", "encoding/json", "html/template", "io", "net", "net/http", "slices", "strings", "sync", "time", "unicode/utf8"}
	files := 0
	for file, imports := range sourceImports(t) {
		if path.Dir(file) != "learn/lab/stage" {
			continue
		}
		files++
		for _, imp := range imports {
			if !slices.Contains(may, imp) {
				t.Errorf("%s imports %s", file, imp)
			}
		}
	}
	if files == 0 {
		t.Error("there is no stage")
	}
}

// TestTheKioskIsOnlyAVerifier holds the kiosk to what its lesson says: it has never seen
// a list of users. Beside the verifier it uses only what writes a refusal, so that a token
// is refused in the same words everywhere.
func TestTheKioskIsOnlyAVerifier(t *testing.T) {
	may := map[string][]string{
		"learn/kiosk": {"restaurant/tokens/verify", "restaurant/httpjson", "restaurant/problem"},
		"httpjson":    {"restaurant/problem", "restaurant/spelling"}, "problem": {"restaurant/basepath"}, "tokens/verify": nil, "basepath": nil, "spelling": nil,
	}
	seen := map[string]bool{}
	for file, imports := range sourceImports(t) {
		room := path.Dir(file)
		allowed, reached := may[room]
		if !reached {
			continue
		}
		seen[room] = true
		for _, imp := range imports {
			if strings.HasPrefix(imp, module(t)+"/") && !slices.Contains(allowed, imp) || strings.HasPrefix(imp, "gorm.io/") || imp == "database/sql" || imp == "os" {
				t.Errorf("the kiosk reaches %s through %s", imp, file)
			}
		}
	}
	if len(seen) != len(may) {
		t.Errorf("looked only at %v", seen)
	}
}

// module is the path of this module, which its owner may change (deploy/module-path.sh).
func module(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	line, _, _ := strings.Cut(string(text), "\n")
	path, ok := strings.CutPrefix(line, "module ")
	if err != nil || !ok {
		t.Fatalf("go.mod begins with %q (%v)", line, err)
	}
	return path
}

// sourceImports gives the imports of each file that is not a test.
func sourceImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, file := range sourceFiles(t, parser.ImportsOnly) {
		for _, spec := range file.syntax.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[name] = append(found[name], imp)
		}
	}
	return found
}

// source is a parsed file that is not a test.
type source struct {
	set    *token.FileSet
	syntax *ast.File
}

func sourceFiles(t *testing.T, mode parser.Mode) map[string]source {
	t.Helper()
	found := map[string]source{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, nil, mode)
		found[filepath.ToSlash(name)] = source{set, syntax}
		return err
	})
	if err != nil || len(found) < 30 {
		t.Fatalf("%d files: %v", len(found), err)
	}
	return found
}

// analogy are the picture's words. The first paragraph of a package comment, the
// messages to guests and the documents of the API may use them; no comment of the
// code may, nor may what the code says to an operator.
var analogy = regexp.MustCompile(`(?i)\b(houses?|wristbands?|bouncers?|vouchers?|order books?|doors?|branch(es)?|back yard|stamp press(es)?|whoever|anew|tells whether)\b`)

// riddles are identifiers of earlier days that needed the analogy.
var riddles = []string{
	"furnish", "bring", "knock", "Glance", "Leave", "breather", "despite", "spoiled", "forOthers",
	"voucher", "wristband", "Bouncer", "freshen", "Freshen", "goHome", "hurry", "uncork", "corked", "scribe", "deafen",
}

// TestComments_speakTheFieldsLanguage holds comments below the package clause to
// the field's words: who reads a function need not know the analogy. What swag takes
// from comments into the API's documents is for guests.
func TestComments_speakTheFieldsLanguage(t *testing.T) {
	swagger, err := os.ReadFile("docs/swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\"`, `"`).Replace(string(swagger))
	for name, file := range sourceFiles(t, parser.ParseComments|parser.SkipObjectResolution) {
		for _, group := range file.syntax.Comments {
			if group.Pos() < file.syntax.Package {
				continue
			}
			for _, c := range group.List {
				text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
				if !strings.HasPrefix(text, "@") && !strings.Contains(documents, text) && analogy.MatchString(text) {
					t.Errorf("%s:%d %s", name, file.set.Position(c.Pos()).Line, c.Text)
				}
			}
		}
	}
}

// named are texts that files and certificates of running servers hold.
var named = []string{`"branch"`, `"Restaurant, certificate authority of this house"`}

// excepted speak as a guest, or name a column that migrations fixed.
var excepted = []string{"app/demo.go", "models/signing_key.go"}

// operatorRooms say nothing to guests: their messages are for operators.
var operatorRooms = []string{"app", "server", "models", "tokens", "kitchen", "seed", "e2e/testkit", "e2e/load", "e2e/class"}

// TestMessages_speakTheFieldsLanguage holds texts for operators to the same, and
// identifiers to plain words.
func TestMessages_speakTheFieldsLanguage(t *testing.T) {
	for name, file := range sourceFiles(t, parser.SkipObjectResolution) {
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING && slices.Contains(operatorRooms, path.Dir(name)) && !slices.Contains(excepted, name) &&
					analogy.MatchString(n.Value) && !slices.Contains(named, n.Value) { // the demo speaks as a guest
					t.Errorf("%s:%d %s", name, file.set.Position(n.Pos()).Line, n.Value)
				}
			case *ast.Ident:
				if slices.Contains(riddles, n.Name) {
					t.Errorf("%s:%d is called %s", name, file.set.Position(n.Pos()).Line, n.Name)
				}
			}
			return true
		})
	}
}
