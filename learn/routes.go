package learn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
	"restaurant/web"
)

// patience is how long to wait for a database that is away.
const patience = 5 * time.Second

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

type listResponse struct {
	Items []listItem `json:"items" validate:"required"`
} //@name LessonList

type listItem struct {
	ID      string `json:"id" example:"L01" validate:"required"`
	Title   string `json:"title" example:"Read the menu" validate:"required"`
	Minutes int    `json:"minutes" example:"3" validate:"required"`
	Part    string `json:"part" example:"I. The restaurant" validate:"required"`
	State   State  `json:"state" example:"started" enums:"open,started,done" validate:"required"`
	// Ids of the sentences that it lets one try.
	Claims []string `json:"claims" example:"A1,B2" validate:"required"`
	// What the server must still see, in words.
	StillToSee []string `json:"still_to_see" example:"one dish, read with 200" validate:"required"`
} //@name LessonItem

// list shows all lessons and how far they are.
//
//	@Summary	All lessons, and how far they are
//	@ID			listLessons
//	@Tags		lessons
//	@Produce	json
//	@Success	200	{object}	listResponse
//	@Router		/learn/lessons [get]
func (s *School) list(c *gin.Context) error {
	v := s.Tracker.view(tableOf(c))
	res := listResponse{Items: []listItem{}}
	for n, l := range s.Course.Lessons {
		res.Items = append(res.Items, listItem{
			l.ID, l.Title, l.Minutes, l.Part, v.progress[n].State, l.Claims, v.progress[n].stillToSee(l),
		})
	}
	return respond(c, res)
}

type lessonResponse struct {
	ID      string          `json:"id" example:"L01" validate:"required"`
	Title   string          `json:"title" example:"Read the menu" validate:"required"`
	Minutes int             `json:"minutes" example:"3" validate:"required"`
	Part    string          `json:"part" example:"I. The restaurant" validate:"required"`
	Goal    string          `json:"goal" example:"Make your first requests by hand." validate:"required"`
	Needs   []string        `json:"needs" example:"L01" validate:"required"`
	Claims  []claimResponse `json:"claims" validate:"required"`
	State   State           `json:"state" example:"started" enums:"open,started,done" validate:"required"`
	// Null until the first request, guess or hint.
	StartedAt *time.Time `json:"started_at" example:"2026-01-31T19:00:00Z" extensions:"x-nullable" validate:"required"`
	DoneAt    *time.Time `json:"done_at" example:"2026-01-31T19:04:00Z" extensions:"x-nullable" validate:"required"`
	// How many wrong answers there were.
	Attempts  int                `json:"attempts" example:"0" validate:"required"`
	Predict   questionResponse   `json:"predict" validate:"required"`
	Questions []questionResponse `json:"questions" validate:"required"`
	// Requests of earlier lessons whose files the steps need.
	Prepare    []stepResponse `json:"prepare" validate:"required"`
	Steps      []stepResponse `json:"steps" validate:"required"`
	Look       *string        `json:"look" example:"Then open the start page." extensions:"x-nullable" validate:"required"`
	Seen       []seenResponse `json:"seen" validate:"required"`
	StillToSee []string       `json:"still_to_see" example:"one dish, read with 200" validate:"required"`
	Hints      []hintResponse `json:"hints" validate:"required"`
	// Null until the lesson is done.
	Explain   *string        `json:"explain" example:"You are the client." extensions:"x-nullable" validate:"required"`
	FinePrint *string        `json:"fine_print" example:"Reading the menu takes no wristband." extensions:"x-nullable" validate:"required"`
	Words     []wordResponse `json:"words" validate:"required"`
} //@name Lesson

type claimResponse struct {
	ID   string `json:"id" example:"A1" validate:"required"`
	Says string `json:"says" example:"An API lets programs talk to each other." validate:"required"`
} //@name Claim

type questionResponse struct {
	ID       string   `json:"id" example:"predict" validate:"required"`
	Question string   `json:"question" example:"Who answers you?" validate:"required"`
	Choices  []string `json:"choices" example:"The cook,The waiter" validate:"required"`
	// Number of the choice, from 1; null before the first.
	Chosen *int `json:"chosen" example:"2" extensions:"x-nullable" validate:"required"`
	// Whether it was right, which one is, and why; null before the first answer, and until a question is answered rightly.
	Right  *bool   `json:"right" example:"true" extensions:"x-nullable" validate:"required"`
	Answer *int    `json:"answer" example:"2" extensions:"x-nullable" validate:"required"`
	Why    *string `json:"why" example:"The waiter takes the request." extensions:"x-nullable" validate:"required"`
} //@name LessonQuestion

