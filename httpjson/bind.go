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
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
)

// Bind reads a JSON body into req. It refuses fields that req does not have: a client
// that sends "role" must not believe that it was accepted.
func Bind(c *gin.Context, req any) error { return bindJSON(c, req, json.RejectUnknownMembers(true)) }

// BindIgnoringUnknown is Bind for calls that accept a saved response as their body and
// use only some of its fields.
func BindIgnoringUnknown(c *gin.Context, req any) error { return bindJSON(c, req) }

func bindJSON(c *gin.Context, req any, opts ...json.Options) error {
	if MediaType(c) != MediaJSON {
		return wrongType(c)
	}
	body, err := readBody(c, problem.MalformedJSON)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return problem.MalformedJSON.New(emptyBody)
	}
	return decode(body, req, opts...)
}

// decode unmarshals body. Its errors never repeat a value that was sent.
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
		return UnknownField(semantic.JSONPointer.LastToken(), fieldNames(semantic.GoType)).Because(err)
	}
	return problem.ValidationFailed.New("").Because(err).
		Fields(problem.FieldError{Field: fieldName(semantic.JSONPointer), Message: typeMessage(semantic.GoType)})
}

func syntaxDetail(err error) string {
	s, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		return sentTwice("body", s.JSONPointer.LastToken()) + " Two programs could understand such a body differently, so the server refuses it."
	case ok:
		return fmt.Sprintf("The body is not valid JSON: the mistake is at byte %d. Some shells change quotation marks. With curl, save the body in a file and send it with -d \"@file.json\".", s.ByteOffset)
	}
	return "The body is not valid JSON."
}

// fieldName writes a JSON pointer as items[0].size, up to the first name that may not be
// repeated. Unknown fields were refused before, but the client makes up the keys of a map.
func fieldName(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		if !repeatable(token) {
			break
		}
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
	case reflect.Float64:
		return "must be a number such as 12 or 0.5"
	case reflect.Slice:
		return "must be a list"
	}
	return "must be an object"
}
