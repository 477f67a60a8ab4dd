package handlers

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
)

// maxBody bounds the body of a request in bytes.
const maxBody = 64 << 10

// bind reads a JSON body into req. Fields that the call does not take are
// refused: whoever sends "role" must not believe that it was taken.
func bind(c *gin.Context, req any) error {
	return bindJSON(c, req, json.RejectUnknownMembers(true))
}

// bindIgnoringUnknown is bind for calls that take a saved answer as their body and pick
// what they need.
func bindIgnoringUnknown(c *gin.Context, req any) error { return bindJSON(c, req) }

func bindJSON(c *gin.Context, req any, opts ...json.Options) error {
	if mediaType(c) != "application/json" {
		return problem.UnsupportedMediaType.New("")
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, req, opts...); err != nil {
		return bindError(body, err)
	}
	return nil
}

// mediaType is the type of the body, or empty where it cannot be read as UTF-8.
func mediaType(c *gin.Context) string {
	kind, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if charset, ok := params["charset"]; err != nil || ok && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return kind
}

func readBody(c *gin.Context) ([]byte, error) {
	if c.Request.ContentLength > maxBody {
		return nil, problem.BodyTooLarge.New("")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, problem.BodyTooLarge.New("")
	}
	if err != nil {
		return nil, problem.MalformedJSON.New("The body ended before it was complete.").Because(err)
	}
	return body, nil
}

// bindError says what is wrong with a JSON body, in words that never repeat
// what was sent.
func bindError(body []byte, err error) error {
	// A fault in the syntax counts first, wherever in the body it is.
	if err := json.Unmarshal(body, new(jsontext.Value)); err != nil {
		return problem.MalformedJSON.New(syntaxDetail(err)).Because(err)
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		return err
	case errors.Is(err, json.ErrUnknownName):
		return problem.UnknownField.New("").Because(err)
	}
	message := typeMessage(semantic.GoType)
	if errors.Is(err, errCookieMode) {
		message = errCookieMode.Error()
	}
	return invalid(problem.FieldError{Field: fieldName(semantic.JSONPointer), Message: message})
}

func syntaxDetail(err error) string {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return "The body names a field twice. Two readers could understand it differently, so it is refused."
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("The body is not well-formed JSON: the fault is at byte %d.", s.ByteOffset)
	}
	return "The body is not well-formed JSON."
}

// fieldName turns a JSON pointer into the path that people write. Only names of
// our own fields can be in it: unknown ones were refused before.
func fieldName(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		switch _, err := strconv.Atoi(token); {
		case err == nil:
			path.WriteString("[" + token + "]")
		case path.Len() == 0:
			path.WriteString(token)
		default:
			path.WriteString("." + token)
		}
	}
	if path.Len() == 0 {
		return "body"
	}
	return path.String()
}

func typeMessage(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return "has the wrong type"
	}
	switch t.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int64:
		return "must be a whole number"
	case reflect.Slice:
		return "must be a list"
	}
	return "must be an object"
}

// bindForm reads an application/x-www-form-urlencoded body whose fields each
// come at most once.
func bindForm(c *gin.Context, known ...string) (map[string]string, error) {
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || !utf8.Valid(body) {
		return nil, problem.MalformedForm.New("").Because(err)
	}
	fields := map[string]string{}
	for name, vs := range values {
		switch {
		case !contains(known, name):
			return nil, problem.UnknownField.New("")
		case len(vs) > 1:
			return nil, problem.MalformedForm.New("The form names a field twice.")
		}
		fields[name] = vs[0]
	}
	return fields, nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// invalid is the answer to a request that was understood but cannot be taken.
func invalid(errs ...problem.FieldError) error {
	return problem.ValidationFailed.New("").Fields(errs...)
}

// checks collects what is wrong with a request, so that a guest learns of all of
// it at once.
type checks []problem.FieldError

// require notes the message for a field unless ok.
func (cs *checks) require(ok bool, field, message string) {
	if !ok {
		*cs = append(*cs, problem.FieldError{Field: field, Message: message})
	}
}

// err is the verdict: nil if nothing was noted.
func (cs *checks) err() error {
	if len(*cs) == 0 {
		return nil
	}
	return invalid(*cs...)
}

// isText tells whether s has at least one visible character, no more than most
// characters, and none that would break a line, a terminal or a log.
func isText(s string, most int) bool {
	return strings.TrimSpace(s) != "" && isOptionalText(s, most)
}

// isOptionalText is isText for what may be empty.
func isOptionalText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

var visibleASCII = regexp.MustCompile(`^[!-~]{1,255}$`)

// query is the query of a request, whose faults are collected.
type query struct {
	url.Values
	cs *checks
}

func readQuery(c *gin.Context, cs *checks) query {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	cs.require(err == nil, "query", "must be name=value pairs, percent-encoded and joined by &")
	return query{values, cs}
}

// int reads a whole number; without one it is the default.
func (q query) int(name string, def, least, most int64) int64 {
	if !q.Has(name) {
		return def
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	q.cs.require(err == nil && n >= least && n <= most, name, fmt.Sprintf("must be a whole number from %d to %d", least, most))
	return n
}

// boolParam reads true or false; without one it is nil.
func (q query) boolParam(name string) *bool {
	if !q.Has(name) {
		return nil
	}
	flag := q.Get(name) == "true"
	q.cs.require(flag || q.Get(name) == "false", name, "must be true or false")
	return &flag
}
