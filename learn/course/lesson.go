// Package course is the timetable of the evening class: what each lesson says, asks
// and waits for. A lesson is a file (lessons/L01.json …) with neutral requests; the
// page, the terminal's text, the printed sheet and the scripts are made from it.
//
// A condition says which requests the server must have seen for a lesson to be done.
// The package knows nothing of who has seen what; that is in learn.
package course

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

//go:embed lessons/*.json claims.json glossary.json
var files embed.FS

// Course is all that there is to learn. It never changes, so servers share it.
type Course struct {
	Lessons []*Lesson
	// Claims are the sentences that lessons let one try, by their ids.
	Claims map[string]string
	// Glossary explains each technical word in a line.
	Glossary []Word

	finder func() finder // made when a text is first asked for
}

// Lesson is one lesson as its file says it.
type Lesson struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
	// Part is the chapter, such as "I. The restaurant".
	Part string `json:"part"`
	// Extra is true for a lesson beside the course: it does not count and claims nothing.
	Extra bool `json:"extra,omitzero"`
	// Alone is true if the learner finds the commands without help.
	Alone bool `json:"alone,omitzero"`
	// Goal says in one sentence what one can do afterwards.
	Goal string `json:"goal"`
	// Needs are the ids of lessons that come before it.
	Needs []string `json:"needs"`
	// Claims are the ids of the sentences that it lets one try; see claims.json.
	Claims []string `json:"claims"`
	// Predict is asked before the first step; a wrong guess costs nothing.
	Predict Question `json:"predict"`
	// Questions are asked after the steps.
	Questions []Question `json:"questions,omitzero"`
	// Prepare are the requests of earlier lessons whose files the steps need.
	Prepare []Step `json:"prepare,omitzero"`
	Steps   []Step `json:"steps"`
	// After are requests for when the lesson is done. None of them counts.
	After []Step `json:"after,omitzero"`
	// Look says what else is worth a look.
	Look      string    `json:"look,omitzero"`
	Hints     []string  `json:"hints"`
	Explain   string    `json:"explain"`
	FinePrint string    `json:"fine_print,omitzero"`
	Done      Condition `json:"done"`
	// Asks are refusals that steps ask for, and that count for nothing or come many times. A teacher is not told of them as trouble.
	Asks []Pattern `json:"asks,omitzero"`
}

// Question has one right choice, or asks for a number. Choices are numbered from 1; of a
// number the two are NumberNear and NumberOff, and they have no texts.
type Question struct {
	ID string `json:"id"`
	// Group is a name that several questions of a lesson share, if it counts how many of
	// them are answered rightly.
	Group    string   `json:"group,omitzero"`
	Question string   `json:"question"`
	Choices  []string `json:"choices,omitzero"`
	Answer   int      `json:"answer"`
	// Measured is the number that it asks for; nil if it has choices.
	Measured *Measured `json:"measured,omitzero"`
	// Why is said after the answer.
	Why string `json:"why"`
	// WhyNot says of each choice why it is wrong; empty for the right one.
	WhyNot []string `json:"why_not,omitzero"`
}

// Measured is a number in the learner's own comparison.
type Measured struct {
	// They say where it is in the answers of /lab/compare.
	Door       string `json:"door"`
	DistanceMS int    `json:"distance_ms"`
	Value      string `json:"value"`
	// Unit is what it counts, such as bytes.
	Unit string `json:"unit"`
	// Usual is what scripts answer: right on every computer for bytes and queries. Of a time
	// nobody can know it before.
	Usual float64 `json:"usual"`
}

// What is kept of a number that was answered.
const (
	NumberNear = 1
	NumberOff  = 2
)

// numberWithin is how far a number may be from what was measured, as a part of that: runs
// differ, and people round.
const numberWithin = 0.2

// Judge returns which of the two choices a number is, if this was measured.
func Judge(number, measured float64) int {
	if math.Abs(number-measured) <= numberWithin*measured {
		return NumberNear
	}
	return NumberOff
}

// HasChoice reports whether a choice has this number.
func (q Question) HasChoice(choice int) bool {
	most := len(q.Choices)
	if q.Measured != nil {
		most = NumberOff
	}
	return 1 <= choice && choice <= most
}

// WhyNotOf says why a choice is wrong; empty for the right one.
func (q Question) WhyNotOf(choice int) string {
	if choice < 1 || choice > len(q.WhyNot) {
		return ""
	}
	return q.WhyNot[choice-1]
}

// PredictID is the id of the question that each lesson begins with.
const PredictID = "predict"

// Step is one request and what comes back, or something to do on a page.
type Step struct {
	ID  string `json:"id"`
	Say string `json:"say"`
	// Wait is how many seconds to wait before the request.
	Wait int `json:"wait,omitzero"`
	// Page is the address of a page of the server on which the step is done, such as
	// #/token. Such a step has no request: the server sees what the page sends.
	Page string `json:"page,omitzero"`
	// Sends are the requests that a browser sends when the step is done on its page, for
	// tools that are no browser.
	Sends   []Step  `json:"sends,omitzero"`
	Request Request `json:"request,omitzero"`
	Expect  Expect  `json:"expect,omitzero"`
}

// GuestStep is the id of the step that reads who {guest} is. The guest must have placed {order}.
const GuestStep = "guest"

