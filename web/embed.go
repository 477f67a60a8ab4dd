// Package web is the dining room: the page in which a guest orders, watches and
// takes a wristband apart, and the pages that explain each polite refusal. It
// only asks the waiter for things, as every client does; begin to read at
// js/main.js.
//
// The pages load nothing from any other server, so the whole room travels inside
// the program and works without a network. There is no build step: scripts are served
// as they stand here, and the styles are only put into one file.
package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"restaurant/basepath"
	"restaurant/problem"
)

// Policy is the Content-Security-Policy of every page of this package: scripts
// from this server only, and no markup made from strings (Trusted Types).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Permissions is the Permissions-Policy of the start page: it needs nothing of the
// device it is shown on.
const Permissions = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

// PageType is the media type of every page of this package.
const PageType = "text/html; charset=utf-8"

// Embedded by name, so that no notes or drafts in the folder are served.
var (
	//go:embed index.html problem.html problems.html refusal.html parts.html
	pageFiles embed.FS
	//go:embed refusal.css
	refusalStyle string
	//go:embed css/*.css css/base/*.css css/parts/*.css css/views/*.css
	styles embed.FS
	//go:embed favicon.svg
	favicon []byte
	//go:embed icons.svg
	icons []byte
	//go:embed js/*.js js/lib/*.js js/parts/*.js js/views/*.js js/lessons/*.js
	scripts embed.FS
	// SwaggerInitializer is the script that starts Swagger UI. It is served in
	// the folder of Swagger UI, under another policy than the pages of this package.
	//
	//go:embed js/swagger-initializer.js
	SwaggerInitializer []byte
	//go:embed swaggerui/*.gz
	swaggerUI embed.FS
)

// templates are never executed, because what was executed cannot be cloned. They are read when
// the first page is asked for, as everything here: most starts are not followed by one.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(funcsOf("", "")).ParseFS(pageFiles, "*.html"))
})

// tableCode is the base path of a table in a class, which begins with its number.
var tableCode = regexp.MustCompile(`^/t/(\d+)-[a-z]+$`)

// TableOf is the number of the table of a class that has a base path, or empty.
func TableOf(base string) string {
	if code := tableCode.FindStringSubmatch(base); code != nil {
		return code[1]
	}
	return ""
}

// OutsideTables is where the API is for the pages of a class beside its tables: below a code.
const OutsideTables = "/t/CODE"

func funcsOf(base, api string) template.FuncMap {
	return template.FuncMap{
		"base":  func() string { return base },
		"table": func() string { return TableOf(base) },
		// Pages beside the tables of a class have no menu of a restaurant.
		"outside": func() bool { return api != base },
		"say":     func(text string) string { return basepath.InText(api, text) },
		// It stands in this program, so nothing has to be escaped.
		"refusalStyle": func() template.CSS { return template.CSS(refusalStyle) }, //nolint:gosec
	}
}

// Pages makes the pages of a server.
type Pages struct {
	base, api string
	templates func() *template.Template
}

// NewPages returns the pages of a server under a base path, with which every link
// begins; see package basepath.
func NewPages(base string) Pages { return pagesOf(base, base) }

// NewClassPages returns the pages of a class beside its tables.
func NewClassPages() Pages { return pagesOf("", OutsideTables) }

func pagesOf(base, api string) Pages {
	return Pages{base, api, sync.OnceValue(func() *template.Template {
		return template.Must(templates().Clone()).Funcs(funcsOf(base, api))
	})}
}

// assets is made by the first request, because compressing takes longer than all
// the rest of a start. The media types stand here because any installed program may
// have changed the table of the operating system.
var assets = sync.OnceValue(func() map[string]File {
	all := map[string]File{
		"css/app.css": NewFile("text/css; charset=utf-8", stylesheet()),
		"favicon.svg": NewFile("image/svg+xml", favicon),
		"icons.svg":   NewFile("image/svg+xml", icons),
	}
	for _, pattern := range []string{"js/*.js", "js/*/*.js"} {
		names, _ := fs.Glob(scripts, pattern) // fails for a bad pattern only
		for _, name := range names {
			body, _ := scripts.ReadFile(name) // it was listed
			all[name] = NewFile("text/javascript; charset=utf-8", body)
		}
	}
	delete(all, "js/swagger-initializer.js") // it is served under another policy
	return all
})

// layers are the folders of css, in the order in which the cascade takes them.
var layers = []string{"base", "parts", "views"}

