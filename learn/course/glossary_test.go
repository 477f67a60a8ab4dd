package course

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	acronym = regexp.MustCompile(`\b[A-Z][A-Z0-9]{1,6}\b`)
	code    = regexp.MustCompile("`[^`]*`")
)

// TestGlossary_explainsEveryWord takes what is written in capitals for a technical word.
func TestGlossary_explainsEveryWord(t *testing.T) {
	c := Load()
	for _, l := range c.Lessons {
		text := code.ReplaceAllString(l.texts(), "")
		for _, word := range append(acronym.FindAllString(text, -1), "token") {
			if lessonID.MatchString(word) || strings.HasPrefix(word, "RESTAURANT_LAB") || word == "OFF" {
				continue
			}
			if c.finder().word(word) == nil {
				t.Errorf("%s says %s, which the glossary does not explain", l.ID, word)
			}
		}
		if used := c.Words(l); len(used) < 5 {
			t.Errorf("%s uses only %d technical words: %v", l.ID, len(used), used)
		}
		if html := string(c.Link("", l.Explain)); !strings.Contains(html, `<a href="/learn/glossary#`) || strings.Contains(html, "`") {
			t.Errorf("%s is explained as %s", l.ID, html)
		}
	}
	for i, w := range c.Glossary {
		if strings.Contains(w.Says, "\n") || len(w.Says) > 160 || !strings.HasSuffix(w.Says, ".") {
			t.Errorf("%s is not explained in one line: %s", w.Word, w.Says)
		}
		if slices.ContainsFunc(c.Glossary[:i], func(other Word) bool { return other.Anchor() == w.Anchor() }) {
			t.Errorf("%s is there twice", w.Word)
		}
	}
}

func TestGlossary_linksAreEscaped(t *testing.T) {
	got := string(Load().Link("", "An API <b> & a token, and an `<i>` API."))
	want := `An <a href="/learn/glossary#api">API</a> &lt;b&gt; &amp; a <a href="/learn/glossary#token">token</a>, and an <code>&lt;i&gt;</code> <a href="/learn/glossary#api">API</a>.`
	// After the code the text is one with what came before: API is linked once.
	want = strings.Replace(want, `</code> <a href="/learn/glossary#api">API</a>.`, `</code> API.`, 1)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestGlossary_smallLettersAreNoMethod: "get" and "id" are other words than GET and ID.
func TestGlossary_smallLettersAreNoMethod(t *testing.T) {
	want := `You get an id, and <a href="/learn/glossary#method">GET</a> an <a href="/learn/glossary#id">ID</a>.`
	if got := string(Load().Link("", "You get an id, and GET an ID.")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestGlossary_newWordsAreExplainedOnce: each word is new in the first lesson that uses it.
func TestGlossary_newWordsAreExplainedOnce(t *testing.T) {
	c := Load()
	met := map[string]string{}
	for _, l := range c.Lessons {
		for _, w := range c.NewWords(l) {
			if met[w.Word] != "" {
				t.Errorf("%s is new in %s and in %s", w.Word, met[w.Word], l.ID)
			}
			met[w.Word] = l.ID
		}
		for _, w := range c.Words(l) {
			if met[w.Word] == "" {
				t.Errorf("%s is used in %s and never explained", w.Word, l.ID)
			}
		}
	}
	if met["API"] != "L01" || met["refresh token"] != "L03" {
		t.Errorf("the words are new in %v", met)
	}
}
