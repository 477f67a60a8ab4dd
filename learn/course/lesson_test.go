package course

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestLessons_areValid(t *testing.T) {
	if err := validate(files); err != nil {
		t.Error(err)
	}
}

// TestLessons_sayWhatTheyAskFor: each step that may be refused says so in a pattern, so that a
// teacher is not told of it as trouble.
func TestLessons_sayWhatTheyAskFor(t *testing.T) {
	for _, l := range Load().Lessons {
		asks := slices.Concat(l.Done.Patterns(), l.Asks)
		for _, s := range slices.Concat(l.Prepare, l.Steps, l.After) {
			for _, status := range s.Expect.Status {
				if status >= 400 && !slices.ContainsFunc(asks, func(p Pattern) bool { return p.Step == s.ID && slices.Contains(p.Status, status) }) {
					t.Errorf("%s: no pattern says that %s may be answered with %d", l.ID, s.ID, status)
				}
			}
		}
		for _, p := range l.Asks {
			if !slices.ContainsFunc(l.Steps, func(s Step) bool { return s.ID == p.Step }) {
				t.Errorf("%s asks in a step %q, which it does not have", l.ID, p.Step)
			}
		}
	}
}

// valid is a lesson file in which each test spoils one thing.
const valid = `{
  "id": "L01", "title": "T", "minutes": 1, "part": "I", "goal": "G", "needs": [], "claims": ["A1"],
  "predict": {"id": "predict", "question": "Q?", "choices": ["a", "b"], "answer": 1, "why": "W", "why_not": ["", "n"]},
  "questions": [{"id": "who", "question": "Q?", "choices": ["a", "b"], "answer": 2, "why": "W", "why_not": ["n", ""]}],
  "steps": [
    {"id": "one", "say": "S", "request": {"method": "POST", "path": "/a", "body_file": "order.json", "save_as": "x.txt"}, "expect": {"status": [200]}},
    {"id": "two", "say": "S", "request": {"method": "GET", "path": "/a", "as": "x.txt"}, "expect": {"status": [200]}}
  ],
  "hints": ["h", "h"], "explain": "EXPLAIN",
  "done": {"seq": [{"see": "s", "step": "one", "route": "POST /a"}], "all": [{"see": "s", "answer": "who"}]}
}`

