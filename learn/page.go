package learn

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/learn/export"
)

// style returns the style sheet that the pages of the lessons have beside the main one.
func (h *Handler) style(c *gin.Context) error {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/css; charset=utf-8", css)
	return nil
}

// sheet is lessons to print: black and white, one after the other on pages of their own,
// and without any solution.
func (h *Handler) sheet(c *gin.Context) error {
	lessons := course.Load().Select(c.Query("lessons"))
	if lessons == nil {
		return httpjson.Invalid("lessons", "must be lessons that there are, such as L01-L05 or L01,L03")
	}
	_, target := h.snapshot()
	return h.renderPage(c, "sheet.html", struct {
		export.Target
		Sheets []*course.Lesson
	}{target, lessons})
}

// glossary explains the technical words.
func (h *Handler) glossary(c *gin.Context) error {
	return h.renderPage(c, "glossary.html", course.Load().Glossary)
}
