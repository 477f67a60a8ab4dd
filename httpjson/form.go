package httpjson

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/problem"
)

// FormType is the media type of an HTML form.
const FormType = "application/x-www-form-urlencoded"

// Form reads a form body. It refuses fields that are not among known.
func Form(c *gin.Context, known ...string) (url.Values, error) {
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	values, err := parseForm(body)
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, problem.UnknownField.New("")
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
			return nil, problem.MalformedForm.New("The form names a field twice.")
		}
		fields[name] = list[0]
	}
	return fields, err
}

// BindOrForm is Bind for calls that accept a form with the same fields, too. In a form
// digits are numbers, of a repeated field the first counts, and the line end that an
// editor puts behind the body is not part of the last value.
func BindOrForm(c *gin.Context, req any) error {
	if MediaType(c) != FormType {
		return Bind(c, req)
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	values, err := parseForm(bytes.TrimSpace(body))
	if err != nil {
		return err
	}
	object := map[string]any{}
	for name, list := range values {
		object[name] = list[0]
		if n, err := strconv.Atoi(list[0]); err == nil {
			object[name] = n
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return problem.MalformedForm.New("").Because(err)
	}
	return decode(text, req, json.RejectUnknownMembers(true))
}

func parseForm(body []byte) (url.Values, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil || !utf8.Valid(body) {
		return nil, problem.MalformedForm.New("").Because(err)
	}
	return values, nil
}
