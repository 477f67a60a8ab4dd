package learn

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func course(t testing.TB) *Course {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// good is a lesson file in which each test spoils one thing.
const good = `{
  "id": "L01", "title": "T", "minutes": 1, "part": "I", "goal": "G", "needs": [], "claims": ["A1"],
  "predict": {"id": "predict", "question": "Q?", "choices": ["a", "b"], "answer": 1, "why": "W"},
  "questions": [{"id": "who", "question": "Q?", "choices": ["a", "b"], "answer": 2, "why": "W"}],
  "steps": [
    {"id": "one", "say": "S", "request": {"method": "POST", "path": "/a", "body_file": "order.json", "save_as": "x.txt"}, "expect": {"status": [200]}},
    {"id": "two", "say": "S", "request": {"method": "GET", "path": "/a", "as": "x.txt"}, "expect": {"status": [200]}}
  ],
  "hints": ["h", "h"], "explain": "EXPLAIN",
  "done": {"seq": [{"see": "s", "step": "one", "route": "POST /a"}], "all": [{"see": "s", "answer": "who"}]}
}`

func TestAFaultyLessonFileIsRefusedWithASentence(t *testing.T) {
	read := func(text string) error {
		text = strings.Replace(text, "EXPLAIN", strings.Repeat("word ", 80), 1)
		return course(t).withoutLessons().read(fstest.MapFS{"lessons/L01.json": {Data: []byte(text)}})
	}
	if err := read(good); err != nil {
		t.Fatalf("the good one is refused: %v", err)
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
		{"a body that does not exist", `order.json`, `none.json`, "none.json"},
		{"a path that climbs", `order.json`, `../../main.go`, "main.go"},
		{"two bodies", `"body_file"`, `"form": ["a=b"], "body_file"`, "one body"},
		{"a quote", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=it's"]`, "some shell"},
		{"a dollar", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=$b"]`, "some shell"},
		{"a percent sign", `"as": "x.txt"`, `"as": "x.txt", "form": ["a=100%"]`, "some shell"},
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
			spoilt := strings.Replace(good, tc.old, tc.new, 1)
			if spoilt == good {
				t.Fatal("nothing is spoilt")
			}
			err := read(spoilt)
			if err == nil || !strings.Contains(err.Error(), "lessons/L01.json") || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// withoutLessons is the course with its claims and words only.
func (c *Course) withoutLessons() *Course { return &Course{Claims: c.Claims, Glossary: c.Glossary} }

// notYet are the claims that no lesson of today lets one try. They are waiting
// for lessons on several branches, revoking, sessions, sizes, storage, attacks,
// rush hours, HTTPS and choosing.
var notYet = strings.Fields(`A15 A16 A18 A20 B8 B18 B19 B21 B23 B24 B25 B26 B27 B28 B29 B30 B31 B34 B37 B39 B40 B41 B42 B43 B45`)

func TestEveryClaimIsTriedInALessonOrWaits(t *testing.T) {
	c := course(t)
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

var (
	acronym = regexp.MustCompile(`\b[A-Z][A-Z0-9]{1,6}\b`)
	code    = regexp.MustCompile("`[^`]*`")
)

// TestEveryTechnicalWordIsExplained takes whatever is written in capitals for a
// technical word, and every claim of a token.
func TestEveryTechnicalWordIsExplained(t *testing.T) {
	c := course(t)
	for _, l := range c.Lessons {
		text := code.ReplaceAllString(l.texts(), "")
		for _, word := range append(acronym.FindAllString(text, -1), "token") {
			if lessonID.MatchString(word) || strings.HasPrefix(word, "LAB") || word == "OFF" {
				continue
			}
			if c.finder.word(word) == nil {
				t.Errorf("%s says %s, which the glossary does not explain", l.ID, word)
			}
		}
		if used := c.words(l); len(used) < 5 {
			t.Errorf("%s uses only %d technical words: %v", l.ID, len(used), used)
		}
		if html := string(c.linkGlossary(l.Explain)); !strings.Contains(html, `<a href="/learn/glossary#`) || strings.Contains(html, "`") {
			t.Errorf("%s is explained as %s", l.ID, html)
		}
	}
	for i, w := range c.Glossary {
		if strings.Contains(w.Says, "\n") || len(w.Says) > 160 || !strings.HasSuffix(w.Says, ".") {
			t.Errorf("%s is not explained in one line: %s", w.Word, w.Says)
		}
		if slices.ContainsFunc(c.Glossary[:i], func(other Word) bool { return other.anchor() == w.anchor() }) {
			t.Errorf("%s is there twice", w.Word)
		}
	}
}

func TestWhatIsLinkedIsEscaped(t *testing.T) {
	got := string(course(t).linkGlossary("An API <b> & a token, and an `<i>` API."))
	want := `An <a href="/learn/glossary#api">API</a> &lt;b&gt; &amp; a <a href="/learn/glossary#token">token</a>, and an <code>&lt;i&gt;</code> <a href="/learn/glossary#api">API</a>.`
	// After the code the text is one with what came before: API is linked once.
	want = strings.Replace(want, `</code> <a href="/learn/glossary#api">API</a>.`, `</code> API.`, 1)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var sentenceEnd = regexp.MustCompile(`[.?!:;] |\n`)

// Sentences that are long are hard to read.
func TestTextsAreReadable(t *testing.T) {
	for _, l := range course(t).Lessons {
		for _, sentence := range sentenceEnd.Split(l.texts(), -1) {
			if n := len(strings.Fields(sentence)); n > 36 {
				t.Errorf("%s has a sentence of %d words: %s", l.ID, n, sentence)
			}
		}
	}
}

// TestTheREADMENamesTheLessons holds its table against the files.
func TestTheREADMENamesTheLessons(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (L\d\d) \| ([^|]+) \|`).FindAllStringSubmatch(string(readme), -1)
	if len(rows) != 5 {
		t.Errorf("the express route has %d lessons", len(rows))
	}
	c := course(t)
	for _, row := range rows {
		if l, ok := c.Lesson(row[1]); !ok || l.Title != row[2] {
			t.Errorf("the README calls %s %q", row[1], row[2])
		}
	}
}
