package learn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/learn/course"
	"restaurant/learn/export"
	"restaurant/problem"
)

// @Description	All lessons in order.
type listResponse struct {
	Items []listItem `json:"items" validate:"required"`
} //@name LessonList

// @Description	A lesson in the list.
type listItem struct {
	ID      string `json:"id" example:"L01" validate:"required"`
	Title   string `json:"title" example:"Read the menu" validate:"required"`
	Minutes int    `json:"minutes" example:"3" validate:"required"`
	Part    string `json:"part" example:"I. The restaurant" validate:"required"`
	// True for a lesson beside the course, which does not count.
	Extra bool  `json:"extra" example:"false" validate:"required"`
	State State `json:"state" example:"started" validate:"required"`
	// Ids of the sentences that you can try in it.
	Claims []string `json:"claims" example:"A1,B2" validate:"required"`
	// What the server must still see, in words. Null before the guess, which it would spoil.
	StillToSee *[]string `json:"still_to_see" example:"one dish (200)" extensions:"x-nullable" validate:"required"`
} //@name LessonItem

// list returns all lessons and how far they are.
//
//	@Summary	All lessons, and how far you are
//	@ID			listLessons
//	@Tags		lessons
//	@Produce	json
//	@Success	200	{object}	listResponse
//	@Router		/learn/lessons [get]
func (h *Handler) list(c *gin.Context) error {
	lessons, _ := h.Tracker().snapshot()
	var res listResponse
	for _, l := range lessons {
		res.Items = append(res.Items, listItem{l.ID, l.Title, l.Minutes, l.Part, l.Extra, l.Shown(), l.Claims, l.stillToShow()})
	}
	return respond(c, res)
}

// show returns one lesson, or writes it in the words of a tool.
//
//	@Summary		One lesson
//	@Description	`L01` and `L01.json` are JSON. `L01.txt` is text for a terminal. `L01.sh` is a script that does the lesson and checks every answer. `.cmd`, `.ps1`, `.http` and `.hurl` have its requests for other tools.
//	@ID				showLesson
//	@Tags			lessons
//	@Produce		json
//	@Param			lesson	path		string	true	"L01, or L01 with an ending: json, txt, sh, cmd, ps1, http or hurl"
//	@Success		200		{object}	lessonResponse
//	@Header			200		{string}	Content-Disposition	"A file name, for the other formats"
//	@Failure		404		{object}	problem.Problem	"not-found"
//	@Router			/learn/lessons/{lesson} [get]
func (h *Handler) show(c *gin.Context) error {
	id, format, _ := strings.Cut(c.Param("lesson"), ".")
	if _, err := h.lesson(id); err != nil {
		return err
	}
	lessons, target := h.snapshot()
	l := find(lessons, id)
	target = l.numbered(target)
	switch format {
	case "", "json":
		return respond(c, h.lessonResponse(target, l))
	case "txt":
		return renderText(c, "lesson", task{target, l})
	}
	file, ok := target.Write(format, l.Lesson)
	if !ok {
		return problem.NotFound.New("A lesson can be written as json, txt, sh, cmd, ps1, http or hurl.")
	}
	c.Header("Content-Disposition", fmt.Sprintf(`inline; filename="%s.%s"`, l.ID, format))
	return respondText(c, file)
}

// firstGuest is the id of the first guest who registers beside the five demo accounts.
const firstGuest = "6"

// snapshot returns how far the learner is, and where exported requests go.
func (h *Handler) snapshot() ([]lesson, export.Target) {
	lessons, order := h.Tracker().snapshot()
	return lessons, export.Target{URL: h.PublicURL, Kiosk: h.Kiosk, Order: strconv.FormatInt(order, 10), Guest: firstGuest, CurlOptions: h.CurlOptions, Try: "1"}
}

// numbered puts the learner's own order, and the guest who placed it, into requests if the lesson
// has seen one, and how many times the lesson was begun: an idempotency key is for one try.
func (l *lesson) numbered(target export.Target) export.Target {
	if m := l.orderMatch(); m.Order != 0 {
		target.Order, target.Guest = strconv.FormatUint(m.Order, 10), strconv.FormatInt(m.Guest, 10)
	}
	target.Try = strconv.Itoa(l.Restarts + 1)
	return target
}

func (h *Handler) lesson(id string) (*course.Lesson, error) {
	if l, ok := course.Load().Lesson(id); ok {
		return l, nil
	}
	counted, extras := course.Load().Counted(), ""
	for _, l := range course.Load().Lessons {
		if l.Extra {
			extras += ", " + l.ID
		}
	}
	p := problem.NotFound.New("There is no lesson of that name. The lessons are L01 to " + counted[len(counted)-1].ID + extras + ", and they are listed at /learn/lessons.").See("/learn/lessons")
	if meant := meantLesson(id); meant != "" {
		p.Detail += " Did you mean /#/lessons/" + meant + " or /learn/lessons/" + meant + "?"
		p = p.See("/#/lessons/"+meant, "/learn/lessons/"+meant)
	}
	return nil, p
}

// meantLesson is the id of a lesson that somebody has written in another way, such as l1 for L01,
// or empty. Of a wrong number nobody knows which lesson was meant.
func meantLesson(id string) string {
	number := strings.TrimLeft(strings.TrimLeftFunc(id, func(r rune) bool { return r < '0' || r > '9' }), "0")
	for _, l := range course.Load().Lessons {
		if number == strings.TrimLeft(l.ID[1:], "0") && strings.HasPrefix(strings.ToUpper(id), l.ID[:1]) {
			return l.ID
		}
	}
	return ""
}
