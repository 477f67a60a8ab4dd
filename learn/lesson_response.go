package learn

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/learn/export"
)

// @Description	A lesson: its question, its steps, what the server has seen of it, and the explanation when it is done.
type lessonResponse struct {
	ID      string `json:"id" example:"L01" validate:"required"`
	Title   string `json:"title" example:"Read the menu" validate:"required"`
	Minutes int    `json:"minutes" example:"3" validate:"required"`
	Part    string `json:"part" example:"I. The restaurant" validate:"required"`
	// True for a lesson beside the course, which does not count.
	Extra bool `json:"extra" example:"false" validate:"required"`
	// True if the learner finds the requests of the steps. A page or program that shows them takes the last hint first.
	Alone  bool            `json:"alone" example:"false" validate:"required"`
	Goal   string          `json:"goal" example:"Make your first requests by hand." validate:"required"`
	Needs  []string        `json:"needs" example:"L01" validate:"required"`
	Claims []claimResponse `json:"claims" validate:"required"`
	State  State           `json:"state" example:"started" validate:"required"`
	// Null until the first request, guess or hint.
	StartedAt *time.Time `json:"started_at" example:"2026-01-31T19:00:00Z" format:"date-time" extensions:"x-nullable" validate:"required"`
	DoneAt    *time.Time `json:"done_at" example:"2026-01-31T19:04:00Z" format:"date-time" extensions:"x-nullable" validate:"required"`
	// How many wrong answers there were.
	Attempts  int                `json:"attempts" example:"0" validate:"required"`
	Predict   questionResponse   `json:"predict" validate:"required"`
	Questions []questionResponse `json:"questions" validate:"required"`
	// Requests of earlier lessons whose files the steps need.
	Prepare []stepResponse `json:"prepare" validate:"required"`
	Steps   []stepResponse `json:"steps" validate:"required"`
	// Requests for when the lesson is done. None of them counts.
	After      []stepResponse `json:"after" validate:"required"`
	Look       *string        `json:"look" example:"Then open the start page." extensions:"x-nullable" validate:"required"`
	Seen       []seenResponse `json:"seen" validate:"required"`
	StillToSee *[]string      `json:"still_to_see" example:"one dish (200)" extensions:"x-nullable" validate:"required"`
	Hints      []hintResponse `json:"hints" validate:"required"`
	// Null until the lesson is done.
	Explain   *string        `json:"explain" example:"You are the client." extensions:"x-nullable" validate:"required"`
	FinePrint *string        `json:"fine_print" example:"Reading the menu takes no wristband." extensions:"x-nullable" validate:"required"`
	Words     []wordResponse `json:"words" validate:"required"`
} //@name Lesson

// @Description	A sentence that this lesson proves.
type claimResponse struct {
	ID   string `json:"id" example:"A1" validate:"required"`
	Says string `json:"says" example:"An API lets programs talk to each other." validate:"required"`
} //@name Claim

// @Description	A number in the answer of /lab/compare.
type measuredResponse struct {
	Door       string `json:"door" example:"jwt" enums:"jwt,jwt-remembered,session" validate:"required"`
	DistanceMS int    `json:"distance_ms" example:"0" enums:"0,5" validate:"required"`
	Value      string `json:"value" example:"bytes" enums:"bytes,queries,median_us" validate:"required"`
	Unit       string `json:"unit" example:"bytes" validate:"required"`
} //@name MeasuredNumber

// @Description	A question with its choices, or for a number. The answer is null until you have answered.
type questionResponse struct {
	ID       string `json:"id" example:"predict" validate:"required"`
	Question string `json:"question" example:"Who answers you?" validate:"required"`
	// Empty if it asks for a number.
	Choices []string `json:"choices" example:"The cook,The waiter" validate:"required"`
	// The number of your own comparison that it asks for. Null if it has choices.
	Measured *measuredResponse `json:"measured" extensions:"x-nullable" validate:"required"`
	// Your number. Null before your first answer, and for a question with choices.
	Number *float64 `json:"number" example:"750" extensions:"x-nullable" validate:"required"`
	// Number of your choice, from 1. Null before your first answer.
	Chosen *int `json:"chosen" example:"2" extensions:"x-nullable" validate:"required"`
	// If your choice was right, which choice is right, and why. Null before the first answer, and until the right answer to a question.
	Right  *bool   `json:"right" example:"true" extensions:"x-nullable" validate:"required"`
	Answer *int    `json:"answer" example:"2" extensions:"x-nullable" validate:"required"`
	Why    *string `json:"why" example:"The waiter takes the request." extensions:"x-nullable" validate:"required"`
	// Why your choice is wrong. Null if it is not.
	WhyNot *string `json:"why_not" example:"The cook never speaks with guests." extensions:"x-nullable" validate:"required"`
	// If your first choice was right. Null before it.
	FirstTry *bool `json:"first_try" example:"true" extensions:"x-nullable" validate:"required"`
} //@name LessonQuestion

