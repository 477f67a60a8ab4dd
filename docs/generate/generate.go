package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggo/swag/gen"

	"restaurant/problem"
)

// generate writes swagger.json, swagger.yaml and openapi.json.
func generate(source, out string) error {
	err := gen.New().Build(&gen.Config{
		SearchDir:          source + "/handlers," + source + "/learn," + source + "/learn/lab," + source + "/problem," + source + "/tokens," + source + "/models",
		MainAPIFile:        "routes.go",
		OutputDir:          out,
		OutputTypes:        []string{"json", "yaml"},
		PackageName:        "docs",
		PropNamingStrategy: "snakecase",
		ParseDepth:         100,
		LeftTemplateDelim:  "{{",
		RightTemplateDelim: "}}",
		Debugger:           log.New(io.Discard, "", 0),
	})
	if err != nil {
		return err
	}
	swagger, err := os.ReadFile(filepath.Join(out, "swagger.json"))
	if err != nil {
		return err
	}
	contract, err := convert(swagger)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "openapi.json"), contract, 0o644)
}

// convert makes the OpenAPI 3 document, which can express what Swagger 2.0 cannot:
// the media type of errors, optional tokens, and bearer tokens.
func convert(swagger []byte) ([]byte, error) {
	var v2 openapi2.T
	if err := json.Unmarshal(swagger, &v2); err != nil {
		return nil, err
	}
	v3, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return nil, err
	}
	v3.Servers = openapi3.Servers{{URL: "/", Description: "This house"}}
	secure(v3)
	forbidUnknown(v3.Components.Schemas)
	for path, item := range v3.Paths.Map() {
		for method, op := range item.Operations() {
			addCommonResponses(path, method, op)
			op.Security = security(op)
			if err := describeBodies(op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	text, err := v3.MarshalJSON()
	if err != nil {
		return nil, err
	}
	if v3, err = openapi3.NewLoader().LoadFromData(text); err != nil { // resolves what was added by name
		return nil, err
	}
	if err := v3.Validate(context.Background()); err != nil {
		return nil, err
	}
	text, err = json.MarshalIndent(v3, "", "  ")
	return append(text, '\n'), err
}

// secure describes the two ways to get a token: send one, or log in.
func secure(v3 *openapi3.T) {
	v3.Components.SecuritySchemes = openapi3.SecuritySchemes{
		"Bearer": {Value: openapi3.NewJWTSecurityScheme().
			WithDescription("The access token of POST /api/v1/auth/login.")},
		"Password": {Value: &openapi3.SecurityScheme{
			Type:        "oauth2",
			Description: "Username and password; the client fields stay empty.",
			Flows: &openapi3.OAuthFlows{Password: &openapi3.OAuthFlow{
				TokenURL: "/api/v1/auth/login", Scopes: map[string]string{},
			}},
		}},
	}
}

// addCommonResponses adds the problems that middleware answers with: the checks of the
// host and the query, the rate limit and the check of a cookie's origin.
func addCommonResponses(path, method string, op *openapi3.Operation) {
	add := func(status, description string) {
		if op.Responses.Value(status) == nil {
			op.Responses.Set(status, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription(description)})
		}
	}
	if path != "/healthz" && path != "/readyz" {
		add("421", "misdirected-request")
	}
	if path != "/healthz" && path != "/readyz" && path != "/metrics" {
		add("429", "rate-limited")
	}
	if op.Security != nil && method != http.MethodGet {
		add("403", "cross-origin")
	}
	if op.Security != nil {
		add("400", "ambiguous-credentials, malformed-request")
	}
	add("400", "malformed-request")
}

const optionalToken = "x-security-optional"

// security returns the ways to authenticate; an empty one means that the token is
// optional.
func security(op *openapi3.Operation) *openapi3.SecurityRequirements {
	ways := openapi3.NewSecurityRequirements()
	if op.Security != nil && len(*op.Security) > 0 {
		if _, optional := op.Extensions[optionalToken]; optional {
			ways.With(openapi3.NewSecurityRequirement())
		}
		ways.With(openapi3.NewSecurityRequirement().Authenticate("Bearer"))
		ways.With(openapi3.NewSecurityRequirement().Authenticate("Password"))
	}
	delete(op.Extensions, optionalToken)
	return ways
}

// describeBodies adds examples, and gives errors their media type (RFC 9457,
// section 3).
func describeBodies(op *openapi3.Operation) error {
	if op.RequestBody != nil {
		addExamples(op.RequestBody.Value.Content)
	}
	for code, res := range op.Responses.Map() {
		status, err := strconv.Atoi(code)
		if err != nil {
			return err
		}
		if status < 400 {
			addExamples(res.Value.Content)
		} else {
			schema := openapi3.NewSchemaRef("#/components/schemas/Problem", nil)
			res.Value.Content = openapi3.NewContentWithSchemaRef(schema, []string{problem.ContentType})
		}
	}
	return nil
}

// forbidUnknown marks the bodies of requests as closed: unknown fields are errors.
// Only InspectRequest ignores them.
func forbidUnknown(schemas openapi3.Schemas) {
	closed := false
	for name, ref := range schemas {
		isRequest := strings.HasSuffix(name, "Request") && name != "InspectRequest"
		if isRequest || name == "OrderItem" || name == "Size" {
			ref.Value.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
		}
	}
}

// addExamples gives each body an example, made of those of its fields.
func addExamples(content openapi3.Content) {
	for kind, media := range content {
		if kind == "text/plain" || kind == "text/html" { // Swagger 2.0 has one schema for all media types
			media.Schema = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		} else if media.Schema != nil {
			media.Example = example(media.Schema.Value)
		}
	}
}

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
