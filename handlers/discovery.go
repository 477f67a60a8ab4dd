package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
)

// discoveryResponse is what a client that knows only the issuer looks for. There is no
// authorization endpoint, because a login takes a password.
//
//	@Description	Where the keys and the login are (RFC 8414 calls this authorization server metadata).
type discoveryResponse struct {
	// The iss of the access tokens.
	Issuer        string   `json:"issuer" example:"http://localhost:8080" validate:"required"`
	JWKSURI       string   `json:"jwks_uri" example:"http://localhost:8080/.well-known/jwks.json" validate:"required"`
	TokenEndpoint string   `json:"token_endpoint,omitzero" example:"http://localhost:8080/api/v1/auth/login" validate:"required"`
	GrantTypes    []string `json:"grant_types_supported" example:"password,refresh_token" validate:"required"`
	// Clients have no secret.
	AuthMethods []string `json:"token_endpoint_auth_methods_supported" example:"none" validate:"required"`
	// Empty: there is no authorization endpoint.
	ResponseTypes     []string `json:"response_types_supported" example:"" validate:"required"`
	SubjectTypes      []string `json:"subject_types_supported" example:"public" validate:"required"`
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported" example:"RS256" validate:"required"`
	// Swagger UI explains every call.
	Documentation string `json:"service_documentation,omitzero" example:"http://localhost:8080/swagger/index.html" validate:"required"`
} //@name Discovery

// serverMetadata publishes where the keys and the token endpoint are (RFC 8414).
//
//	@Summary	Where the keys are, for clients that know only the issuer (RFC 8414)
//	@ID			showServerMetadata
//	@Tags		keys
//	@Produce	json
//	@Success	200	{object}	discoveryResponse
//	@Router		/.well-known/oauth-authorization-server [get]
func (a *API) serverMetadata(c *gin.Context) error { return a.discover(c) }

// openIDConfiguration publishes the same where libraries for OpenID Connect look.
//
//	@Summary	The same, at the address that OpenID Connect libraries use
//	@ID			showOpenIDConfiguration
//	@Tags		keys
//	@Produce	json
//	@Success	200	{object}	discoveryResponse
//	@Router		/.well-known/openid-configuration [get]
func (a *API) openIDConfiguration(c *gin.Context) error { return a.discover(c) }

func (a *API) discover(c *gin.Context) error {
	issuer := a.Authority.Issuer() // in a class it is not the address for clients, which holds a code
	res := discoveryResponse{
		Issuer: issuer, JWKSURI: issuer + "/.well-known/jwks.json", TokenEndpoint: a.PublicURL + "/api/v1/auth/login",
		GrantTypes: []string{"password", "refresh_token"}, AuthMethods: []string{"none"}, ResponseTypes: []string{},
		SubjectTypes: []string{"public"}, SigningAlgorithms: []string{"RS256"}, Documentation: a.PublicURL + "/swagger/index.html",
	}
	if _, base := basepath.Split(a.PublicURL); basepath.Of(c.Request) != base { // asked for below the issuer, and not by who knows the code
		res.TokenEndpoint, res.Documentation = "", ""
	}
	c.Header("Cache-Control", "public, max-age=60")
	return httpjson.Respond(c, http.StatusOK, res)
}
