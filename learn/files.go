package learn

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/problem"
)

// file serves a body that lessons send.
//
//	@Summary	A file to send as a body
//	@ID			showLessonFile
//	@Tags		lessons
//	@Produce	json
//	@Param		file	path		string	true	"For example order.json"
//	@Success	200		{object}	object
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Router		/learn/files/{file} [get]
func (h *Handler) file(c *gin.Context) error {
	body, ok := course.Example(c.Param("file"))
	if !ok {
		return problem.NotFound.New("The bodies to send are: " + strings.Join(course.ExampleNames(), ", ") + ".")
	}
	c.Data(http.StatusOK, httpjson.JSONType, body)
	return nil
}
