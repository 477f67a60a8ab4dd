package learn

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
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
func (s *Handler) list(c *gin.Context) error {
	v := s.Tracker.snapshot(tableOf(c))
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
	// Other spellings under which the texts use it.
	Forms []string `json:"forms" example:"APIs" validate:"required"`
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
func (s *Handler) show(c *gin.Context) error {
	id, format, _ := strings.Cut(c.Param("lesson"), ".")
	l, err := s.lesson(id)
	if err != nil {
		return err
	}
	v := s.Tracker.snapshot(tableOf(c))
	switch format {
	case "", "json":
		return respond(c, s.lessonResponse(v, l))
	case "txt":
		return text(c, s.lessonText(v, l))
	case formatSh, formatCmd, formatPS, formatHTTP, formatHurl:
		c.Header("Content-Disposition", fmt.Sprintf(`inline; filename="%s.%s"`, l.ID, format))
		return text(c, v.exporter(s.PublicURL).write(format, l))
	}
	return problem.NotFound.New("A lesson can be written as json, txt, sh, cmd, ps1, http or hurl.")
}

func (s *Handler) lesson(id string) (*Lesson, error) {
	if l, ok := s.Course.Lesson(id); ok {
		return l, nil
	}
	last := s.Course.Lessons[len(s.Course.Lessons)-1].ID
	return nil, problem.NotFound.New("There is no lesson of that name; they are L01 to " + last + ", and /learn/lessons lists them.")
}

func (s *Handler) lessonResponse(v lessonView, l *Lesson) lessonResponse {
	p := v.of(l)
	res := lessonResponse{
		ID: l.ID, Title: l.Title, Minutes: l.Minutes, Part: l.Part, Goal: l.Goal, Needs: orEmpty(l.Needs), State: p.State,
		StartedAt: nilIfZero(p.StartedAt), DoneAt: nilIfZero(p.DoneAt), Attempts: p.Attempts,
		Predict: newQuestion(l.Predict, p), Questions: []questionResponse{}, Prepare: s.steps(v, l, l.Prepare), Steps: s.steps(v, l, l.Steps),
		Look: nilIfEmpty(l.Look), Seen: seenOf(l, p), StillToSee: p.stillToSee(l), Claims: []claimResponse{},
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
		res.Explain, res.FinePrint = nilIfEmpty(l.Explain), nilIfEmpty(l.FinePrint)
	}
	for _, w := range s.Course.words(l) {
		res.Words = append(res.Words, wordResponse{w.Word, w.Says, orEmpty(w.Forms)})
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

func (s *Handler) steps(v lessonView, l *Lesson, steps []Step) []stepResponse {
	res := []stepResponse{}
	write := v.exporter(s.PublicURL)
	for _, step := range steps {
		r := step.Request
		request := requestResponse{
			Method: r.Method, Path: strings.TrimPrefix(write.url(r), s.PublicURL), Headers: headersOf(r.Headers), Form: []headerResponse{},
			Body: nilIfEmpty(r.body()), BodyFile: nilIfEmpty(r.BodyFile), As: nilIfEmpty(r.As), SaveAs: nilIfEmpty(r.SaveAs), Stream: r.Stream,
		}
		for _, f := range r.Form {
			name, value, _ := strings.Cut(f, "=")
			request.Form = append(request.Form, headerResponse{name, value})
		}
		expect := expectResponse{Status: step.Expect.Status, Problem: nilIfEmpty(step.Expect.Problem), Header: []headerResponse{}, JSON: step.Expect.JSON, Holds: orEmpty(step.Expect.Holds)}
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

func nilIfEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func nilIfZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