// @Description	One request of a lesson, and what its answer should be.
type stepResponse struct {
	ID   string `json:"id" example:"menu" validate:"required"`
	Say  string `json:"say" example:"Ask the waiter for the menu." validate:"required"`
	Wait int    `json:"wait" example:"0" validate:"required"`
	// True when the server has seen it. Null if the lesson does not need it.
	Seen *bool `json:"seen" example:"true" extensions:"x-nullable" validate:"required"`
	// The address of the page on which the step is done. Null for a request.
	Page     *string          `json:"page" example:"http://localhost:8080/#/token" extensions:"x-nullable" validate:"required"`
	Request  requestResponse  `json:"request" validate:"required"`
	Expect   expectResponse   `json:"expect" validate:"required"`
	Commands commandsResponse `json:"commands" validate:"required"`
} //@name LessonStep

// @Description	The request of a step.
type requestResponse struct {
	Method string `json:"method" example:"GET" validate:"required"`
	// Whom it goes to, and the whole address.
	At      string           `json:"at" example:"house" enums:"house,kiosk,wire,stage" validate:"required"`
	URL     string           `json:"url" example:"http://localhost:8080/api/v1/menu" validate:"required"`
	Path    string           `json:"path" example:"/api/v1/menu" validate:"required"`
	Headers []headerResponse `json:"headers" validate:"required"`
	Form    []headerResponse `json:"form" validate:"required"`
	// The text of the body, if it is a file of /learn/files.
	Body     *string `json:"body" example:"{}" extensions:"x-nullable" validate:"required"`
	BodyFile *string `json:"body_file" example:"order.json" extensions:"x-nullable" validate:"required"`
	// The file of which body_file is a copy that you make, with the letter A more at the end of the signed text in it.
	AlteredFrom *string `json:"altered_from" example:"certificate.json" extensions:"x-nullable" validate:"required"`
	// The file with the Authorization line to send.
	As     *string `json:"as" example:"wristband.txt" extensions:"x-nullable" validate:"required"`
	SaveAs *string `json:"save_as" example:"login.json" extensions:"x-nullable" validate:"required"`
	Stream bool    `json:"stream" example:"false" validate:"required"`
	// Files with cookies to send, and to save.
	JarIn  *string `json:"jar_in" example:"ticket.txt" extensions:"x-nullable" validate:"required"`
	JarOut *string `json:"jar_out" example:"ticket.txt" extensions:"x-nullable" validate:"required"`
	// A file with options for curl, and one with the certificate to trust.
	Config *string `json:"config" example:"wire.txt" extensions:"x-nullable" validate:"required"`
	CACert *string `json:"cacert" example:"ca.pem" extensions:"x-nullable" validate:"required"`
	// How many times to send it, with n=1, n=2 and so on.
	Repeat int `json:"repeat" example:"1" minimum:"1" maximum:"200" validate:"required"`
	// status: only the status of each answer matters. Null: the whole answer.
	Show *string `json:"show" example:"status" enums:"status" extensions:"x-nullable" validate:"required"`
} //@name LessonRequest

// @Description	A header or a form field.
type headerResponse struct {
	Name  string `json:"name" example:"Accept" validate:"required"`
	Value string `json:"value" example:"text/plain" validate:"required"`
} //@name NameAndValue

// @Description	What the answer to a step should be.
type expectResponse struct {
	Status  []int            `json:"status" example:"200" validate:"required"`
	Problem *string          `json:"problem" example:"not-found" extensions:"x-nullable" validate:"required"`
	Header  []headerResponse `json:"header" validate:"required"`
	// Members of the answer, by path.
	JSON  map[string]any `json:"json" swaggertype:"object" validate:"required"`
	Holds []string       `json:"holds" example:"served" validate:"required"`
	// The exit code of a curl that gets no answer. Null if there is one.
	CurlExit *int `json:"curl_exit" example:"60" extensions:"x-nullable" validate:"required"`
} //@name LessonExpectation

// @Description	The step as a command for a terminal.
type commandsResponse struct {
	// For bash, zsh, cmd and PowerShell 7.
	Curl string `json:"curl" example:"curl -i http://localhost:8080/api/v1/menu" validate:"required"`
	// For Windows PowerShell 5.1.
	CurlExe string `json:"curl_exe" example:"curl.exe -i http://localhost:8080/api/v1/menu" validate:"required"`
} //@name LessonCommands

// @Description	Something that the server has seen.
type seenResponse struct {
	See string    `json:"see" example:"the menu (200)" validate:"required"`
	At  time.Time `json:"at" example:"2026-01-31T19:01:00Z" format:"date-time" validate:"required"`
} //@name Seen

// @Description	A hint. Its text is null until it is taken.
type hintResponse struct {
	Number int  `json:"number" example:"1" validate:"required"`
	Taken  bool `json:"taken" example:"false" validate:"required"`
	// Null until it is taken.
	Text *string `json:"text" example:"-i shows the status." extensions:"x-nullable" validate:"required"`
} //@name LessonHint

// @Description	A technical word in a sentence.
type wordResponse struct {
	Word string `json:"word" example:"API" validate:"required"`
	Says string `json:"says" example:"The agreed form in which one program asks another." validate:"required"`
	// Other spellings under which the texts use it.
	Forms []string `json:"forms" example:"APIs" validate:"required"`
} //@name LessonWord

