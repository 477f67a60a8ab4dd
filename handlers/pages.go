package handlers

import (
	"bytes"
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
	"restaurant/web"
)

// startPage serves the page that was made at the start of the house.
func startPage(page web.File) func(*gin.Context) error {
	return func(c *gin.Context) error {
		c.Header("Content-Security-Policy", web.Policy)
		return respondFile(c, page)
	}
}

// asset serves one of the files that pages refer to.
func asset(name string) func(*gin.Context) error {
	return func(c *gin.Context) error {
		file, ok := web.Asset(name)
		if !ok {
			return problem.NotFound.New("")
		}
		return respondFile(c, file)
	}
}

func respondFile(c *gin.Context, f web.File) error {
	c.Header("Cache-Control", "no-cache") // ask each time; the answer is mostly 304
	return respondTagged(c, f.ContentType, f.Body, f.ETag)
}

// listProblems shows all the ways in which the house says no.
func listProblems(c *gin.Context) error {
	var page bytes.Buffer
	if err := web.ProblemList(&page, problemKinds()); err != nil {
		return err
	}
	return respondPage(c, page.Bytes())
}

// showProblem explains one kind of refusal. A problem's type leads here.
func showProblem(c *gin.Context) error {
	k := problem.Find(c.Param("slug"))
	if k == nil {
		return problem.NotFound.New("The house has no refusal of that name. All of them are listed at /problems.")
	}
	var page bytes.Buffer
	err := web.Problem(&page, web.ProblemData{
		Slug: k.Slug, Title: k.Title, Meaning: k.Meaning, Next: k.Next,
		Status: k.Status, StatusText: http.StatusText(k.Status), Others: problemKinds(),
	})
	if err != nil {
		return err
	}
	return respondPage(c, page.Bytes())
}

func respondPage(c *gin.Context, page []byte) error {
	c.Header("Content-Security-Policy", web.Policy)
	c.Header("Cache-Control", "no-cache")
	return respondTagged(c, web.PageType, page, contentTag(page))
}

func problemKinds() []web.ProblemKind {
	var list []web.ProblemKind
	for _, k := range problem.Kinds() {
		list = append(list, web.ProblemKind{Slug: k.Slug, Title: k.Title, Status: k.Status})
	}
	return list
}
