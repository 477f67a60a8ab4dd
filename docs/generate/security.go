package main

import "github.com/getkin/kin-openapi/openapi3"

// securitySchemes are the ways to get a token to the server: send one, log in, or have
// one in a cookie.
func securitySchemes() openapi3.SecuritySchemes {
	return openapi3.SecuritySchemes{
		"Bearer": {Value: openapi3.NewJWTSecurityScheme().
			WithDescription("The access token of POST /api/v1/auth/login.")},
		"Password": {Value: &openapi3.SecurityScheme{
			Type:        "oauth2",
			Description: "A username and its password. A tool may ask for a client, too: leave that empty.",
			Flows: &openapi3.OAuthFlows{Password: &openapi3.OAuthFlow{
				TokenURL: server + "/api/v1/auth/login", RefreshURL: server + "/api/v1/auth/refresh", Scopes: map[string]string{},
			}},
		}},
		"Cookie": {Value: openapi3.NewSecurityScheme().WithType("apiKey").WithIn("cookie").WithName("access_token_8080").
			WithDescription("The access token in a cookie, as POST /api/v1/auth/login sets it for `cookie: true`. The number in its name is the port of the server's public address, if it names one. With the cookie, methods other than GET must come from the server's own pages.")},
	}
}
