package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// odd are words and orders of words that a learner of English stumbles over, with what to
// say instead, and images that are not in the README's table.
var odd = []struct{ words, instead string }{
	{`\banew\b`, "again"},
	{`\bwho(m)?ever\b`, "everyone who, anyone who, or the word for that person"},
	{`^whatever\b|[.:;] whatever\b`, "everything that, what"},
	{`\bwherever\b`, "where, everywhere"},
	{`\b(stands?|standing) (in|on|there|between|behind|under|beside|above|below|at)\b`, "is, or is written"},
	{`\bstood (in|on|there|between|behind|under|beside)\b`, "was, or was written"},
	{`\bas (it|they) stands?\b`, "as it is, unchanged"},
	{`\bthe own\b`, "their own, its own"},
	{`\bof (its|their|one's|your|our) own future\b`, "that was issued later"},
	{`\b(tells?|told) whether\b`, "says if"},
	{`\b(goes|go|going|went) along\b`, "is sent with, comes with"},
	{`\b(nobody|no one|none|nothing)\b[^.]{0,80}\bany more\b`, "no longer"},
	{`\bfor good\b`, "for ever, always, or a time"},
	{`\bgood for\b`, "works for, works once"},
	{`\bin two hands\b`, "two people have it"},
	{`\bmoves? the end on\b`, "lives longer"},
	{`\bby turns\b`, "in turns"},
	{`\bbeforehand\b`, "before"},
	{`\b(lest|hence|thereof|therein|thereby|whence|whilst|upon|save for|in vain|of old|yonder|shall)\b`, "a word of today"},
	{`\bnapkins?\b|\bguest books?\b|\bstamp samples?\b|\bback ?yard\b`, "the field's word"},
	{`\blook alike\b|\blooks? like one\b`, "cannot be told apart, count as one"},
	{`\bmenu cards?\b`, "printed menu (documentation); the menu is the list of dishes"},
	{`\bbouncer \((login|authentication|authorization)\)`, "bouncer (login and token check): one meaning everywhere"},
	{`\bkitchen \(server\)`, "kitchen (server program): the server is the whole, with bouncer and waiter"},
	{`\btoys?\b`, "a call of the lab, an experiment"},
	{`\bno more (than|of)? ?(there|here)\b`, "not any longer"},
}

// TestWords_areOfToday reads what people read: the README and the pages in docs, the page,
// the lessons, the document of the API, and every text in the code: messages, -h, problems.
func TestWords_areOfToday(t *testing.T) {
	texts := map[string][]string{}
	for name, text := range proseFiles(t) {
		texts[name] = append(texts[name], text)
	}
	for name, file := range sourceFiles(t, parser.SkipObjectResolution) {
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					texts[name] = append(texts[name], text)
				}
			}
			return true
		})
	}
	for _, o := range odd {
		pattern := regexp.MustCompile(`(?im)` + o.words)
		for name, all := range texts {
			for _, text := range all {
				for _, at := range pattern.FindAllStringIndex(text, -1) {
					t.Errorf("%s says %q: %s", name, around(text, at), o.instead)
				}
			}
		}
	}
}

var (
	american = regexp.MustCompile(`(?i)\b(colors?|behaviors?|favorites?|canceled|canceling|centers?|catalogs?|neighbors?|gray)\b`)
	code     = regexp.MustCompile("(?s)```.*?```|`[^`]*`")
)

// TestWords_areBritish: one spelling for all pages and lessons.
func TestWords_areBritish(t *testing.T) {
	for name, text := range proseFiles(t) {
		if path.Ext(name) != ".md" && !strings.HasPrefix(name, "learn/course/") {
			continue
		}
		text = code.ReplaceAllString(text, "")
		for _, at := range american.FindAllStringIndex(text, -1) {
			t.Errorf("%s says %q: British spelling", name, around(text, at))
		}
	}
}

// around is a place in a text with some words beside it.
func around(text string, at []int) string {
	from, to := max(0, at[0]-30), min(len(text), at[1]+30)
	return strings.Join(strings.Fields(strings.ToValidUTF8(text[from:to], "")), " ")
}

// proseFiles are the files that are text for people as a whole.
func proseFiles(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{".git", "data", "dist", "node_modules", "swaggerui", "testdata", "decisions", "e2e"}, d.Name())):
			return fs.SkipDir
		case d.IsDir() || name == "CHANGELOG.md" || !isProse(name):
			return nil
		}
		text, err := os.ReadFile(name)
		if found[name] = string(text); path.Ext(name) == ".js" {
			found[name] = jsComment.ReplaceAllString(found[name], "")
		}
		return err
	})
	if err != nil || len(found) < 50 {
		t.Fatalf("%d files: %v", len(found), err)
	}
	return found
}

// jsComment is what no guest reads of a script.
var jsComment = regexp.MustCompile(`(?m)^\s*(/\*\*|\*) .*$|(^|\s)// .*$`)

func isProse(name string) bool {
	switch path.Ext(name) {
	case ".md", ".html", ".js":
		return true
	case ".json":
		return strings.HasPrefix(name, "learn/course/") || name == "docs/openapi.json"
	case ".tmpl", ".txt", ".sh", ".conf", ".yaml", ".yml":
		return strings.HasPrefix(name, "learn/") || strings.HasPrefix(name, "deploy/")
	}
	return false
}