// TestLessons_faultIsNamed spoils one thing at a time in a valid lesson file.
func TestLessons_faultIsNamed(t *testing.T) {
	check := func(text string) error {
		text = strings.Replace(text, "EXPLAIN", strings.Repeat("word ", 80), 1)
		folder := fstest.MapFS{"lessons/L01.json": {Data: []byte(text)}}
		for _, name := range []string{"claims.json", "glossary.json"} {
			data, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			folder[name] = &fstest.MapFile{Data: data}
		}
		return validate(folder)
	}
	if err := check(valid); err != nil {
		t.Fatalf("the valid file is refused: %v", err)
	}
	for _, tc := range []struct{ name, old, new, says string }{
		{"no JSON", `"id"`, `id`, "cannot be read"},
		{"an unknown field", `"goal": "G"`, `"goal": "G", "gaol": 1`, "cannot be read"},
		{"another id", `"L01"`, `"L02"`, "its name"},
		{"no goal", `"goal": "G"`, `"goal": ""`, "must be given"},
		{"one hint", `["h", "h"]`, `["h"]`, "two hints"},
		{"an empty hint", `["h", "h"]`, `["h", ""]`, "two hints"},
		{"a long explanation", `EXPLAIN`, strings.Repeat("word ", 200), "60 to 160"},
		{"a short explanation", `EXPLAIN`, "No.", "60 to 160"},
		{"an unknown claim", `["A1"]`, `["A99"]`, "A99"},
		{"an unknown lesson before it", `"needs": []`, `"needs": ["L00"]`, "L00"},
		{"another prediction", `"id": "predict"`, `"id": "guess"`, "prediction"},
		{"an answer that is no choice", `"answer": 2`, `"answer": 3`, "number of a choice"},
		{"one choice", `"choices": ["a", "b"], "answer": 2`, `"choices": ["a"], "answer": 1`, "two choices"},
		{"no why", `"answer": 2, "why": "W"`, `"answer": 2, "why": ""`, "why"},
		{"no step", `"steps": [`, `"steps": [], "prepare": [`, "no step"},
		{"a step without words", `"say": "S"`, `"say": ""`, "must say"},
		{"a step without a status", `{"status": [200]}}`, `{"status": []}}`, "must say"},
		{"a strange method", `"method": "GET"`, `"method": "BREW"`, "needs a method"},
		{"a relative path", `"GET", "path": "/a"`, `"GET", "path": "a"`, "begins with /"},
		{"a file that nobody has saved", `"as": "x.txt"`, `"as": "y.txt"`, "y.txt"},
		{"a copy of what nobody has saved", `"as": "x.txt"`, `"body_file": "z.json", "altered_from": "y.json"`, "y.json"},
		{"a copy over its original", `"as": "x.txt"`, `"body_file": "x.txt", "altered_from": "x.txt"`, "another name"},
		{"a condition of a step after it is done", `"hints": ["h", "h"], "explain": "EXPLAIN",
  "done": {"seq": [{"see": "s", "step": "one"`, `"after": [{"id": "late", "say": "S", "request": {"method": "GET", "path": "/a"}, "expect": {"status": [200]}}],
  "hints": ["h", "h"], "explain": "EXPLAIN", "done": {"seq": [{"see": "s", "step": "late"`, "names a step"},
		{"a body that does not exist", `order.json`, `none.json`, "none.json"},
		{"a path that climbs", `order.json`, `../../main.go`, "main.go"},
		{"two bodies", `"body_file"`, `"form": ["a=b"], "body_file"`, "one body"},
		{"a quote", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=it's"]`, "some shell"},
		{"a dollar", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=$b"]`, "some shell"},
		{"a backslash", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=\\\\"]`, "some shell"},
		{"an extra that counts", `"minutes": 1`, `"minutes": 1, "extra": true`, "an extra"},
		{"a why_not too few", `"why_not": ["n", ""]`, `"why_not": ["n"]`, "why_not"},
		{"a why_not for the right choice", `"why_not": ["n", ""]`, `"why_not": ["", "n"]`, "why_not"},
		{"no why_not", `, "why_not": ["n", ""]`, ``, "why_not"},
		{"no question that counts", `, "all": [{"see": "s", "answer": "who"}]`, ``, "after its steps"},
		{"a jar that nobody has filled", `"as": "x.txt"`, `"jar_in": "jar.txt"`, "jar.txt"},
		{"options that nobody has saved", `"as": "x.txt"`, `"config": "wire.txt"`, "wire.txt"},
		{"a certificate that nobody has saved", `"as": "x.txt"`, `"cacert": "ca.pem"`, "ca.pem"},
		{"an unknown place", `"as": "x.txt"`, `"at": "garden"`, "garden"},
		{"too many times", `"as": "x.txt"`, `"repeat": 201`, "200"},
		{"half a response", `"as": "x.txt"`, `"show": "body"`, "the status"},
		{"a status of no response", `"as": "x.txt"}, "expect": {"status": [200]}`, `"as": "x.txt"}, "expect": {"status": [200], "curl_exit": 60}`, "if there is one"},
		{"a request on a page", `"id": "two"`, `"id": "two", "page": "#/token"`, "which status"},
		{"a page that sends from nowhere", `"id": "two"`, `"id": "two", "sends": [{"id": "three", "say": "S", "request": {"method": "GET", "path": "/a"}, "expect": {"status": [200]}}]`, "done on none"},
		{"a page that sends nothing real", `{"id": "two", "say": "S", "request": {"method": "GET", "path": "/a", "as": "x.txt"}, "expect": {"status": [200]}}`, `{"id": "two", "say": "S", "page": "p", "sends": [{"id": "three", "say": "S", "request": {"method": "GET", "path": "/a", "as": "z.txt"}, "expect": {"status": [200]}}]}`, "z.txt"},
		{"a number with choices", `"questions": [{"id": "who", `, `"questions": [{"id": "who", "measured": {"door": "jwt", "distance_ms": 0, "value": "bytes", "unit": "bytes", "usual": 1}, `, "has choices"},
		{"a number of nothing", `"choices": ["a", "b"], "answer": 2, "why": "W", "why_not": ["n", ""]`, `"measured": {"door": "window", "distance_ms": 0, "value": "bytes", "unit": "bytes", "usual": 1}, "answer": 1, "why": "W", "why_not": ["", "n"]`, "a door of"},
		{"a number without a reason", `"choices": ["a", "b"], "answer": 2, "why": "W", "why_not": ["n", ""]`, `"measured": {"door": "jwt", "distance_ms": 0, "value": "bytes", "unit": "bytes", "usual": 1}, "answer": 1, "why": "W"`, "a why_not for 2"},
		{"a minimum in a sequence", `"route": "POST /a"`, `"route": "POST /a", "min": 2`, "a minimum"},
		{"a report from nowhere", `"route": "POST /a"`, `"route": "POST /a", "via": "house"`, "reported from"},
		{"the same id twice", `"id": "two"`, `"id": "one"`, "id of another"},
		{"a condition without words", `"see": "s", "step"`, `"see": "", "step"`, "no words"},
		{"a condition of an unknown step", `"step": "one"`, `"step": "three"`, "names a step"},
		{"a condition without a route", `, "route": "POST /a"`, ``, "route or an answer"},
		{"half a route", `"route": "POST /a"`, `"route": "POST"`, "needs a route"},
		{"an answer to nothing", `"answer": "who"`, `"answer": "when"`, "not asked"},
		{"a strange word for the same", `"route": "POST /a"`, `"route": "POST /a", "same": "body"`, "same token"},
		{"a strange word for different", `"route": "POST /a"`, `"route": "POST /a", "different": "body"`, "different client"},
		{"nothing to be done", `{"seq"`, `{}, "look": "x", "fine_print": "y", "title": "T", "dane": {"seq"`, "cannot be read"},
		{"an empty condition", `{"seq": [{"see": "s", "step": "one", "route": "POST /a"}], "all": [{"see": "s", "answer": "who"}]}`, `{}`, "nothing would make it done"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spoilt := strings.Replace(valid, tc.old, tc.new, 1)
			if spoilt == valid {
				t.Fatal("nothing is spoilt")
			}
			err := check(spoilt)
			if err == nil || !strings.Contains(err.Error(), "lessons/L01.json") || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// notYet are the claims that no lesson lets one try yet. They wait for lessons on
// several instances, revoking, sessions, sizes, storage, attacks, load, HTTPS and
// choosing.
var notYet = strings.Fields(``)

// TestClaims_areTriedOrListed: every claim is tried in a lesson, or listed in notYet.
func TestClaims_areTriedOrListed(t *testing.T) {
	c := Load()
	tried := map[string]string{}
	for _, l := range c.Lessons {
		for _, id := range l.Claims {
			tried[id] = l.ID
		}
	}
	for id := range c.Claims {
		waits := slices.Contains(notYet, id)
		if waits && tried[id] != "" {
			t.Errorf("%s is tried in %s: take it off the list of those that wait", id, tried[id])
		}
		if !waits && tried[id] == "" {
			t.Errorf("no lesson claims %s: %s", id, c.Claims[id])
		}
	}
	if len(c.Claims) != 66 || len(tried)+len(notYet) != len(c.Claims) {
		t.Errorf("%d claims, %d tried, %d wait", len(c.Claims), len(tried), len(notYet))
	}
	t.Logf("not yet covered: %s", strings.Join(notYet, " "))
}

var sentenceEnd = regexp.MustCompile(`[.?!:;] |\n`)

// TestLessons_sentencesAreShort, because long ones are hard to read.
func TestLessons_sentencesAreShort(t *testing.T) {
	for _, l := range Load().Lessons {
		for _, sentence := range sentenceEnd.Split(l.texts(), -1) {
			if n := len(strings.Fields(sentence)); n > 36 {
				t.Errorf("%s has a sentence of %d words: %s", l.ID, n, sentence)
			}
		}
	}
}

// TestLessons_askAtTheEnd: each lesson asks a question after the steps that counts, answers each
// wrong choice in words of its own, and says where the picture stops.
func TestLessons_askAtTheEnd(t *testing.T) {
	for _, l := range Load().Lessons {
		counts := slices.ContainsFunc(l.Done.Patterns(), func(p Pattern) bool { return p.Answer != "" && p.Answer != PredictID })
		if !counts {
			t.Errorf("%s can be done without an answer", l.ID)
		}
		for _, q := range l.AllQuestions() {
			if q.WhyNot == nil {
				t.Errorf("%s does not say why the wrong choices of %q are wrong", l.ID, q.ID)
			}
		}
		if l.FinePrint == "" {
			t.Errorf("%s does not say where the picture stops", l.ID)
		}
	}
}

// TestLessons_teachersPageNamesThem holds the table of docs/teaching.md against the files.
func TestLessons_teachersPageNamesThem(t *testing.T) {
	page, err := os.ReadFile("../../docs/teaching.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([LX]\d\d) \| ([^|]+) \|`).FindAllStringSubmatch(string(page), -1)
	c := Load()
	if len(rows) != len(c.Lessons) {
		t.Errorf("%d of %d lessons", len(rows), len(c.Lessons))
	}
	for _, row := range rows {
		if l, ok := c.Lesson(row[1]); !ok || l.Title != row[2] {
			t.Errorf("the page calls %s %q", row[1], row[2])
		}
	}
}

// validate reads the course of a folder and names the first fault in it.
func validate(files fs.FS) error {
	c, err := read(files)
	if err != nil {
		return err
	}
	names, err := fs.Glob(files, "lessons/*.json")
	if err != nil || len(names) == 0 {
		return fmt.Errorf("there is no file in lessons/: %w", err)
	}
	for n, name := range names {
		if fault := c.fault(c.Lessons[n], strings.TrimSuffix(path.Base(name), ".json")); fault != "" {
			return fmt.Errorf("%s is not valid: %s", name, fault)
		}
	}
	return nil
}

var (
	lessonID = regexp.MustCompile(`^[LX][0-9]{2}$`)
	itemID   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// fault says what is wrong with a lesson, or nothing.
func (c *Course) fault(l *Lesson, name string) string {
	switch {
	case l.ID != name || !lessonID.MatchString(l.ID):
		return "its id must be its name, such as L01"
	case l.Extra != strings.HasPrefix(l.ID, "X") || l.Extra && len(l.Claims) > 0:
		return "an extra is called X01, says so, and claims nothing"
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
		if _, known := c.Lesson(id); !known || id >= l.ID {
			return fmt.Sprintf("it needs %q, which is no lesson before it", id)
		}
	}
	for _, q := range l.AllQuestions() {
		if fault := q.fault(); fault != "" {
			return fmt.Sprintf("its question %q %s", q.ID, fault)
		}
	}
	if fault := l.stepsFault(); fault != "" {
		return fault
	}
	return l.doneFault()
}

// fault says what is wrong with a question, or nothing.
func (q Question) fault() string {
	switch {
	case !itemID.MatchString(q.ID):
		return "needs an id of small letters and hyphens"
	case q.Question == "" || q.Why == "":
		return "needs a question, and a why that is said afterwards"
	case q.Measured != nil:
		return q.numberFault()
	case len(q.Choices) < 2 || slices.Contains(q.Choices, ""):
		return "needs two choices or more"
	case q.Answer < 1 || q.Answer > len(q.Choices):
		return fmt.Sprintf("has the answer %d; it must be the number of a choice, from 1", q.Answer)
	case !q.saysWhyNot():
		return "needs a why_not for each choice, which is empty only for the right one"
	}
	return ""
}

// numberFault says what is wrong with a question for a number, or nothing.
func (q Question) numberFault() string {
	m := q.Measured
	switch {
	case len(q.Choices) > 0:
		return "has choices, and asks for a number"
	case q.Answer != NumberNear || len(q.WhyNot) != NumberOff || q.WhyNot[0] != "" || q.WhyNot[1] == "":
		return "needs the answer 1, which is near, and a why_not for 2"
	case !slices.Contains([]string{"jwt", "jwt-remembered", "session"}, m.Door) || m.DistanceMS != 0 && m.DistanceMS != 5:
		return "needs a door of /lab/compare and a distance of 0 or 5"
	case !slices.Contains([]string{"bytes", "queries", "median_us"}, m.Value) || m.Unit == "" || m.Usual <= 0:
		return "needs bytes, queries or median_us, a unit, and a usual number"
	}
	return ""
}

// saysWhyNot reports whether each wrong choice has its own reason.
func (q Question) saysWhyNot() bool {
	if len(q.WhyNot) != len(q.Choices) {
		return false
	}
	for n, why := range q.WhyNot {
		if (why == "") != (n+1 == q.Answer) || slices.Contains(q.WhyNot[:n], why) {
			return false
		}
	}
	return true
}

func (l *Lesson) stepsFault() string {
	known := map[string]bool{}
	saved := map[string]bool{}
	for _, s := range slices.Concat(l.AllSteps(), l.After) {
		fault := s.fault(saved)
		if known[s.ID] {
			fault = "has the id of another one"
		}
		if fault != "" {
			return fmt.Sprintf("its step %q %s", s.ID, fault)
		}
		for _, sent := range append(s.Sends, s) {
			known[sent.ID], saved[sent.Request.SaveAs], saved[sent.Request.JarOut] = true, true, true
		}
	}
	return ""
}

// plain are the characters that every shell reads as they are between double quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9 _.,:;/=@?&+{}()\[\]%-]*$`)

// fault says what is wrong with a step, or nothing; saved are the files of steps before it.
func (s Step) fault(saved map[string]bool) string {
	r := s.Request
	switch {
	case !itemID.MatchString(s.ID):
		return "needs an id of small letters and hyphens"
	case s.Say == "" || (s.Page == "" && s.Expect.CurlExit == 0) != (len(s.Expect.Status) > 0):
		return "must say what it does, and which status to expect if there is one"
	case s.Page == "" && s.Sends != nil:
		return "sends something from a page, and is done on none"
	case s.Page != "":
		return s.pageFault(saved)
	case !slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}, r.Method) || !strings.HasPrefix(r.Path, "/"):
		return "needs a method, and a path that begins with /"
	case r.As != "" && !saved[r.As]:
		return "shows " + r.As + ", which no step before it has saved"
	case r.AlteredFrom != "" && (!saved[r.AlteredFrom] || saved[r.BodyFile]):
		return "alters " + r.AlteredFrom + ", which a step before it must have saved under another name"
	case r.BodyFile != "" && r.AlteredFrom == "" && !saved[r.BodyFile] && !slices.Contains(ExampleNames(), r.BodyFile):
		return "sends " + r.BodyFile + ", which is none of /learn/files and no step before it has saved"
	case r.BodyFile != "" && len(r.Form) > 0:
		return "has a form and a file; a request has one body"
	}
	if fault := r.fault(saved); fault != "" {
		return fault
	}
	words := slices.Concat([]string{r.Path, r.As, r.SaveAs, r.BodyFile, r.AlteredFrom, r.JarIn, r.JarOut, r.Config, r.CACert}, r.Form)
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

// fault says what is wrong with what curl does with a request, or nothing.
func (r Request) fault(saved map[string]bool) string {
	for _, file := range []string{r.JarIn, r.Config, r.CACert} {
		if file != "" && !saved[file] {
			return "needs " + file + ", which no step before it has saved"
		}
	}
	switch {
	case !slices.Contains([]string{"", AtHouse, AtKiosk, AtWire, AtStage}, r.At):
		return "goes to " + r.At + ", which is no place"
	case r.Repeat < 0 || r.Repeat > 200:
		return "is repeated more than 200 times"
	case !slices.Contains([]string{"", ShowStatus}, r.Show):
		return "may show only the status"
	}
	return ""
}

func (s Step) pageFault(saved map[string]bool) string {
	if !reflect.ValueOf(s.Request).IsZero() || !plain.MatchString(strings.TrimPrefix(s.Page, "#")) {
		return "is done on a page, so it has no request, and its page is an address"
	}
	saved = maps.Clone(saved)
	for _, sent := range s.Sends {
		if fault := sent.fault(saved); fault != "" || sent.Page != "" {
			return fmt.Sprintf("sends %q from its page, which %s", sent.ID, cmp.Or(fault, "is done on a page"))
		}
		saved[sent.Request.SaveAs] = true
	}
	return ""
}

func (l *Lesson) doneFault() string {
	patterns := l.Done.Patterns()
	if len(patterns) == 0 {
		return "nothing would make it done"
	}
	if !slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Answer != "" && p.Answer != PredictID }) {
		return "none of what must be seen is the answer to a question after its steps"
	}
	steps := map[string]bool{"": true}
	for _, s := range l.Steps {
		steps[s.ID] = true
	}
	for n, p := range patterns {
		fault := p.fault()
		if p.Min > 1 && (n >= len(l.Done.All) || p.Different != "") {
			fault = "may have a minimum only as a request of all"
		}
		if p.Answer != "" && !l.asks(p.Answer, p.Min) {
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

// asks reports whether there is a question of this id, or a group of so many questions.
func (l *Lesson) asks(answer string, least int) bool {
	if least > 1 {
		in := slices.DeleteFunc(slices.Clone(l.Questions), func(q Question) bool { return q.Group != answer })
		return len(in) >= least
	}
	_, known := l.Question(answer)
	return known
}

// fault says what is wrong with a pattern, or nothing.
func (p Pattern) fault() string {
	method, route, _ := strings.Cut(p.Route, " ")
	switch {
	case p.See == "":
		return "has no words"
	case (p.Route == "") == (p.Answer == ""):
		return "needs a route or an answer, and not both"
	case p.Route != "" && (method == "" || route == ""):
		return `needs a route such as "GET /api/v1/menu"`
	case !slices.Contains([]string{"", sameToken, sameOrder}, p.Same):
		return "may be the same token or the same order"
	case p.Min < 0 || !slices.Contains([]string{"", AtKiosk, AtWire, AtStage}, p.Via):
		return "needs a minimum above 0, and may be reported from the kiosk, the wire or the stage"
	case !slices.Contains([]string{"", differentClient, differentSubject}, p.Different):
		return "may be a different client or a different subject"
	}
	return ""
}
