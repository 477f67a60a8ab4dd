package httpjson

import (
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
)

// FormType is the media type of an HTML form.
const FormType = "application/x-www-form-urlencoded"

// Form reads a form body. It refuses fields that are among neither many nor once, and
// fields of once that come twice.
func Form(c *gin.Context, many []string, once ...string) (url.Values, error) {
	values, err := readForm(c)
	known := slices.Concat(many, once)
	for name, list := range values {
		if !slices.Contains(known, name) {
			return nil, UnknownField(name, known)
		}
		if len(list) > 1 && !slices.Contains(many, name) {
			return nil, problem.MalformedForm.New(sentTwice("form", name))
		}
	}
	return values, err
}

// SingleForm is Form for fields that come at most once each.
func SingleForm(c *gin.Context, known ...string) (map[string]string, error) {
	values, err := Form(c, nil, known...)
	fields := make(map[string]string, len(values))
	for name, list := range values {
		fields[name] = list[0]
	}
	return fields, err
}

// BindOrForm is Bind for calls that accept a form with the same fields, too. In a form
// a field that takes a number, true or false has it as in JSON.
func BindOrForm(c *gin.Context, req any) error {
	if MediaType(c) != FormType {
		return Bind(c, req)
	}
	fields := reflect.TypeOf(req).Elem()
	form, err := SingleForm(c, fieldNames(fields)...)
	if err != nil {
		return err
	}
	object := map[string]any{}
	for name, text := range form {
		object[name] = text
		if takesLiteral(fields, name) && jsonLiteral.MatchString(text) {
			object[name] = jsontext.Value(text)
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return problem.MalformedForm.New("").Because(err)
	}
	return decode(text, req)
}

// jsonLiteral is a number, true or false as JSON writes it (RFC 8259, sections 3 and 6).
var jsonLiteral = regexp.MustCompile(`^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$`)

// readForm parses a form body.
func readForm(c *gin.Context) (url.Values, error) {
	body, err := readBody(c, problem.MalformedForm)
	if err != nil {
		return nil, err
	}
	switch {
	case len(body) == 0: // well-formed, other than an empty JSON text
		return nil, problem.ValidationFailed.New(emptyBody).Fields(problem.FieldError{Field: "body", Message: "must not be empty"})
	case body[0] == '{' || body[0] == '[':
		return nil, problem.UnsupportedMediaType.New(jsonAsForm)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || !validUTF8(values) {
		return nil, problem.MalformedForm.New("").Because(err)
	}
	return values, nil
}

// validUTF8 looks at what the percent-encoding stands for.
func validUTF8(values url.Values) bool {
	for name, list := range values {
		if !utf8.ValidString(name) || slices.ContainsFunc(list, func(v string) bool { return !utf8.ValidString(v) }) {
			return false
		}
	}
	return true
}
