package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

// server is the address in the committed document. The program puts its own in its
// place, and its own names of the cookies.
const server = "http://localhost:8080"

// convert makes the OpenAPI 3 document, which can express what Swagger 2.0 cannot:
// responses that calls share, the media type of refusals, optional tokens, cookies.
func convert(swagger []byte, examples map[string]any) ([]byte, error) {
	var v2 openapi2.T
	if err := json.Unmarshal(swagger, &v2); err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: server, Description: "This server"}}
	doc.Components.SecuritySchemes = securitySchemes()
	doc.Components.Headers = headers()
	doc.Components.Responses = refusals(examples)
	if err := refineSchemas(doc.Components.Schemas); err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if err := describe(method, path, op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	text, err := write(doc)
	if err != nil {
		return nil, err
	}
	return text, validate(text)
}

// validate reads the document as its users do.
func validate(text []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return err
	}
	return doc.Validate(context.Background(), openapi3.EnableExamplesValidation())
}
