// Package httpjson is the waiter's notepad: how an order is taken down, and how the
// answer is written.
//
// It binds bodies, forms, queries and cursors, negotiates by Accept, and writes JSON
// with entity tags. Of this program it imports only problem: which error becomes
// which problem is handed in, see [Adapter].
package httpjson

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
)

// MaxBody is the largest request body in bytes.
const MaxBody = 64 << 10

// Bind reads a JSON body into req. It refuses fields that req does not have: a client
// that sends "role" must not believe that it was accepted.
func Bind(c *gin.Context, req any) error { return bindJSON(c, req, json.RejectUnknownMembers(true)) }

// BindIgnoringUnknown is Bind for calls that accept a saved response as their body and
// use only some of its fields.
func BindIgnoringUnknown(c *gin.Context, req any) error { return bindJSON(c, req) }

func bindJSON(c *gin.Context, req any, opts ...json.Options) error {
	if MediaType(c) != "application/json" {
		return problem.UnsupportedMediaType.New("")
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	return decode(body, req, opts...)
}

// MediaType returns the media type of the body without its parameters, or "" if the
// body is not declared as UTF-8.
func MediaType(c *gin.Context) string {
	kind, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if charset, ok := params["charset"]; err != nil || ok && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return kind
}

func readBody(c *gin.Context) ([]byte, error) {
	if c.Request.ContentLength > MaxBody {
		return nil, problem.BodyTooLarge.New("")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, problem.BodyTooLarge.New("")
	}
	if err != nil {
		return nil, problem.MalformedJSON.New("The body ended before it was complete.").Because(err)
	}
	return body, nil
}

// decode unmarshals body. Its errors never repeat what was sent.
func decode(body []byte, req any, opts ...json.Options) error {
	err := json.Unmarshal(body, req, opts...)
	if err == nil {
		return nil
	}
	// A syntax error comes first, wherever in the body it is.
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
	return problem.ValidationFailed.New("").Because(err).
		Fields(problem.FieldError{Field: fieldName(semantic.JSONPointer), Message: typeMessage(semantic.GoType)})
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

// fieldName writes a JSON pointer as items[0].size. The pointer holds only names of
// our own fields: unknown ones were refused before.
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
	if t == reflect.TypeFor[time.Time]() {
		return "must be a time such as 2026-01-31T19:00:00Z"
	}
	switch t.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be a whole number"
	case reflect.Slice:
		return "must be a list"
	}
	return "must be an object"
}
