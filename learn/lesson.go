package learn

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

//go:embed lessons/*.json
var lessonFiles embed.FS

//go:embed claims.json
var claimsJSON []byte

//go:embed glossary.json
var glossaryJSON []byte

// Lesson is one lesson as its file says it. Everything that a learner sees of it,
// on the page, in a terminal and on paper, is made from this.
type Lesson struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
	// Part is the chapter, such as "I. The restaurant".
	Part string `json:"part"`
	// Goal says in one sentence what one can do afterwards.
	Goal string `json:"goal"`
	// Needs are lessons that come before it.
	Needs []string `json:"needs"`
	// Claims are the sentences about APIs and tokens that it lets one try; see claims.json.
	Claims []string `json:"claims"`
	// Predict is asked before the first step; a wrong guess costs nothing.
	Predict Question `json:"predict"`
	// Questions are asked after the steps.
	Questions []Question `json:"questions,omitzero"`
	// Prepare are the calls of earlier lessons whose files the steps need.
	Prepare []Step `json:"prepare,omitzero"`
	Steps   []Step `json:"steps"`
	// Look says what else is worth a look.
	Look      string    `json:"look,omitzero"`
	Hints     []string  `json:"hints"`
	Explain   string    `json:"explain"`
	FinePrint string    `json:"fine_print,omitzero"`
	Done      Condition `json:"done"`
}

// Question has one right choice. Choices are numbered from 1.
type Question struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Choices  []string `json:"choices"`
	Answer   int      `json:"answer"`
	// Why is said after the answer.
	Why string `json:"why"`
}

// PredictID is the id of the question that each lesson begins with.
const PredictID = "predict"

// Step is one request and what comes back.
type Step struct {
	ID  string `json:"id"`
	Say string `json:"say"`
	// Wait is how many seconds to wait before the request.
	Wait    int     `json:"wait,omitzero"`
	Request Request `json:"request"`
	Expect  Expect  `json:"expect"`
}

// Request is a request without the words of any tool. shells.go says it in those
// of several.
type Request struct {
	Method string `json:"method"`
	// Path may hold {order}, the number of the order that the lesson has placed.
	Path    string   `json:"path"`
	Headers []Header `json:"headers,omitzero"`
	// Form are fields of a form, each name=value.
	Form []string `json:"form,omitzero"`
	// BodyFile is a file whose text is the body: one of /learn/files, or one that
	// an earlier step has saved.
	BodyFile string `json:"body_file,omitzero"`
	// As is a file that holds the line of an Authorization header.
	As string `json:"as,omitzero"`
	// SaveAs is the file that the answer goes to.
	SaveAs string `json:"save_as,omitzero"`
	// Stream tells that the answer is written bit by bit.
	Stream bool `json:"stream,omitzero"`
}

// Header is one header of a request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Expect is what the answer to a step must be.
type Expect struct {
	// Status lists the statuses that are fine.
	Status  []int  `json:"status"`
	Problem string `json:"problem,omitzero"`
	// Header are headers whose value must hold the text.
	Header map[string]string `json:"header,omitzero"`
	// JSON are members of the answer, by their path, such as claims.vip or items.0.id.
	JSON map[string]any `json:"json,omitzero"`
	// Holds are texts that must be in the answer.
	Holds []string `json:"holds,omitzero"`
}

// Condition says what the server must have seen: All in any order, and Seq in
// this order, with anything in between.
type Condition struct {
	All []Pattern `json:"all,omitzero"`
	Seq []Pattern `json:"seq,omitzero"`
}

// patterns are all of them, those of All first.
func (c Condition) patterns() []Pattern { return slices.Concat(c.All, c.Seq) }

// Lesson with all its questions.
func (l *Lesson) questions() []Question { return append([]Question{l.Predict}, l.Questions...) }

func (l *Lesson) question(id string) (Question, bool) {
	i := slices.IndexFunc(l.questions(), func(q Question) bool { return q.ID == id })
	if i < 0 {
		return Question{}, false
	}
	return l.questions()[i], true
}

// Course is all that there is to learn.
type Course struct {
	Lessons []*Lesson
	// Claims are the sentences that lessons let one try, by their ids.
	Claims map[string]string
	// Glossary explains each technical word in a line.
	Glossary []Word

	finder finder
}

// Word is a technical word and what it means.
type Word struct {
	Word string `json:"word"`
	Says string `json:"says"`
	// Forms are other spellings under which texts use it.
	Forms []string `json:"forms,omitzero"`
}

// Lesson finds a lesson by its id.
func (c *Course) Lesson(id string) (*Lesson, bool) {
	i := slices.IndexFunc(c.Lessons, func(l *Lesson) bool { return l.ID == id })
	if i < 0 {
		return nil, false
	}
	return c.Lessons[i], true
}

// Load reads the lessons that are inside the program.
func Load() (*Course, error) {
	c := &Course{}
	if err := strict(claimsJSON, &c.Claims); err != nil {
		return nil, fmt.Errorf("claims.json cannot be read: %w", err)
	}
	if err := strict(glossaryJSON, &c.Glossary); err != nil {
		return nil, fmt.Errorf("glossary.json cannot be read: %w", err)
	}
	c.finder = newFinder(c.Glossary)
	return c, c.read(lessonFiles)
}