type stepResponse struct {
	ID   string `json:"id" example:"menu" validate:"required"`
	Say  string `json:"say" example:"Ask the waiter for the menu." validate:"required"`
	Wait int    `json:"wait" example:"0" validate:"required"`
	// True when the server has seen it; null if nothing waits for it.
	Seen     *bool            `json:"seen" example:"true" extensions:"x-nullable" validate:"required"`
	Request  requestResponse  `json:"request" validate:"required"`
	Expect   expectResponse   `json:"expect" validate:"required"`
	Commands commandsResponse `json:"commands" validate:"required"`
} //@name LessonStep

type requestResponse struct {
	Method  string           `json:"method" example:"GET" validate:"required"`
	Path    string           `json:"path" example:"/api/v1/menu" validate:"required"`
	Headers []headerResponse `json:"headers" validate:"required"`
	Form    []headerResponse `json:"form" validate:"required"`
	// The text of the body, if it is a file of /learn/files.
	Body     *string `json:"body" example:"{}" extensions:"x-nullable" validate:"required"`
	BodyFile *string `json:"body_file" example:"order.json" extensions:"x-nullable" validate:"required"`
	// The file whose Authorization line goes along.
	As     *string `json:"as" example:"wristband.txt" extensions:"x-nullable" validate:"required"`
	SaveAs *string `json:"save_as" example:"login.json" extensions:"x-nullable" validate:"required"`
	Stream bool    `json:"stream" example:"false" validate:"required"`
} //@name LessonRequest

type headerResponse struct {
	Name  string `json:"name" example:"Accept" validate:"required"`
	Value string `json:"value" example:"text/plain" validate:"required"`
} //@name NameAndValue

type expectResponse struct {
	Status  []int            `json:"status" example:"200" validate:"required"`
	Problem *string          `json:"problem" example:"not-found" extensions:"x-nullable" validate:"required"`
	Header  []headerResponse `json:"header" validate:"required"`
	// Members of the answer, by path.
	JSON  map[string]any `json:"json" swaggertype:"object" validate:"required"`
	Holds []string       `json:"holds" example:"served" validate:"required"`
} //@name LessonExpectation

type commandsResponse struct {
	// For bash, zsh, cmd and PowerShell 7.
	Curl string `json:"curl" example:"curl -i http://localhost:8080/api/v1/menu" validate:"required"`
	// For Windows PowerShell 5.1.
	CurlExe string `json:"curl_exe" example:"curl.exe -i http://localhost:8080/api/v1/menu" validate:"required"`
} //@name LessonCommands

type seenResponse struct {
	See string    `json:"see" example:"the menu (200)" validate:"required"`
	At  time.Time `json:"at" example:"2026-01-31T19:01:00Z" validate:"required"`
} //@name Seen

type hintResponse struct {
	Number int  `json:"number" example:"1" validate:"required"`
	Taken  bool `json:"taken" example:"false" validate:"required"`
	// Null until it is taken.
	Text *string `json:"text" example:"-i shows the status." extensions:"x-nullable" validate:"required"`
} //@name LessonHint

type wordResponse struct {
	Word string `json:"word" example:"API" validate:"required"`
	Says string `json:"says" example:"The agreed form in which one program asks another." validate:"required"`
} //@name LessonWord

// show shows one lesson, or writes it in the words of a tool.
//
//	@Summary		One lesson
//	@Description	`L01` and `L01.json` are JSON; `L01.txt` is text for a terminal; `L01.sh` is a script that does the lesson and checks every answer; `.cmd`, `.ps1`, `.http` and `.hurl` are its requests for other tools.
//	@ID				showLesson
//	@Tags			lessons
//	@Produce		json,plain
//	@Param			lesson	path		string	true	"L01, or L01 and a dot and json, txt, sh, cmd, ps1, http or hurl"
//	@Success		200		{object}	lessonResponse
//	@Failure		404		{object}	problem.Problem	"not-found"
//	@Router			/learn/lessons/{lesson} [get]
func (s *School) show(c *gin.Context) error {
	id, format, _ := strings.Cut(c.Param("lesson"), ".")
	l, err := s.lesson(id)
	if err != nil {
		return err
	}
	v := s.Tracker.view(tableOf(c))
	switch format {
	case "", "json":
		return respond(c, s.lessonResponse(v, l))
	case "txt":
		return text(c, s.lessonText(v, l))
	case formatSh, formatCmd, formatPS, formatHTTP, formatHurl:
		c.Header("Content-Disposition", fmt.Sprintf(`inline; filename="%s.%s"`, l.ID, format))
		return text(c, v.scribe(s.PublicURL).write(format, l))
	}
	return problem.NotFound.New("A lesson can be written as json, txt, sh, cmd, ps1, http or hurl.")
}

