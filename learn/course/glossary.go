package course

import (
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// Word is a technical word and what it means.
type Word struct {
	Word string `json:"word"`
	Says string `json:"says"`
	// Forms are other spellings under which texts use it.
	Forms []string `json:"forms,omitzero"`
}

var notInAnchor = regexp.MustCompile(`[^a-z0-9]+`)

// Anchor returns the fragment of the word's line on the glossary page.
func (w Word) Anchor() string {
	return strings.Trim(notInAnchor.ReplaceAllString(strings.ToLower(w.Word), "-"), "-")
}

// finder finds technical words in a text.
type finder struct {
	pattern *regexp.Regexp
	byForm  map[string]*Word
}

// newFinder prefers longer forms: an access token is more than a token. Where all letters
// are capitals, only capitals count: GET is a method, and get is not.
func newFinder(glossary []Word) finder {
	f := finder{byForm: map[string]*Word{}}
	var forms []string
	for i := range glossary {
		w := &glossary[i]
		for _, form := range append([]string{w.Word}, w.Forms...) {
			f.byForm[strings.ToLower(form)] = w
			forms = append(forms, form)
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for i, form := range forms {
		forms[i] = regexp.QuoteMeta(form)
		if form == strings.ToUpper(form) {
			forms[i] = "(?-i:" + forms[i] + ")"
		}
	}
	f.pattern = regexp.MustCompile(`(?i)\b(?:` + strings.Join(forms, "|") + `)\b`)
	return f
}

// word returns the word of a form that was found.
func (f finder) word(form string) *Word { return f.byForm[strings.ToLower(form)] }

// texts returns all texts of a lesson in which a technical word may stand.
func (l *Lesson) texts() string {
	all := append([]string{l.Goal, l.Look, l.Explain, l.FinePrint}, l.Hints...)
	for _, s := range slices.Concat(l.AllSteps(), l.After) {
		all = append(all, s.Say)
	}
	for _, q := range l.AllQuestions() {
		all = append(append(all, q.Question, q.Why), q.Choices...)
	}
	for _, p := range l.Done.Patterns() {
		all = append(all, p.See)
	}
	return strings.Join(all, "\n")
}

// Words returns the technical words of a lesson, in the order of the glossary.
func (c *Course) Words(l *Lesson) (used []Word) {
	met := map[*Word]bool{}
	for _, form := range c.finder().pattern.FindAllString(l.texts(), -1) {
		met[c.finder().word(form)] = true
	}
	for i := range c.Glossary {
		if met[&c.Glossary[i]] {
			used = append(used, c.Glossary[i])
		}
	}
	return used
}

// NewWords returns the technical words of a lesson that no lesson before it uses.
func (c *Course) NewWords(l *Lesson) (unmet []Word) {
	known := map[string]bool{}
	for _, before := range c.Lessons[:slices.IndexFunc(c.Lessons, func(other *Lesson) bool { return other.ID == l.ID })] {
		for _, w := range c.Words(before) {
			known[w.Word] = true
		}
	}
	return slices.DeleteFunc(c.Words(l), func(w Word) bool { return known[w.Word] })
}

// Link writes a text as HTML: the first occurrence of each technical word leads to its
// line in the glossary, which is under a base path, and what is between backticks is code.
func (c *Course) Link(base, text string) template.HTML {
	met := map[*Word]bool{}
	link := func(form string) string {
		w := c.finder().word(form)
		if met[w] {
			return form
		}
		met[w] = true
		return `<a href="` + base + `/learn/glossary#` + w.Anchor() + `">` + form + `</a>`
	}
	parts := strings.Split(html.EscapeString(text), "`")
	for i := range parts {
		if i%2 == 0 {
			parts[i] = c.finder().pattern.ReplaceAllStringFunc(parts[i], link)
		} else {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
	}
	return template.HTML(strings.Join(parts, "")) //nolint:gosec // every piece of it was escaped
}
