package learn

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
	"restaurant/web"
)

// patience is how long to wait for a database that is away.
const patience = 5 * time.Second

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

// respond answers with JSON that nobody keeps: it changes with the next request.
func respond(c *gin.Context, body any) error {
	out, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, jsonType, append(out, '\n'))
	return nil
}

func text(c *gin.Context, body string) error {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, textType, []byte(body))
	return nil
}

func page(c *gin.Context, body []byte) error {
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Security-Policy", web.Policy)
	c.Data(http.StatusOK, web.PageType, body)
	return nil
}

// preferredType is what the client would like to read: a page, JSON, or text, which is
// for terminals: curl does not say.
func preferredType(c *gin.Context) string {
	c.Writer.Header().Add("Vary", "Accept")
	accept := c.Request.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "text/html"):
		return web.PageType
	case strings.Contains(accept, "application/json"):
		return jsonType
	}
	return textType
}

// maxBody bounds a body in bytes.
const maxBody = 64 << 10

// bind reads a body in JSON, or a form of the same fields.
func bind(c *gin.Context, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return problem.BodyTooLarge.New("")
	}
	if err != nil {
		return problem.MalformedJSON.New("The body ended before it was complete.").Because(err)
	}
	switch kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind {
	case "application/json":
	case "application/x-www-form-urlencoded":
		if body, err = jsonOfForm(body); err != nil {
			return problem.MalformedForm.New("").Because(err)
		}
	default:
		return problem.UnsupportedMediaType.New("")
	}
	return bindError(body, json.Unmarshal(body, into, json.RejectUnknownMembers(true)))
}

// bindError says what is wrong with a body without repeating what was sent.
func bindError(body []byte, err error) error {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case err == nil:
		return nil
	case json.Unmarshal(body, new(jsontext.Value)) != nil || !ok:
		return problem.MalformedJSON.New("").Because(err)
	case errors.Is(err, json.ErrUnknownName):
		return problem.UnknownField.New("").Because(err)
	}
	field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
	if field == "" {
		field = "body"
	}
	return invalid(field, "must be of the type that the documentation says")
}

// jsonOfForm writes the fields of a form as JSON; digits are numbers.
func jsonOfForm(body []byte) ([]byte, error) {
	values, err := url.ParseQuery(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	for name, list := range values {
		object[name] = list[0]
		if n, err := strconv.Atoi(list[0]); err == nil {
			object[name] = n
		}
	}
	return json.Marshal(object)
}

func invalid(field, message string) error {
	return problem.ValidationFailed.New("").Fields(problem.FieldError{Field: field, Message: message})
}
