package learn

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
)

// @Description	The choice for a question, or the number that it asks for.
type answerRequest struct {
	Question string `json:"question" example:"predict" validate:"required"`
	// Number of the choice, from 1. Only for a question with choices.
	Choice *int `json:"choice" example:"2" minimum:"1"`
	// The number that you have measured. Only for a question without choices.
	Number *float64 `json:"number" example:"750" minimum:"0"`
} //@name AnswerRequest

// @Description	If the choice is right, and why.
type answerResponse struct {
	Question string `json:"question" example:"predict" validate:"required"`
	Right    bool   `json:"right" example:"true" validate:"required"`
	// The reason. Null while you can still answer the question again.
	Why *string `json:"why" example:"The waiter takes the request." extensions:"x-nullable" validate:"required"`
	// Why this choice is wrong. Null if it is right.
	WhyNot *string `json:"why_not" example:"The cook never speaks with guests." extensions:"x-nullable" validate:"required"`
	State  State   `json:"state" example:"started" validate:"required"`
} //@name AnswerResponse

// answer takes the guess before a lesson, and the answers to its questions.
//
//	@Summary	Answer a question of a lesson
//	@Description	A question with choices takes `choice`. A question for what you have measured takes `number`, which is right within 20 percent of what `/lab/compare` has measured in this server. The `Accept` header decides if the answer is JSON or text. Without a preference (`*/*` or no `Accept`) the answer to JSON is JSON, and the answer to a form is text.
//	@ID			answerQuestion
//	@Tags		lessons
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json
//	@Param		lesson	path		string			true	"L01"
//	@Param		body	body		answerRequest	true	"The question and the choice"
//	@Success	200		{object}	answerResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure	403		{object}	problem.Problem	"cross-origin"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/learn/lessons/{lesson}/answers [post]
func (h *Handler) answer(c *gin.Context) error {
	l, err := h.lesson(c.Param("lesson"))
	if err != nil {
		return err
	}
	var req answerRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return err
	}
	q, ok := l.Question(req.Question)
	if !ok {
		return httpjson.Invalid("question", "must be the id of a question in this lesson")
	}
	if fault := req.fault(q); fault != nil {
		return fault
	}
	choice, err := h.choiceOf(c.Request.Context(), q, req)
	if err != nil {
		return err
	}
	res, header := h.note(l, q, req, choice)
	if header != "" {
		c.Header(ProgressHeader, header)
	}
	lessons, target := h.snapshot()
	now := find(lessons, l.ID)
	res.State = now.Shown()
	if prefersText(c) {
		return renderText(c, "answer", answered{target, now, res, choice == 0})
	}
	return respond(c, res)
}

// fault returns what is wrong with the form of an answer, or nil.
func (req answerRequest) fault(q course.Question) error {
	switch {
	case q.Measured == nil && req.Number != nil:
		return httpjson.Invalid("number", "must be left out: this question has choices")
	case q.Measured == nil && (req.Choice == nil || !q.HasChoice(*req.Choice)):
		return httpjson.Invalid("choice", "must be the number of a choice, from 1 to "+strconv.Itoa(len(q.Choices)))
	case q.Measured != nil && req.Choice != nil:
		return httpjson.Invalid("choice", "must be left out: this question asks for a number")
	case q.Measured != nil && (req.Number == nil || *req.Number < 0):
		return httpjson.Invalid("number", "must be what you have measured, in "+q.Measured.Unit+", such as 12 or 0.5")
	}
	return nil
}

// choiceOf returns the number of the choice: of a number, how near it is to what was
// measured, or 0 if there is nothing to compare it with.
func (h *Handler) choiceOf(ctx context.Context, q course.Question, req answerRequest) (choice int, err error) {
	if q.Measured == nil {
		return *req.Choice, nil
	}
	measured, known, err := h.measured(ctx, *q.Measured)
	if !known || err != nil {
		return 0, err
	}
	return course.Judge(*req.Number, measured), nil
}

// note notes an answer, unless the choice is 0, and returns what to say of it.
func (h *Handler) note(l *course.Lesson, q course.Question, req answerRequest, choice int) (res answerResponse, header string) {
	res.Question = q.ID
	switch {
	case choice == 0:
		res.WhyNot = httpjson.Optional(measureFirst(q.Measured.DistanceMS))
		return res, ""
	case q.Measured != nil:
		res.Right, header = h.Tracker().AnswerNumber(l.ID, q, *req.Number, choice)
	default:
		res.Right, header = h.Tracker().Answer(l.ID, q, choice)
	}
	res.WhyNot = httpjson.Optional(q.WhyNotOf(choice))
	if res.Right || q.ID == course.PredictID {
		res.Why = &q.Why
	}
	return res, header
}

// measureFirst says what to do before a number can be right.
func measureFirst(distanceMS int) string {
	return fmt.Sprintf("Measure first: this server has nothing to compare your number with. Send `distance_ms=%d` to `/lab/compare`, and look into the answer.", distanceMS)
}

// prefersText reports whether what a client posted is answered in text.
func prefersText(c *gin.Context) bool {
	return preferredType(c, httpjson.MediaJSON, httpjson.MediaText) == httpjson.MediaText
}

// @Description	Which hint to take.
type hintRequest struct {
	// 1 helps a little, 2 is nearly the solution.
	Number int `json:"number" example:"1" minimum:"1" maximum:"2" validate:"required"`
} //@name HintRequest

// hint gives a hint, and notes that it was taken.
//
//	@Summary	Take a hint
//	@Description	The `Accept` header decides if the hint is JSON or text. Without a preference (`*/*` or no `Accept`) the answer to JSON is JSON, and the answer to a form is text.
//	@ID			takeHint
//	@Tags		lessons
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json
//	@Param		lesson	path		string		true	"L01"
//	@Param		body	body		hintRequest	true	"Which one"
//	@Success	200		{object}	hintResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure	403		{object}	problem.Problem	"cross-origin"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/learn/lessons/{lesson}/hints [post]
func (h *Handler) hint(c *gin.Context) error {
	l, err := h.lesson(c.Param("lesson"))
	if err != nil {
		return err
	}
	var req hintRequest
	if err := httpjson.BindOrForm(c, &req); err != nil {
		return err
	}
	if req.Number < 1 || req.Number > len(l.Hints) {
		return httpjson.Invalid("number", "must be 1 or 2")
	}
	h.Tracker().Hint(l.ID, req.Number)
	hint := l.Hints[req.Number-1]
	if prefersText(c) {
		return respondText(c, wrap(hint, "")+"\n")
	}
	return respond(c, hintResponse{Number: req.Number, Taken: true, Text: &hint})
}
