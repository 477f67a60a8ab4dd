package learn

import (
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// finder finds the technical words in a text.
type finder struct {
	pattern *regexp.Regexp
	byForm  map[string]*Word
}

// newFinder looks for the longest first: an access token is more than a token.
func newFinder(glossary []Word) finder {
	f := finder{byForm: map[string]*Word{}}
	var forms []string
	for i := range glossary {
		w := &glossary[i]
		for _, form := range append([]string{w.Word}, w.Forms...) {
			f.byForm[strings.ToLower(form)] = w
			forms = append(forms, regexp.QuoteMeta(form))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	f.pattern = regexp.MustCompile(`(?i)\b(?:` + strings.Join(forms, "|") + `)\b`)
	return f
}

// word is what a text means by a form that was found.
func (f finder) word(form string) *Word { return f.byForm[strings.ToLower(form)] }

// texts are all texts of a lesson in which a technical word may stand.
func (l *Lesson) texts() string {
	var b strings.Builder
	for _, text := range []string{l.Goal, l.Predict.Question, l.Predict.Why, l.Look, l.Explain, l.FinePrint, l.Hints[0], l.Hints[1]} {
		b.WriteString(text + "\n")
	}
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		b.WriteString(s.Say + "\n")
	}
	for _, q := range l.questions() {
		b.WriteString(q.Question + "\n" + q.Why + "\n" + strings.Join(q.Choices, "\n") + "\n")
	}
	for _, p := range l.Done.patterns() {
		b.WriteString(p.See + "\n")
	}
	return b.String()
}

// words are the technical words that a lesson uses, in the order of the glossary.
func (c *Course) words(l *Lesson) (used []Word) {
	met := map[*Word]bool{}
	for _, form := range c.finder.pattern.FindAllString(l.texts(), -1) {
		met[c.finder.word(form)] = true
	}
	for i := range c.Glossary {
		if met[&c.Glossary[i]] {
			used = append(used, c.Glossary[i])
		}
	}
	return used
}

var backticks = regexp.MustCompile("`([^`]+)`")

// linkGlossary makes a text ready for a page: each technical word leads to its line in
// the glossary when it comes for the first time, and what is between backticks is
// code.
func (c *Course) linkGlossary(text string) template.HTML {
	met := map[*Word]bool{}
	var out strings.Builder
	rest := text
	for rest != "" {
		at := backticks.FindStringSubmatchIndex(rest)
		prose := rest
		if at != nil {
			prose = rest[:at[0]]
		}
		last := 0
		for _, m := range c.finder.pattern.FindAllStringIndex(prose, -1) {
			w := c.finder.word(prose[m[0]:m[1]])
			if met[w] {
				continue
			}
			met[w] = true
			out.WriteString(html.EscapeString(prose[last:m[0]]))
			out.WriteString(`<a href="/learn/glossary#` + w.anchor() + `">` + html.EscapeString(prose[m[0]:m[1]]) + `</a>`)
			last = m[1]
		}
		out.WriteString(html.EscapeString(prose[last:]))
		if at == nil {
			break
		}
		out.WriteString("<code>" + html.EscapeString(rest[at[2]:at[3]]) + "</code>")
		rest = rest[at[1]:]
	}
	return template.HTML(out.String()) //nolint:gosec // every piece of it was escaped
}

var notInAnchor = regexp.MustCompile(`[^a-z0-9]+`)

// anchor names the word's line in the glossary.
func (w Word) anchor() string {
	return strings.Trim(notInAnchor.ReplaceAllString(strings.ToLower(w.Word), "-"), "-")
}