func (h *Handler) lessonResponse(target export.Target, l *lesson) lessonResponse {
	res := lessonResponse{
		ID: l.ID, Title: l.Title, Minutes: l.Minutes, Part: l.Part, Extra: l.Extra, Alone: l.Alone, Goal: l.Goal, Needs: l.Needs, State: l.Shown(),
		StartedAt: nilIfZero(l.StartedAt), DoneAt: nilIfZero(l.DoneAt), Attempts: l.Attempts, Predict: newQuestion(l.Predict, l),
		Prepare: newSteps(target, l, l.Prepare), Steps: newSteps(target, l, l.Steps), After: newSteps(target, l, l.After), Look: httpjson.Optional(l.Look), StillToSee: l.stillToShow(),
	}
	for i, pattern := range l.Done.Patterns() {
		if l.Seen[i] != 0 {
			res.Seen = append(res.Seen, seenResponse{l.see(pattern), time.UnixMilli(l.Seen[i]).UTC()})
		}
	}
	for _, q := range l.Questions {
		res.Questions = append(res.Questions, newQuestion(q, l))
	}
	for _, id := range l.Claims {
		res.Claims = append(res.Claims, claimResponse{id, course.Load().Claims[id]})
	}
	for n, text := range l.Lesson.Hints {
		hint := hintResponse{Number: n + 1, Taken: slices.Contains(l.progress.Hints, n+1)}
		if hint.Taken {
			hint.Text = &text
		}
		res.Hints = append(res.Hints, hint)
	}
	if l.State == StateDone {
		res.Explain, res.FinePrint = httpjson.Optional(l.Explain), httpjson.Optional(l.FinePrint)
	}
	for _, w := range course.Load().Words(l.Lesson) {
		res.Words = append(res.Words, wordResponse(w))
	}
	return res
}

func newQuestion(q course.Question, l *lesson) questionResponse {
	res := questionResponse{ID: q.ID, Question: q.Question, Choices: q.Choices}
	if m := q.Measured; m != nil {
		res.Measured = &measuredResponse{m.Door, m.DistanceMS, m.Value, m.Unit}
	}
	chosen, asked := l.Answers[q.ID]
	if !asked {
		return res
	}
	right := chosen == q.Answer
	res.Right, res.WhyNot = &right, httpjson.Optional(q.WhyNotOf(chosen))
	if q.Measured == nil {
		res.Chosen = &chosen
	} else if number, known := l.Numbers[q.ID]; known {
		res.Number = &number
	}
	if first, known := l.FirstTry[q.ID]; known {
		res.FirstTry = &first
	}
	if right || q.ID == course.PredictID {
		res.Why = &q.Why
		if q.Measured == nil {
			res.Answer = &q.Answer
		}
	}
	return res
}

func newSteps(target export.Target, l *lesson, steps []course.Step) (res []stepResponse) {
	for _, s := range steps {
		step := stepResponse{
			ID: s.ID, Say: s.Say, Wait: s.Wait, Seen: l.stepSeen(s.ID), Request: newRequest(target, s.Request), Expect: newExpect(s.Expect),
			Commands: commandsResponse{target.Command("curl", s), target.Command("curl.exe", s)},
		}
		if s.Page != "" {
			page := target.PageURL(s)
			step.Page, step.Request.Method, step.Request.URL, step.Request.Path = &page, http.MethodGet, page, target.BasePath()+"/"
		}
		res = append(res, step)
	}
	return res
}

func newRequest(target export.Target, r course.Request) requestResponse {
	body, _ := course.Example(r.BodyFile)
	res := requestResponse{
		Method: r.Method, Path: target.BasePath() + target.Path(r), Body: httpjson.Optional(strings.TrimSpace(string(body))), BodyFile: httpjson.Optional(r.BodyFile), AlteredFrom: httpjson.Optional(r.AlteredFrom),
		As: httpjson.Optional(r.As), SaveAs: httpjson.Optional(r.SaveAs), Stream: r.Stream,
		At: cmp.Or(r.At, course.AtHouse), URL: target.Address(r), JarIn: httpjson.Optional(r.JarIn), JarOut: httpjson.Optional(r.JarOut),
		Config: httpjson.Optional(r.Config), CACert: httpjson.Optional(r.CACert), Repeat: max(1, r.Repeat), Show: httpjson.Optional(r.Show),
	}
	for _, h := range target.Headers(r) {
		res.Headers = append(res.Headers, headerResponse(h))
	}
	for _, field := range r.Form {
		name, value, _ := strings.Cut(field, "=")
		res.Form = append(res.Form, headerResponse{name, value})
	}
	return res
}

func newExpect(e course.Expect) expectResponse {
	res := expectResponse{Status: e.Status, Problem: httpjson.Optional(e.Problem), JSON: e.JSON, Holds: e.Holds}
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		res.Header = append(res.Header, headerResponse{name, e.Header[name]})
	}
	if e.CurlExit != 0 {
		res.CurlExit = &e.CurlExit
	}
	if res.JSON == nil {
		res.JSON = map[string]any{}
	}
	return res
}

func nilIfZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
