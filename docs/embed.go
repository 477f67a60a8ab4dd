// Package docs is the printed menu: the description of the API, generated from the
// comments on the handlers by `make docs`. Nothing in the generated files is
// edited by hand. decisions/ says why things are as they are.
package docs

import (
	"cmp"
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

// Names are what a server puts into the documents in place of the committed values.
type Names struct {
	// Server is the public address, such as https://school.example/restaurant.
	Server string
	// BasePath is the path of Server, without a slash at its end; empty for none.
	BasePath string
	// AccessCookie is the name of the cookie that holds the access token.
	AccessCookie string
	// Demo is whether there are demo accounts.
	Demo bool
}

// For returns one of the two documents for a server.
func For(n Names, document []byte) []byte {
	login := "Type `alice` and `alice-likes-pizza`."
	if !n.Demo {
		login = "Type your name and your password."
	}
	return []byte(strings.NewReplacer(
		"http://localhost:8080", n.Server,
		"Type `alice` and `alice-likes-pizza`.", login,
		`"access_token_8080"`, `"`+n.AccessCookie+`"`,
		`"basePath": "/"`, `"basePath": "`+cmp.Or(n.BasePath, "/")+`"`,
		`"tokenUrl": "/`, `"tokenUrl": "`+n.BasePath+`/`,
		`: "/problems/`, `: "`+n.BasePath+`/problems/`,
		`: "/lab/`, `: "`+n.BasePath+`/lab/`,
		`"instance": "/`, `"instance": "`+n.BasePath+`/`,
	).Replace(string(document)))
}
