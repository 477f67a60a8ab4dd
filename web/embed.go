// Package web is the dining room: the page in which a guest orders, watches and
// takes a wristband apart, and the pages that explain each polite refusal. It
// only asks the waiter for things, as every client does; begin to read at
// js/main.js.
//
// The pages load nothing from any other server, so the whole room travels inside
// the program and works without a network. There is no build step: what a browser
// gets is what stands here.
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
	"slices"
	"strings"
	"sync"
)

// Policy is the Content-Security-Policy of every page of this package: scripts
// from this server only, and no markup made from strings (Trusted Types).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Permissions is the Permissions-Policy of the dining room: it needs nothing of the
// device it is shown on.
const Permissions = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

// PageType is the media type of every page of this package.
const PageType = "text/html; charset=utf-8"

// Embedded by name, so that no notes or drafts in the folder are served.
var (
	//go:embed index.html problem.html problems.html parts.html
	pageFiles embed.FS
	//go:embed css/app.css
	stylesheet []byte
	//go:embed favicon.svg
	favicon []byte
	//go:embed js/*.js js/el/*.js
	scripts embed.FS
	// SwaggerInitializer is the script that starts Swagger UI. It is served in
	// the folder of Swagger UI, under another policy than the pages of this room.
	//
	//go:embed js/swagger-initializer.js
	SwaggerInitializer []byte
)

var pages = template.Must(template.ParseFS(pageFiles, "*.html"))

// assets is made when the first guest asks, because packing takes longer than all
// the rest of a start.
//
// The types stand here and not in the mime table of the operating system, which
// any installed program may have changed.
var assets = sync.OnceValue(func() map[string]File {
	all := map[string]File{
		"css/app.css": newFile("text/css; charset=utf-8", stylesheet),
		"favicon.svg": newFile("image/svg+xml", favicon),
	}
	for _, pattern := range []string{"js/*.js", "js/el/*.js"} {
		names, _ := fs.Glob(scripts, pattern) // fails for a bad pattern only
		for _, name := range names {
			body, _ := scripts.ReadFile(name) // it was listed
			all[name] = newFile("text/javascript; charset=utf-8", body)
		}
	}
	delete(all, "js/swagger-initializer.js") // it is served under another policy
	return all
})

// File is something ready to be served. Its body is shared by all requests and
// must not be changed.
type File struct {
	Body []byte
	// Packed is the body in gzip.
	Packed      []byte
	ContentType string
	// ETag is a strong entity tag with its quotes: other bytes, other tag.
	ETag string
}

func newFile(contentType string, body []byte) File {
	sum := sha256.Sum256(body)
	// Half of the sum is 128 bits, which is plenty to tell versions apart.
	tag := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	return File{Body: body, Packed: Pack(body), ContentType: contentType, ETag: `"` + tag + `"`}
}

// Pack compresses a body with gzip, as small as it gets: it is done once and sent
// often.
func Pack(body []byte) []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(body)                                       // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// Asset gives the file that pages refer to by this name, without a leading
// slash: "css/app.css" or "js/main.js".
func Asset(name string) (File, bool) {
	f, ok := assets()[name]
	return f, ok
}

// StartData is what the start page needs to know about the house.
type StartData struct {
	// BaseURL is the address of the house, without a slash at the end.
	BaseURL string
	// Version is shown at the foot of the page; it may be empty.
	Version string
	// Demo tells that the demo accounts exist.
	Demo bool
}

// Start makes the start page. It is the same for every guest, so once is enough.
func Start(data StartData) (File, error) {
	body, err := render("index.html", data)
	if err != nil {
		return File{}, err
	}
	return newFile(PageType, body), nil
}

// ProblemKind names one kind of refusal in a list.
type ProblemKind struct {
	Slug, Title string
	Status      int
}

// ProblemData is what the page of one kind of refusal says.
type ProblemData struct {
	Slug, Title string
	// Meaning says why the house refuses, Next what the guest can do now.
	Meaning, Next string
	Status        int
	// StatusText is the standard phrase of the status, such as "Unauthorized".
	StatusText string
	// Others are the kinds to link to; the page leaves itself out.
	Others []ProblemKind
}

// Problem writes the page of one kind of refusal. Nothing is written if the
// page cannot be made.
func Problem(w io.Writer, data ProblemData) error {
	example, err := exampleOf(data)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(data.Others), func(k ProblemKind) bool { return k.Slug == data.Slug })
	return write(w, "problem.html", struct {
		ProblemData
		Example string
		Groups  []statusGroup
	}{data, example, byStatus(others)})
}

// ProblemList writes the page that lists all kinds of refusals by status.
// Nothing is written if the page cannot be made.
func ProblemList(w io.Writer, kinds []ProblemKind) error {
	return write(w, "problems.html", byStatus(kinds))
}

// write renders first and writes then: half a page is worse than none.
func write(w io.Writer, name string, data any) error {
	body, err := render(name, data)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

func render(name string, data any) ([]byte, error) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}

// statusGroup is all refusals that share a status.
type statusGroup struct {
	Status int
	Text   string
	Hint   string
	Kinds  []ProblemKind
}

// byStatus sorts kinds into groups of ascending status; within a group they
// keep their order.
func byStatus(kinds []ProblemKind) []statusGroup {
	sorted := slices.SortedStableFunc(slices.Values(kinds), func(a, b ProblemKind) int {
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

// hints say in the words of the house what a status is about.
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

// exampleDocument has the fields of a problem document in their usual order.
type exampleDocument struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Instance  string         `json:"instance"`
	RequestID string         `json:"request_id"`
	Errors    []exampleField `json:"errors,omitempty"`
}

type exampleField struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// exampleOf shows the document of this kind. Where a value belongs to one
// request, the example says what stands there instead of inventing something.
func exampleOf(data ProblemData) (string, error) {
	doc := exampleDocument{
		Type:      "/problems/" + data.Slug,
		Title:     data.Title,
		Status:    data.Status,
		Detail:    "a sentence about this very request",
		Instance:  "the path of the request",
		RequestID: "quote this when you report a fault",
	}
	if data.Slug == "validation-failed" { // the only kind that lists fields
		doc.Errors = []exampleField{{Field: "items[0].quantity", Message: "must be a whole number from 1 to 20"}}
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
