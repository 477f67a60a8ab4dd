// Package docs is the menu card: the description of the API, generated from the
// comments on the handlers by `make docs`. Nothing in the generated files is
// edited by hand. decisions/ says why things are as they are.
package docs

import (
	"embed"
	"strings"
)

// OpenAPI is the contract as an OpenAPI 3 document in JSON.
//
//go:embed openapi.json
var OpenAPI []byte

// Swagger is the same as a Swagger 2.0 document in JSON, for clients that read nothing newer.
//
//go:embed swagger.json
var Swagger []byte

// Examples are the bodies of requests that the README and the lessons use.
//
//go:embed examples/*.json
var Examples embed.FS

// Under returns one of the two for a server under a base path, such as /restaurant: the
// paths of the operations begin there.
func Under(base string, document []byte) []byte {
	if base == "" {
		return document
	}
	return []byte(strings.NewReplacer(
		`"basePath": "/"`, `"basePath": "`+base+`"`,
		`"url": "/"`, `"url": "`+base+`"`,
		`"tokenUrl": "`, `"tokenUrl": "`+base,
	).Replace(string(document)))
}
