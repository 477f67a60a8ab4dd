package httpjson

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"restaurant/problem"
	"restaurant/spelling"
)

// UnknownField refuses a field that is not one of known, and names the nearest of them.
func UnknownField(name string, known []string) *problem.Problem {
	detail := "The body has a field that this call does not take."
	if repeatable(name) {
		detail = fmt.Sprintf("The body has the field %q, which this call does not take.", name)
	}
	if near := spelling.Nearest(name, known); near != "" {
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
