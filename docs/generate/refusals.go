package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"restaurant/problem"
)

// refusalNames name the refusals that all operations share, by status. Generators make
// types of them.
var refusalNames = map[int]string{
	http.StatusBadRequest:            "BadRequest",
	http.StatusUnauthorized:          "Unauthorized",
	http.StatusForbidden:             "Forbidden",
	http.StatusNotFound:              "NotFound",
	http.StatusConflict:              "Conflict",
	http.StatusPreconditionFailed:    "PreconditionFailed",
	http.StatusRequestEntityTooLarge: "ContentTooLarge",
	http.StatusUnsupportedMediaType:  "UnsupportedMediaType",
	http.StatusMisdirectedRequest:    "MisdirectedRequest",
	http.StatusUnprocessableEntity:   "UnprocessableContent",
	http.StatusTooManyRequests:       "TooManyRequests",
	http.StatusServiceUnavailable:    "ServiceUnavailable",
}

// anyRefusal names what stands for every other status.
const anyRefusal = "Refusal"

// refusals are the shared responses. Each has an example of every kind of its status
// that examples has.
func refusals(examples map[string]any) openapi3.ResponseBodies {
	shared := openapi3.ResponseBodies{
		anyRefusal: refusal("Any other refusal: 405 for a wrong method, 417 and 431 for a request that the server cannot read, 500 for a mistake of the server."),
	}
	for status, name := range refusalNames {
		shared[name] = refusal(http.StatusText(status) + ". The type says why. The description of the call lists the possible types.")
	}
	for _, k := range problem.Kinds() {
		if text, ok := examples[k.Slug]; ok {
			name := cmp.Or(refusalNames[k.Status], anyRefusal)
			shared[name].Value.Content[problem.ContentType].Examples[k.Slug] = &openapi3.ExampleRef{Value: &openapi3.Example{Summary: k.Title, Value: text}}
		}
	}
	shared["Unauthorized"].Value.Headers["WWW-Authenticate"] = sharedHeader("WWW-Authenticate")
	shared["TooManyRequests"].Value.Headers["Retry-After"] = sharedHeader("Retry-After") // not for too-many-streams: the client has to close one
	always := headers()["Retry-After"]
	always.Value.Required = true
	shared["ServiceUnavailable"].Value.Headers["Retry-After"] = always
	return shared
}

// refusal is a problem document (RFC 9457).
func refusal(description string) *openapi3.ResponseRef {
	schema := openapi3.NewSchemaRef("#/components/schemas/Problem", nil)
	res := openapi3.NewResponse().WithDescription(description).
		WithContent(openapi3.NewContentWithSchemaRef(schema, []string{problem.ContentType}))
	res.Content[problem.ContentType].Examples = openapi3.Examples{}
	res.Headers = openapi3.Headers{}
	for _, name := range append(headersOf(""), "Lab") {
		res.Headers[name] = sharedHeader(name)
	}
	return &openapi3.ResponseRef{Value: res}
}

// readRefusals reads one problem of each kind from the golden files of the tests, which
// hold what the server really answers.
func readRefusals(folder string) (map[string]any, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	found := map[string]any{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("<request-id>"), []byte("7TQ2VJ6WYNRCXK3DPLZB5SAGHE"))) {
			var p map[string]any
			if !bytes.HasPrefix(line, []byte(`{"type":"`)) || json.Unmarshal(line, &p) != nil {
				continue
			}
			if slug, ok := strings.CutPrefix(p["type"].(string), "/problems/"); ok && found[slug] == nil {
				found[slug] = p
			}
		}
	}
	return found, nil
}