// Request is a request without the words of any tool; learn/export adds those.
type Request struct {
	Method string `json:"method"`
	// Path may hold {order}, the number of the order that the lesson has placed, and {guest}, the
	// id that its step GuestStep has read.
	Path    string   `json:"path"`
	Headers []Header `json:"headers,omitzero"`
	// Form are fields of a form, each name=value.
	Form []string `json:"form,omitzero"`
	// BodyFile is a file whose text is the body: an Example, or one that an earlier
	// step has saved.
	BodyFile string `json:"body_file,omitzero"`
	// AlteredFrom is a file that an earlier step has saved. BodyFile is then a copy of it that
	// the learner makes, with one Letter more at the end of the signed text in it.
	AlteredFrom string `json:"altered_from,omitzero"`
	// As is a file that holds the line of an Authorization header.
	As string `json:"as,omitzero"`
	// SaveAs is the file for the response.
	SaveAs string `json:"save_as,omitzero"`
	// Stream is true if the response comes bit by bit.
	Stream bool `json:"stream,omitzero"`
	// At is whom the request goes to; AtHouse if it is empty.
	At string `json:"at,omitzero"`
	// JarIn and JarOut are files of cookies, to send and to save.
	JarIn  string `json:"jar_in,omitzero"`
	JarOut string `json:"jar_out,omitzero"`
	// Config is a file of options for curl that an earlier step has saved.
	Config string `json:"config,omitzero"`
	// CACert is a file with the certificate to trust that an earlier step has saved.
	CACert string `json:"cacert,omitzero"`
	// Repeat is how many times to send the request, with n=1, n=2 and so on in the query;
	// once if it is 0.
	Repeat int `json:"repeat,omitzero"`
	// Show is ShowStatus, or empty for the whole response.
	Show string `json:"show,omitzero"`
}

// Letter is what a copy has more than the file that it is AlteredFrom. With it, a signature
// is still base64url, so it is wrong and not malformed.
const Letter = "A"

// The values of Request.At. AtWire is this server over TLS: the options in Config lead
// curl to the relay of the lab. Plain HTTP through the relay is AtHouse with Config.
const (
	AtHouse = "house"
	AtKiosk = "kiosk"
	AtWire  = "wire"
	AtStage = "stage"
)

// ShowStatus shows only the status of each response, one in a line.
const ShowStatus = "status"

// Header is one header of a request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Expect is what the response to a step must be.
type Expect struct {
	// Status lists the statuses that are fine.
	Status  []int  `json:"status"`
	Problem string `json:"problem,omitzero"`
	// Header are headers whose value must hold the text.
	Header map[string]string `json:"header,omitzero"`
	// JSON are members of the response, by their path, such as claims.vip or items.0.id.
	JSON map[string]any `json:"json,omitzero"`
	// Holds are texts that must be in the response.
	Holds []string `json:"holds,omitzero"`
	// CurlExit is the exit code of a curl that gets no response. Such a step has no status.
	CurlExit int `json:"curl_exit,omitzero"`
}

// Load returns the course inside the program. It panics if a file cannot be read,
// which TestLessons_areValid rules out.
var Load = sync.OnceValue(func() *Course {
	c, err := read(files)
	if err != nil {
		panic(err)
	}
	return c
})

// read reads the course of a folder. The error names the file.
func read(files fs.FS) (*Course, error) {
	c := &Course{}
	names, err := fs.Glob(files, "lessons/*.json")
	if err := errors.Join(err, parse(files, "claims.json", &c.Claims), parse(files, "glossary.json", &c.Glossary)); err != nil {
		return nil, err
	}
	c.finder = sync.OnceValue(func() finder { return newFinder(c.Glossary) })
	for _, name := range names {
		l := new(Lesson)
		if err := parse(files, name, l); err != nil {
			return nil, err
		}
		c.Lessons = append(c.Lessons, l)
	}
	return c, nil
}

func parse(files fs.FS, name string, into any) error {
	text, err := fs.ReadFile(files, name)
	if err == nil {
		err = json.Unmarshal(text, into, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	return nil
}

// Lesson returns the lesson of an id.
func (c *Course) Lesson(id string) (*Lesson, bool) {
	i := c.index(id)
	if i < 0 {
		return nil, false
	}
	return c.Lessons[i], true
}

// Counted returns the lessons of the course without the extras.
func (c *Course) Counted() (lessons []*Lesson) {
	for _, l := range c.Lessons {
		if !l.Extra {
			lessons = append(lessons, l)
		}
	}
	return lessons
}

func (c *Course) index(id string) int {
	return slices.IndexFunc(c.Lessons, func(l *Lesson) bool { return l.ID == id })
}

// Select returns the lessons of a list such as L01-L05 or L01,L03, all that count for an
// empty one, and nil if it is malformed or names a lesson that does not exist.
func (c *Course) Select(list string) (lessons []*Lesson) {
	if list == "" {
		return c.Counted()
	}
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, last := c.index(from), c.index(to)
		if first < 0 || last < first {
			return nil
		}
		lessons = append(lessons, c.Lessons[first:last+1]...)
	}
	return lessons
}

// AllSteps returns the preparing steps and the steps, without those After.
func (l *Lesson) AllSteps() []Step { return slices.Concat(l.Prepare, l.Steps) }

// AllQuestions returns the prediction and the questions.
func (l *Lesson) AllQuestions() []Question { return append([]Question{l.Predict}, l.Questions...) }

// Question returns the question of an id.
func (l *Lesson) Question(id string) (Question, bool) {
	for _, q := range l.AllQuestions() {
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}