func (s *School) lesson(id string) (*Lesson, error) {
	if l, ok := s.Course.Lesson(id); ok {
		return l, nil
	}
	last := s.Course.Lessons[len(s.Course.Lessons)-1].ID
	return nil, problem.NotFound.New("There is no lesson of that name; they are L01 to " + last + ", and /learn/lessons lists them.")
}

func (s *School) lessonResponse(v view, l *Lesson) lessonResponse {
	p := v.of(l)
	res := lessonResponse{
		ID: l.ID, Title: l.Title, Minutes: l.Minutes, Part: l.Part, Goal: l.Goal, Needs: orEmpty(l.Needs), State: p.State,
		StartedAt: moment(p.StartedAt), DoneAt: moment(p.DoneAt), Attempts: p.Attempts,
		Predict: newQuestion(l.Predict, p), Questions: []questionResponse{}, Prepare: s.steps(v, l, l.Prepare), Steps: s.steps(v, l, l.Steps),
		Look: given(l.Look), Seen: seenOf(l, p), StillToSee: p.stillToSee(l), Claims: []claimResponse{},
		Words: []wordResponse{},
	}
	for _, q := range l.Questions {
		res.Questions = append(res.Questions, newQuestion(q, p))
	}
	for _, id := range l.Claims {
		res.Claims = append(res.Claims, claimResponse{id, s.Course.Claims[id]})
	}
	for n, hint := range l.Hints {
		h := hintResponse{Number: n + 1, Taken: slices.Contains(p.Hints, n+1)}
		if h.Taken {
			h.Text = &hint
		}
		res.Hints = append(res.Hints, h)
	}
	if p.State == StateDone {
		res.Explain, res.FinePrint = given(l.Explain), given(l.FinePrint)
	}
	for _, w := range s.Course.words(l) {
		res.Words = append(res.Words, wordResponse{w.Word, w.Says})
	}
	return res
}

func newQuestion(q Question, p progress) questionResponse {
	res := questionResponse{ID: q.ID, Question: q.Question, Choices: q.Choices}
	chosen, asked := p.Answers[q.ID]
	if !asked {
		return res
	}
	right := chosen == q.Answer
	res.Chosen, res.Right = &chosen, &right
	if right || q.ID == PredictID {
		res.Answer, res.Why = &q.Answer, &q.Why
	}
	return res
}

func (s *School) steps(v view, l *Lesson, steps []Step) []stepResponse {
	res := []stepResponse{}
	write := v.scribe(s.PublicURL)
	for _, step := range steps {
		r := step.Request
		request := requestResponse{
			Method: r.Method, Path: strings.TrimPrefix(write.url(r), s.PublicURL), Headers: headersOf(r.Headers), Form: []headerResponse{},
			Body: given(r.body()), BodyFile: given(r.BodyFile), As: given(r.As), SaveAs: given(r.SaveAs), Stream: r.Stream,
		}
		for _, f := range r.Form {
			name, value, _ := strings.Cut(f, "=")
			request.Form = append(request.Form, headerResponse{name, value})
		}
		expect := expectResponse{Status: step.Expect.Status, Problem: given(step.Expect.Problem), Header: []headerResponse{}, JSON: step.Expect.JSON, Holds: orEmpty(step.Expect.Holds)}
		for _, name := range sortedKeys(step.Expect.Header) {
			expect.Header = append(expect.Header, headerResponse{name, step.Expect.Header[name]})
		}
		if expect.JSON == nil {
			expect.JSON = map[string]any{}
		}
		res = append(res, stepResponse{
			ID: step.ID, Say: step.Say, Wait: step.Wait, Seen: stepSeen(l, v.of(l), step.ID), Request: request, Expect: expect,
			Commands: commandsResponse{write.curl("curl", r), write.curl("curl.exe", r)},
		})
	}
	return res
}

// stepSeen tells whether all that waits for a step has been seen; nil if nothing
// waits for it.
func stepSeen(l *Lesson, p progress, id string) *bool {
	var seen *bool
	for i, pattern := range l.Done.patterns() {
		if pattern.Step == id {
			all := p.Seen[i] != 0 && (seen == nil || *seen)
			seen = &all
		}
	}
	return seen
}

