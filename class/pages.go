package class

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/web"
)

//go:embed pages
var pageFiles embed.FS

var templates = sync.OnceValue(func() *template.Template { return template.Must(template.ParseFS(pageFiles, "pages/*.html")) })

// files are what the pages are made of besides markup, by name. They are made by the first
// request, because compressing takes a while.
var files = sync.OnceValue(func() map[string]web.File {
	all := map[string]web.File{}
	for extension, contentType := range map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"} {
		names, _ := fs.Glob(pageFiles, "pages/*"+extension) // fails for a bad pattern only
		for _, name := range names {
			body, _ := pageFiles.ReadFile(name) // it was listed
			all[path.Base(name)] = web.NewFile(contentType, body)
		}
	}
	return all
})

// shared are the files of the restaurants' page that those of the class use, too.
var shared = []string{"css/app.css", "favicon.svg", "icons.svg", "js/theme.js", "js/lib/dom.js"}

func (c *Class) mountPages(r *gin.Engine) {
	httpjson.Get(r, "/class/files/:name", adapt(func(gc *gin.Context) error {
		file, known := files()[gc.Param("name")]
		if !known {
			return nothingHere(gc)
		}
		return showFile(gc, file)
	}))
	for _, name := range shared {
		httpjson.Get(r, "/"+name, adapt(func(gc *gin.Context) error {
			file, _ := web.Asset(name) // it is embedded
			return showFile(gc, file)
		}))
	}
	httpjson.Get(r, "/problems", adapt(c.listProblems))
	httpjson.Get(r, "/problems/:slug", adapt(c.showProblem))
	httpjson.Get(r, "/teach", adapt(func(gc *gin.Context) error { return showPage(gc, "teach.html", c.page()) }))
	teacher := r.Group("", c.teacherOnly)
	httpjson.Get(teacher, "/teach/wall", adapt(func(gc *gin.Context) error { return showPage(gc, "wall.html", c.page()) }))
	httpjson.Get(teacher, "/teach/cards", adapt(func(gc *gin.Context) error { return showPage(gc, "cards.html", c.cards()) }))
	httpjson.Get(teacher, "/teach/sheets", adapt(func(gc *gin.Context) error {
		return showPage(gc, "sheets.html", sheetsPage{c.cards(), cmp.Or(strings.TrimSpace(gc.Query("lessons")), firstLessons)})
	}))
}

// page is what the pages show that the server writes into them.
type page struct {
	showResponse
	URL string
}

func (c *Class) page() page { return page{c.overview(), c.URL} }

// cardsPerSheet is how many cards a page of A4 holds.
const cardsPerSheet = 8

// card is what a learner gets on paper.
type card struct{ Number, Code, Name string }

// cardsPage is a card for each table.
type cardsPage struct {
	page
	Cards []card
}

// Sheets are the cards of each page of paper.
func (p cardsPage) Sheets() [][]card { return slices.Collect(slices.Chunk(p.Cards, cardsPerSheet)) }

// firstLessons are those on paper unless the teacher chooses others.
const firstLessons = "L01-L05"

// sheetsPage leads to the sheets of each table, which hold its address.
type sheetsPage struct {
	cardsPage
	Lessons string
}

func (c *Class) cards() cardsPage {
	p := cardsPage{page: c.page()}
	for _, t := range c.tables {
		s := t.seat()
		p.Cards = append(p.Cards, card{t.text(), s.Code, s.Name})
	}
	return p
}

// showPage answers with a page for people. Its addresses are those of this origin only, and
// no markup is made from strings.
func showPage(gc *gin.Context, name string, data any) error {
	var page bytes.Buffer
	if err := templates().ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	// With no-referrer a browser would say of a form that its origin is null.
	gc.Header("Referrer-Policy", "same-origin")
	httpjson.NoStore(gc)
	return sendPage(gc, page.Bytes(), nil)
}

// sendPage answers with a page that was made, or could not be.
func sendPage(gc *gin.Context, page []byte, err error) error {
	if err != nil {
		return err
	}
	gc.Header("Content-Security-Policy", web.Policy)
	gc.Data(http.StatusOK, web.PageType, page)
	return nil
}

func showFile(gc *gin.Context, file web.File) error {
	gc.Header("Cache-Control", "no-cache")
	return httpjson.RespondCached(gc, file.ContentType, httpjson.Cached{Body: file.Body, ETag: file.ETag, Gzip: func() []byte { return file.Gzip }})
}

func (c *Class) listProblems(gc *gin.Context) error {
	body, err := c.pages.ProblemList(problem.Kinds())
	return sendPage(gc, body, err)
}

func (c *Class) showProblem(gc *gin.Context) error {
	kind := problem.Find(gc.Param("slug"))
	if kind == nil {
		return nothingHere(gc)
	}
	body, err := c.pages.Problem(kind, problem.Kinds(), web.Terminal{BaseURL: c.URL + web.OutsideTables, Demo: true})
	return sendPage(gc, body, err)
}