// stylesheet is all of css in one: each folder in the cascade layer of its name, and
// behind them what goes before every layer.
func stylesheet() []byte {
	var all bytes.Buffer
	for _, layer := range layers {
		all.WriteString("@layer " + layer + " {\n")
		appendFiles(&all, "css/"+layer+"/*.css")
		all.WriteString("}\n")
	}
	appendFiles(&all, "css/*.css")
	return all.Bytes()
}

func appendFiles(all *bytes.Buffer, pattern string) {
	names, _ := fs.Glob(styles, pattern) // fails for a bad pattern only
	for _, name := range names {
		body, _ := styles.ReadFile(name) // it was listed
		all.Write(body)
	}
}

// File is something ready to be served. It is made once, and its bytes are shared by all
// requests: however many clients read it slowly, there is one copy. They must not be
// changed.
type File struct {
	Body []byte
	// Gzip is the body compressed with gzip.
	Gzip        []byte
	ContentType string
	// ETag is a strong entity tag with its quotes: other bytes, other tag.
	ETag string
}

// NewFile returns a file with its entity tag and its compressed form.
func NewFile(contentType string, body []byte) File {
	return File{Body: body, Gzip: Gzip(body), ContentType: contentType, ETag: tagOf(body)}
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	// Half of the sum is 128 bits, which is plenty to tell versions apart.
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) + `"`
}

// FromGzip returns the file whose compressed form is already there: it is sent as it
// stands. The error is that of a form that is not gzip.
func FromGzip(contentType string, packed []byte) (File, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return File{}, err
	}
	body, err := io.ReadAll(r)
	return File{Body: body, Gzip: packed, ContentType: contentType, ETag: tagOf(body)}, err
}

// Gzip compresses a body as small as it gets: it is done once and sent often.
func Gzip(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = w.Write(body)                                    // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// Asset returns the file that pages refer to by this name, without a leading
// slash: "css/app.css" or "js/main.js".
func Asset(name string) (File, bool) {
	f, ok := assets()[name]
	return f, ok
}

// SwaggerUI returns the files of Swagger UI by name: only those that its page loads, as its
// package has them. The start script is not one of them, see SwaggerInitializer. Each function
// returns a copy of the file, compressed with gzip: all of them are half a megabyte.
func SwaggerUI() map[string]func() []byte {
	files := map[string]func() []byte{}
	names, _ := fs.Glob(swaggerUI, "swaggerui/*.gz") // fails for a bad pattern only
	for _, name := range names {
		files[strings.TrimSuffix(path.Base(name), ".gz")] = func() []byte {
			packed, _ := swaggerUI.ReadFile(name) // it was listed
			return packed
		}
	}
	return files
}

// StartData is what the start page needs to know about the server.
type StartData struct {
	// BaseURL is the address of the server, without a slash at the end.
	BaseURL string
	// CurlOptions make curl trust the server's certificate, or are empty.
	CurlOptions string
	// Version is shown at the foot of the page; it may be empty.
	Version string
	// Demo says that the demo accounts exist.
	Demo bool
	// AccessCookie and RefreshCookie are the names of the cookies, which no script can see.
	AccessCookie, RefreshCookie string
}

// Start makes the start page. It is the same for every guest, so once is enough.
func (p Pages) Start(data StartData) (File, error) {
	body, err := p.render("index.html", data)
	if err != nil {
		return File{}, err
	}
	return NewFile(PageType, body), nil
}

// Problem makes the page of one kind of refusal. It links to all others, and ends with a
// command for a terminal.
func (p Pages) Problem(kind *problem.Kind, all []*problem.Kind, terminal Terminal) ([]byte, error) {
	example, err := p.exampleOf(kind)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Clone(all), func(k *problem.Kind) bool { return k.Slug == kind.Slug })
	return p.render("problem.html", struct {
		*problem.Kind
		StatusText, Example string
		Groups              []statusGroup
		Command             command
	}{kind, http.StatusText(kind.Status), example, byStatus(others), terminal.command(kind.Slug)})
}

// ProblemList makes the page that lists all kinds of refusals by status.
func (p Pages) ProblemList(kinds []*problem.Kind) ([]byte, error) {
	return p.render("problems.html", byStatus(kinds))
}