func seenOf(l *Lesson, p progress) []seenResponse {
	list := []seenResponse{}
	for i, pattern := range l.Done.patterns() {
		if p.Seen[i] != 0 {
			list = append(list, seenResponse{pattern.See, time.UnixMilli(p.Seen[i]).UTC()})
		}
	}
	return list
}

func headersOf(list []Header) []headerResponse {
	res := []headerResponse{}
	for _, h := range list {
		res = append(res, headerResponse(h))
	}
	return res
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type answerRequest struct {
	Question string `json:"question" example:"predict" validate:"required"`
	// Number of the choice, from 1.
	Choice int `json:"choice" example:"2" validate:"required"`
} //@name AnswerRequest

type answerResponse struct {
	Question string `json:"question" example:"predict" validate:"required"`
	Right    bool   `json:"right" example:"true" validate:"required"`
	// Why it is so; null as long as a question may be tried again.
	Why   *string `json:"why" example:"The waiter takes the request." extensions:"x-nullable" validate:"required"`
	State State   `json:"state" example:"started" enums:"open,started,done" validate:"required"`
} //@name AnswerResponse

// answer takes the guess before a lesson, and the answers to its questions. A
// wrong one costs nothing.
//
//	@Summary	Answer a question of a lesson
//	@ID			answerQuestion
//	@Tags		lessons
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json
//	@Param		lesson	path		string			true	"L01"
//	@Param		body	body		answerRequest	true	"Which question, which choice"
//	@Success	200		{object}	answerResponse
//	@Header		200		{string}	Lesson-Progress	"what the answer has changed"
//	@Failure	400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure	403		{object}	problem.Problem	"cross-origin"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/learn/lessons/{lesson}/answers [post]
func (s *School) answer(c *gin.Context) error {
	l, err := s.lesson(c.Param("lesson"))
	if err != nil {
		return err
	}
	var req answerRequest
	if err := bind(c, &req); err != nil {
		return err
	}
	q, ok := l.question(req.Question)
	if !ok {
		return invalid("question", "must be the id of a question of this lesson")
	}
	if req.Choice < 1 || req.Choice > len(q.Choices) {
		return invalid("choice", "must be the number of a choice, from 1 to "+strconv.Itoa(len(q.Choices)))
	}
	right, news := s.Tracker.Answer(tableOf(c), l, q, req.Choice)
	if news != "" {
		c.Header(ProgressHeader, news)
	}
	res := answerResponse{Question: q.ID, Right: right, State: s.Tracker.view(tableOf(c)).of(l).State}
	if right || q.ID == PredictID {
		res.Why = &q.Why
	}
	return respond(c, res)
}

type hintRequest struct {
	// 1 is a nudge, 2 nearly the solution.
	Number int `json:"number" example:"1" validate:"required"`
} //@name HintRequest

// hint gives a hint. That it was taken is noted, and costs nothing.
//
//	@Summary	Take a hint
//	@ID			takeHint
//	@Tags		lessons
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json,plain
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
func (s *School) hint(c *gin.Context) error {
	l, err := s.lesson(c.Param("lesson"))
	if err != nil {
		return err
	}
	var req hintRequest
	if err := bind(c, &req); err != nil {
		return err
	}
	if req.Number < 1 || req.Number > len(l.Hints) {
		return invalid("number", "must be 1 or 2")
	}
	s.Tracker.Hint(tableOf(c), l, req.Number)
	hint := l.Hints[req.Number-1]
	if wants(c) == textType {
		return text(c, wrap(hint, "")+"\n")
	}
	return respond(c, hintResponse{Number: req.Number, Taken: true, Text: &hint})
}

// file serves a body that lessons send.
//
//	@Summary	A body to send
//	@ID			lessonFile
//	@Tags		lessons
//	@Produce	json
//	@Param		file	path		string	true	"order.json, for example"
//	@Success	200		{object}	object
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Router		/learn/files/{file} [get]
func (s *School) file(c *gin.Context) error {
	body, ok := example(c.Param("file"))
	if !ok {
		return problem.NotFound.New("The bodies to send are: " + strings.Join(exampleNames(), ", ") + ".")
	}
	c.Data(http.StatusOK, jsonType, body)
	return nil
}

type factsResponse struct {
	Items []factResponse `json:"items" validate:"required"`
} //@name FactList

type factResponse struct {
	At     time.Time `json:"at" example:"2026-01-31T19:01:00Z" validate:"required"`
	Method string    `json:"method" example:"GET" validate:"required"`
	// The pattern of the address; none for one that does not exist.
	Route   string  `json:"route" example:"/api/v1/menu/:id" validate:"required"`
	Status  int     `json:"status" example:"404" validate:"required"`
	Problem *string `json:"problem" example:"not-found" extensions:"x-nullable" validate:"required"`
	// Id of the user, or null.
	Who *int64 `json:"who" example:"1" extensions:"x-nullable" validate:"required"`
	// none, valid, or the slug with which the token was refused.
	Token string `json:"token" example:"none" validate:"required"`
	// Recognises a token without telling it; null for none.
	TokenHash *string `json:"token_hash" example:"9f3c2ab10d4e5f60" extensions:"x-nullable" validate:"required"`
} //@name Fact

const mostFacts = 20

// facts shows what the house has kept of the newest requests: no token, no
// password, no body.
//
//	@Summary	What is kept of the newest requests
//	@Description	For a manager; in a house that only this machine reaches, for whoever is there.
//	@ID			listFacts
//	@Tags		lessons
//	@Produce	json
//	@Security	Bearer
//	@Success	200	{object}	factsResponse
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required"
//	@Router		/learn/facts [get]
func (s *School) facts(c *gin.Context) error {
	if err := s.owns(c); err != nil {
		return err
	}
	facts, err := s.Book.Facts(c.Request.Context(), tableOf(c), mostFacts)
	if err != nil {
		return err
	}
	res := factsResponse{Items: []factResponse{}}
	for _, f := range facts {
		item := factResponse{At: time.UnixMilli(f.At).UTC(), Method: f.Method, Route: f.Route, Status: f.Status, Problem: given(f.Problem), Token: f.Token}
		if f.Who != 0 {
			item.Who = &f.Who
		}
		if f.TokenHash != 0 {
			item.TokenHash = given(fmt.Sprintf("%016x", f.TokenHash))
		}
		res.Items = append(res.Items, item)
	}
	return respond(c, res)
}

// respond answers with JSON that nobody keeps: it changes with the next request.
func respond(c *gin.Context, body any) error {
	out, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, jsonType, append(out, '\n'))
	return nil
}

