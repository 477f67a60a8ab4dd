package learn

import (
	"context"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
)

// What can be put back.
const (
	resetLesson  = "lesson"
	resetLessons = "lessons"
	resetKitchen = "kitchen"
)

// @Description	What to reset.
type resetRequest struct {
	// lesson and lessons delete your progress. kitchen resets the whole restaurant.
	What string `json:"what" example:"lesson" enums:"lesson,lessons,kitchen" validate:"required"`
	// Which lesson, if what is lesson.
	Lesson string `json:"lesson" example:"L00"`
} //@name ResetRequest

// @Description	What the reset deletes.
type resetResponse struct {
	What string `json:"what" example:"lessons" enums:"lesson,lessons,kitchen" validate:"required"`
	// What the reset deletes.
	Loses []Loss `json:"loses" validate:"required"`
	Done  bool   `json:"done" example:"true" validate:"required"`
} //@name Reset

// previewReset returns what a reset would lose. It leads a browser to the page, which asks
// before it resets.
//
//	@Summary	What a reset would delete
//	@ID			previewReset
//	@Tags		lessons
//	@Produce	json
//	@Param		what	query		string	false	"lesson, lessons or kitchen"	default(lessons)	Enums(lesson, lessons, kitchen)
//	@Param		lesson	query		string	false	"Which lesson, if what is lesson"
//	@Success	200		{object}	resetResponse
//	@Success	303		"For a browser: the page has buttons for it"
//	@Header	303	{string}	Location	"The lessons on the page"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable"
//	@Router		/learn/reset [get]
func (h *Handler) previewReset(c *gin.Context) error {
	req := resetRequest{What: c.DefaultQuery("what", resetLessons), Lesson: c.Query("lesson")}
	loses, err := h.Losses(c.Request.Context(), req.What, req.Lesson)
	if err != nil {
		return err
	}
	if preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON) == httpjson.MediaHTML {
		return toPage(c)
	}
	return respond(c, resetResponse{What: req.What, Loses: loses})
}

// reset starts from scratch, without a restart. To reset the restaurant leaves the
// lessons as they are, but for what was seen of its orders, and takes a manager or the learner; see ownsServer.
//
//	@Summary	Start again: a lesson, all lessons, or the whole restaurant
//	@ID			resetProgress
//	@Tags		leaving
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json
//	@Security	Bearer
//	@x-security-optional	true
//	@Param		body	body		resetRequest	true	"What to reset"
//	@Success	200		{object}	resetResponse
//	@Success	303		"For a browser: back to the page"
//	@Header	303	{string}	Location	"The lessons on the page"
//	@Failure	400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required, cross-origin"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full, server-busy"
//	@Router		/learn/reset [post]
func (h *Handler) reset(c *gin.Context) error {
	var req resetRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return err
	}
	loses, err := h.Losses(c.Request.Context(), req.What, req.Lesson)
	if err == nil && req.What == resetKitchen {
		err = h.ownsServer(c)
	}
	if err == nil {
		err = h.StartOver(c.Request.Context(), req.What, req.Lesson)
	}
	if err != nil {
		return err
	}
	if preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON) == httpjson.MediaHTML {
		return toPage(c)
	}
	return respond(c, resetResponse{What: req.What, Loses: loses, Done: true})
}

// StartOver resets the lesson, all lessons, or the restaurant, after Losses found no fault.
func (h *Handler) StartOver(ctx context.Context, what, lesson string) error {
	switch what {
	case resetLesson:
		h.Tracker().Reset(lesson)
	case resetLessons:
		h.Tracker().Restore(nil)
	case resetKitchen:
		if err := h.Reset(ctx); err != nil {
			return err
		}
		h.Tracker().ForgetOrders()
	}
	return nil
}

// Losses returns what a reset takes away. what is lesson, lessons or kitchen, and lesson the
// id of one.
func (h *Handler) Losses(ctx context.Context, what, lesson string) ([]Loss, error) {
	switch what {
	case resetKitchen:
		return h.Preview(ctx)
	case resetLessons:
		return h.lessonLosses(course.Load().Lessons...), nil
	case resetLesson:
		if lesson == "" {
			return nil, httpjson.Invalid("lesson", "must be the name of a lesson, such as L01")
		}
		l, err := h.lesson(lesson)
		if err != nil {
			return nil, err
		}
		return h.lessonLosses(l), nil
	}
	return nil, httpjson.Invalid("what", "must be lesson, lessons or kitchen")
}

func (h *Handler) lessonLosses(of ...*course.Lesson) []Loss {
	lessons, _ := h.Tracker().snapshot()
	done, seen, answers := Loss{What: "lessons that are done"}, Loss{What: "things that the server has seen"}, Loss{What: "answers"}
	for _, l := range of {
		p := find(lessons, l.ID)
		if p.State == StateDone {
			done.Count++
		}
		seen.Count += int64(p.SeenCount())
		answers.Count += int64(len(p.Answers))
	}
	return []Loss{done, seen, answers}
}