func strict(text []byte, into any) error {
	return json.Unmarshal(text, into, json.RejectUnknownMembers(true))
}

// read takes the lessons of a folder. The error is a sentence that names the file.
func (c *Course) read(files fs.FS) error {
	names, err := fs.Glob(files, "lessons/*.json")
	if err != nil || len(names) == 0 {
		return errors.Join(errors.New("there is no file in lessons/"), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		l := new(Lesson)
		if err := strict(text, l); err != nil {
			return fmt.Errorf("the lesson file %s cannot be read: %w. Compare it with the others in its folder", name, err)
		}
		if fault := c.validate(l, strings.TrimSuffix(path.Base(name), ".json")); fault != "" {
			return fmt.Errorf("the lesson file %s is refused: %s", name, fault)
		}
		c.Lessons = append(c.Lessons, l)
	}
	return nil
}

var (
	lessonID = regexp.MustCompile(`^L[0-9]{2}$`)
	itemID   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// validate says what is wrong with a lesson, or nothing.
func (c *Course) validate(l *Lesson, name string) string {
	switch {
	case l.ID != name || !lessonID.MatchString(l.ID):
		return "its id must be its name, such as L01"
	case l.Title == "" || l.Part == "" || l.Goal == "" || l.Minutes < 1:
		return "title, part, goal and minutes must be given"
	case len(l.Hints) != 2 || slices.Contains(l.Hints, ""):
		return "there must be exactly two hints: a nudge, and nearly the solution"
	case l.Predict.ID != PredictID:
		return "the id of its prediction must be " + PredictID
	case len(l.Steps) == 0:
		return "it has no step"
	}
	if n := len(strings.Fields(l.Explain)); n < 60 || n > 160 {
		return fmt.Sprintf("its explanation has %d words; 60 to 160 can be read at one go", n)
	}
	for _, id := range l.Claims {
		if c.Claims[id] == "" {
			return fmt.Sprintf("it claims %q, which claims.json does not name", id)
		}
	}
	for _, id := range l.Needs {
		if _, known := c.Lesson(id); !known {
			return fmt.Sprintf("it needs %q, which is no lesson before it", id)
		}
	}
	for _, q := range l.questions() {
		if fault := q.validate(); fault != "" {
			return fmt.Sprintf("its question %q %s", q.ID, fault)
		}
	}
	if fault := l.stepsFault(); fault != "" {
		return fault
	}
	return l.doneFault()
}

func (q Question) validate() string {
	switch {
	case !itemID.MatchString(q.ID):
		return "needs an id of small letters and hyphens"
	case q.Question == "" || q.Why == "":
		return "needs a question, and a why that is said afterwards"
	case len(q.Choices) < 2 || slices.Contains(q.Choices, ""):
		return "needs two choices or more"
	case q.Answer < 1 || q.Answer > len(q.Choices):
		return fmt.Sprintf("has the answer %d; it must be the number of a choice, from 1", q.Answer)
	}
	return ""
}

func (l *Lesson) stepsFault() string {
	known := map[string]bool{}
	saved := map[string]bool{}
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		fault := s.validate(saved)
		if known[s.ID] {
			fault = "has the id of another one"
		}
		if fault != "" {
			return fmt.Sprintf("its step %q %s", s.ID, fault)
		}
		known[s.ID], saved[s.Request.SaveAs] = true, true
	}
	return ""
}

// plain are the characters that every shell takes for what they are, between
// double quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9 _.,:;/=@?&+{}()-]*$`)

func (s Step) validate(saved map[string]bool) string {
	r := s.Request
	switch {
	case !itemID.MatchString(s.ID):
		return "needs an id of small letters and hyphens"
	case s.Say == "" || len(s.Expect.Status) == 0:
		return "must say what it does, and which status to expect"
	case !slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE"}, r.Method) || !strings.HasPrefix(r.Path, "/"):
		return "needs a method, and a path that begins with /"
	case r.As != "" && !saved[r.As]:
		return "shows " + r.As + ", which no step before it has saved"
	case r.BodyFile != "" && !saved[r.BodyFile] && !isExample(r.BodyFile):
		return "sends " + r.BodyFile + ", which is none of /learn/files and no step before it has saved"
	case r.BodyFile != "" && len(r.Form) > 0:
		return "has a form and a file; a request has one body"
	}
	words := slices.Concat([]string{r.Path, r.As, r.SaveAs, r.BodyFile}, r.Form)
	for _, h := range r.Headers {
		words = append(words, h.Name+": "+h.Value)
	}
	for _, w := range words {
		if !plain.MatchString(w) {
			return fmt.Sprintf("has %q, which some shell reads differently", w)
		}
	}
	return ""
}

func (l *Lesson) doneFault() string {
	patterns := l.Done.patterns()
	if len(patterns) == 0 {
		return "nothing would make it done"
	}
	steps := map[string]bool{"": true}
	for _, s := range l.Steps {
		steps[s.ID] = true
	}
	for _, p := range patterns {
		fault := p.validate()
		if _, known := l.question(p.Answer); p.Answer != "" && !known {
			fault = "waits for an answer to a question that is not asked"
		}
		if !steps[p.Step] {
			fault = "names a step that there is not"
		}
		if fault != "" {
			return fmt.Sprintf("what must be seen, %q, %s", p.See, fault)
		}
	}
	return ""
}