func text(c *gin.Context, body string) error {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, textType, []byte(body))
	return nil
}

func page(c *gin.Context, body []byte) error {
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Security-Policy", web.Policy)
	c.Data(http.StatusOK, web.PageType, body)
	return nil
}

// wants is what the client would like to read: a page, JSON, or text, which is
// for terminals: curl does not say.
func wants(c *gin.Context) string {
	c.Writer.Header().Add("Vary", "Accept")
	accept := c.Request.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "text/html"):
		return web.PageType
	case strings.Contains(accept, "application/json"):
		return jsonType
	}
	return textType
}

// maxBody bounds a body in bytes.
const maxBody = 64 << 10

// bind reads a body in JSON, or a form of the same fields.
func bind(c *gin.Context, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return problem.BodyTooLarge.New("")
	}
	if err != nil {
		return problem.MalformedJSON.New("The body ended before it was complete.").Because(err)
	}
	switch kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind {
	case "application/json":
	case "application/x-www-form-urlencoded":
		if body, err = jsonOfForm(body); err != nil {
			return problem.MalformedForm.New("").Because(err)
		}
	default:
		return problem.UnsupportedMediaType.New("")
	}
	return bindError(body, json.Unmarshal(body, into, json.RejectUnknownMembers(true)))
}

// bindError says what is wrong with a body without repeating what was sent.
func bindError(body []byte, err error) error {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case err == nil:
		return nil
	case json.Unmarshal(body, new(jsontext.Value)) != nil || !ok:
		return problem.MalformedJSON.New("").Because(err)
	case errors.Is(err, json.ErrUnknownName):
		return problem.UnknownField.New("").Because(err)
	}
	field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
	if field == "" {
		field = "body"
	}
	return invalid(field, "must be of the type that the documentation says")
}

// jsonOfForm writes the fields of a form as JSON; digits are numbers.
func jsonOfForm(body []byte) ([]byte, error) {
	values, err := url.ParseQuery(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	for name, list := range values {
		object[name] = list[0]
		if n, err := strconv.Atoi(list[0]); err == nil {
			object[name] = n
		}
	}
	return json.Marshal(object)
}

func invalid(field, message string) error {
	return problem.ValidationFailed.New("").Fields(problem.FieldError{Field: field, Message: message})
}