// RefusalPolicy is the Content-Security-Policy of Refusal: no script, and the one style
// that is in the page. Where a header is too large or a host is a wrong one, a style sheet
// of its own would be refused as well.
var RefusalPolicy = "default-src 'none'; style-src 'sha256-" + hashOf(refusalStyle) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Refusal makes the page of one refusal, with the words of its problem document. Where its
// detail leads on, the page does not say the same again in the words for all of its kind.
func (p Pages) Refusal(doc *problem.Problem) ([]byte, error) {
	leadsOn, wrongHost := len(doc.Links()) > 0, doc.Status == http.StatusMisdirectedRequest
	page := struct {
		*problem.Problem
		StatusText, Next string
		Words            []words
		Everywhere       bool // all pages of this address would be refused
	}{Problem: doc, StatusText: http.StatusText(doc.Status), Words: linked(doc.Detail, doc.Links())}
	page.Everywhere = wrongHost || leadsOn && doc.Status == http.StatusRequestHeaderFieldsTooLarge
	if !leadsOn && !wrongHost {
		page.Next = basepath.InText(p.api, problem.Find(doc.Slug()).Next)
	}
	return p.render("refusal.html", page)
}

// words are a part of a sentence. As a link, they are an address and lead to it.
type words struct {
	Text string
	Link bool
}

// linked makes links of the addresses in a text. One may begin like another.
func linked(text string, addresses []string) (parts []words) {
	for text != "" {
		at, address := len(text), ""
		for _, a := range addresses {
			if i := strings.Index(text, a); i >= 0 && (i < at || i == at && len(a) > len(address)) {
				at, address = i, a
			}
		}
		parts = append(parts, words{text[:at], false}, words{address, true})
		text = text[at+len(address):]
	}
	return parts
}

func (p Pages) render(name string, data any) ([]byte, error) {
	var page bytes.Buffer
	if err := p.templates().ExecuteTemplate(&page, name, data); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}

// statusGroup is all refusals that share a status.
type statusGroup struct {
	Status int
	Text   string
	Hint   string
	Kinds  []*problem.Kind
}

// byStatus sorts kinds into groups of ascending status; within a group they
// keep their order.
func byStatus(kinds []*problem.Kind) []statusGroup {
	sorted := slices.SortedStableFunc(slices.Values(kinds), func(a, b *problem.Kind) int {
		return cmp.Compare(a.Status, b.Status)
	})
	var groups []statusGroup
	for _, k := range sorted {
		if len(groups) == 0 || groups[len(groups)-1].Status != k.Status {
			groups = append(groups, statusGroup{Status: k.Status, Text: http.StatusText(k.Status), Hint: hints[k.Status]})
		}
		last := &groups[len(groups)-1]
		last.Kinds = append(last.Kinds, k)
	}
	return groups
}

// hints say in the words of the restaurant what a status is about.
var hints = map[int]string{
	http.StatusBadRequest:                  "The waiter cannot make sense of the request.",
	http.StatusUnauthorized:                "The bouncer does not know who you are.",
	http.StatusForbidden:                   "The bouncer knows who you are, and this door stays closed.",
	http.StatusNotFound:                    "There is nothing here that you may see.",
	http.StatusMethodNotAllowed:            "The address is right, the method is not.",
	http.StatusConflict:                    "The request does not fit how things stand now.",
	http.StatusPreconditionFailed:          "It has changed since you read it.",
	http.StatusRequestEntityTooLarge:       "The body is too large.",
	http.StatusUnsupportedMediaType:        "The waiter does not read this format.",
	http.StatusUnprocessableEntity:         "The request can be read, but not taken like this.",
	http.StatusTooManyRequests:             "Not so fast.",
	http.StatusRequestHeaderFieldsTooLarge: "The headers are too large.",
	http.StatusInternalServerError:         "The house made a mistake.",
	http.StatusServiceUnavailable:          "The house cannot help just now.",
}

// exampleOf shows the document of this kind. Where a value belongs to one
// request, the example says what stands there instead of inventing something.
func (p Pages) exampleOf(kind *problem.Kind) (string, error) {
	doc := kind.New("a sentence about this very request")
	doc.Type = p.base + doc.Type
	doc.Instance = "the path of the request"
	doc.RequestID = "quote this when you report a fault"
	if kind.Slug == problem.ValidationFailed.Slug { // the only kind that lists fields
		doc = doc.Fields(problem.FieldError{Field: "items[0].quantity", Message: "must be a whole number from 1 to 20"})
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // the template escapes; twice would show
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return "", err
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}
