package httpjson

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/problem"
)

// FormType is the media type of an HTML form.
const FormType = "application/x-www-form-urlencoded"

// Form reads a form body. It refuses fields that are not among known.
func Form(c *gin.Context, known ...string) (url.Values, error) {
	values, err := readForm(c)
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, UnknownField(name, known)
		}
	}
	return values, err
}

// SingleForm is Form for fields that come at most once each.
func SingleForm(c *gin.Context, known ...string) (map[string]string, error) {
	values, err := Form(c, known...)
	fields := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, problem.MalformedForm.New(sentTwice("form", name))
		}
		fields[name] = list[0]
	}
	return fields, err
}

// BindOrForm is Bind for calls that accept a form with the same fields, too. In a form
// digits are numbers, and of a repeated field the first counts.
func BindOrForm(c *gin.Context, req any) error {
	if MediaType(c) != FormType {
		return Bind(c, req)
	}
	values, err := readForm(c)
	if err != nil {
		return err
	}
	object := map[string]any{}
	for name, list := range values {
		object[name] = list[0]
		if n, err := strconv.Atoi(list[0]); err == nil {
			object[name] = n
		} else if n, err := strconv.ParseFloat(list[0], 64); err == nil && strings.Trim(list[0], "0123456789.") == "" {
			object[name] = n
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return problem.MalformedForm.New("").Because(err)
	}
	return decode(text, req, json.RejectUnknownMembers(true))
}

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
