package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// describe completes an operation: what it needs, what it answers, and examples.
func describe(method, path string, op *openapi3.Operation) error {
	c, err := find(method, path)
	if err != nil {
		return err
	}
	addCommonRefusals(method, path, op)
	op.Security = security(path, op)
	if err := shareRefusals(op); err != nil {
		return err
	}
	for status, res := range op.Responses.Map() {
		if res.Ref == "" {
			describeAnswer(path, status, res.Value)
		}
	}
	for _, p := range op.Parameters {
		setFormat(p.Value.Schema.Value)
	}
	describeForm(op)
	return c.addExamples(op)
}

// addCommonRefusals adds what middleware answers: the checks of the host, of the
// credentials and of a cookie's origin, and the rate limit.
func addCommonRefusals(method, path string, op *openapi3.Operation) {
	needsToken, health := op.Security != nil, path == "/healthz" || path == "/readyz"
	for _, r := range []struct {
		applies bool
		status  int
		slugs   string
	}{
		{true, http.StatusBadRequest, "malformed-request, malformed-host"},
		{needsToken, http.StatusBadRequest, "ambiguous-credentials"},
		{needsToken && method != http.MethodGet && !inLab(path), http.StatusForbidden, "cross-origin"},
		{!health, http.StatusMisdirectedRequest, "misdirected-request"},
		{!health && path != "/metrics", http.StatusTooManyRequests, "rate-limited"},
	} {
		if r.applies {
			refuse(op, strconv.Itoa(r.status), r.slugs)
		}
	}
}

// refuse adds slugs to those that a status of the operation has.
func refuse(op *openapi3.Operation, status, slugs string) {
	res := op.Responses.Value(status)
	if res == nil {
		op.Responses.Set(status, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription(slugs)})
		return
	}
	for slug := range strings.SplitSeq(slugs, ", ") {
		if text := *res.Value.Description; !strings.Contains(text, slug) {
			res.Value.WithDescription(text + ", " + slug)
		}
	}
}

// shareRefusals replaces the refusals by those that all operations share. What this one
// refuses with goes into its description.
func shareRefusals(op *openapi3.Operation) error {
	var list strings.Builder
	for _, code := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		status, err := strconv.Atoi(code)
		if err != nil {
			return err
		}
		if status < 400 {
			continue
		}
		name, ok := refusalNames[status]
		if !ok {
			return fmt.Errorf("no operation is known to answer %d; give it a name in refusalNames", status)
		}
		fmt.Fprintf(&list, "\n- %s: %s", code, *op.Responses.Value(code).Value.Description)
		op.Responses.Set(code, &openapi3.ResponseRef{Ref: "#/components/responses/" + name})
	}
	op.Responses.Set("default", &openapi3.ResponseRef{Ref: "#/components/responses/" + anyRefusal})
	op.Description = strings.TrimSpace(op.Description + "\n\nRefusals:\n" + list.String())
	return nil
}

const optionalToken = "x-security-optional"

// security returns the ways to authenticate; an empty one means that the token is
// optional. The lab reads the header alone.
func security(path string, op *openapi3.Operation) *openapi3.SecurityRequirements {
	ways := openapi3.NewSecurityRequirements()
	if op.Security != nil && len(*op.Security) > 0 {
		if _, optional := op.Extensions[optionalToken]; optional {
			ways.With(openapi3.NewSecurityRequirement())
		}
		ways.With(openapi3.NewSecurityRequirement().Authenticate("Bearer"))
		ways.With(openapi3.NewSecurityRequirement().Authenticate("Password"))
		if !inLab(path) {
			ways.With(openapi3.NewSecurityRequirement().Authenticate("Cookie"))
		}
	}
	delete(op.Extensions, optionalToken)
	return ways
}

func inLab(path string) bool { return strings.HasPrefix(path, "/lab/") }

// describeAnswer completes an answer that is no refusal.
func describeAnswer(path, status string, res *openapi3.Response) {
	if res.Description == nil || *res.Description == "" {
		code, _ := strconv.Atoi(status)
		res.WithDescription(http.StatusText(code))
	}
	if res.Headers == nil {
		res.Headers = openapi3.Headers{}
	}
	for _, name := range headersOf(path) {
		res.Headers[name] = sharedHeader(name)
	}
	for kind, media := range res.Content {
		if kind == "text/event-stream" { // generators make text of a stream, or refuse an object
			text := openapi3.NewStringSchema()
			text.Extensions = map[string]any{"x-event-data": map[string]any{"$ref": media.Schema.Ref}}
			media.Schema = text.NewRef()
		}
		if media.Example = texts[kind]; media.Example == nil && media.Schema != nil {
			media.Example = example(media.Schema.Value)
		}
	}
}

// example is made of those of the members.
func example(s *openapi3.Schema) any {
	switch {
	case s.Example != nil:
		return s.Example
	case s.Type.Is("array"):
		return []any{example(s.Items.Value)}
	case len(s.Properties) > 0:
		object := map[string]any{}
		for name, p := range s.Properties {
			object[name] = example(p.Value)
		}
		return object
	case len(s.AllOf) > 0:
		return example(s.AllOf[0].Value)
	case s.Type.Is("object"):
		return map[string]any{}
	}
	return nil
}
