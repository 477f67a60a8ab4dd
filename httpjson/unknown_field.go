package httpjson

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"restaurant/problem"
)

// UnknownField refuses a field that is not one of known, and names the nearest of them.
func UnknownField(name string, known []string) *problem.Problem {
	detail := "The body has a field that this call does not take."
	if repeatable(name) {
		detail = fmt.Sprintf("The body has the field %q, which this call does not take.", name)
	}
	if near := Nearest(name, known); near != "" {
		return problem.UnknownField.New(fmt.Sprintf("%s Did you mean %q?", detail, near))
	}
	return problem.UnknownField.New(detail + " It takes: " + strings.Join(known, ", ") + ".")
}

// sentTwice says that the body, or the form, names a field twice.
func sentTwice(what, name string) string {
	if !repeatable(name) {
		return "The " + what + " names a field twice."
	}
	return fmt.Sprintf("The %s names the field %q twice.", what, name)
}

func repeatable(name string) bool {
	return len(name) <= 40 && fieldForm.MatchString(name) && !secretWord.MatchString(name)
}

// What may be repeated of a name that a client made up: nothing that could be markup, and
// no word for which somebody searches the answers, to find out whether secrets leak.
var (
	fieldForm  = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	secretWord = regexp.MustCompile(`(?i)password_|hash|secret`)
)

// fieldNames are the names that a struct has in JSON.
func fieldNames(t reflect.Type) (names []string) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if name := jsonName(f); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// takesLiteral reports whether the field of a struct that has that name in JSON is a number or
// a bool.
func takesLiteral(t reflect.Type, name string) bool {
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		t := f.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		return jsonName(f) == name && reflect.Bool <= t.Kind() && t.Kind() <= reflect.Float64
	})
}

// Nearest returns the one of known that somebody who wrote word may have meant: the
// fewest letters differ, and at most a third of them, or one begins with the other. If
// there is none, it returns an empty text.
func Nearest(word string, known []string) (near string) {
	word = strings.ToLower(word)
	if len(word) > 40 {
		return ""
	}
	fewest := 1 + (len(word)+2)/3
	for _, k := range known {
		if n := edits(word, k); n < fewest {
			near, fewest = k, n
		}
	}
	if near != "" || len(word) < 3 {
		return near
	}
	if i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(k, word) || strings.HasPrefix(word, k) }); i >= 0 {
		return known[i]
	}
	return ""
}

// edits is the Levenshtein distance: how many letters to insert, delete or replace.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
