package main

import "github.com/getkin/kin-openapi/openapi3"

const formType = "application/x-www-form-urlencoded"

// forms are the bodies whose forms have other members than their JSON: OAuth's, which
// Swagger 2.0 cannot tell apart (RFC 6749, sections 4.3.2 and 6).
func forms(login *openapi3.Schema) openapi3.Schemas {
	word := func(text string, words ...any) *openapi3.SchemaRef {
		s := openapi3.NewStringSchema()
		s.Description, s.Enum = text, words
		return s.NewRef()
	}
	ignored := "Accepted and ignored: the server does not tell clients apart."
	oauth := openapi3.Schemas{
		"refresh_token": word("With grant_type=refresh_token: the refresh token."),
		"scope":         word(ignored), "client_id": word(ignored), "client_secret": word(ignored),
	}
	refresh := closedObject("A refresh token in OAuth's form.", oauth)
	refresh.Properties["grant_type"] = word("", "refresh_token")
	loginForm := closedObject("Name and password in a form, also in the form of OAuth. Or a refresh token, with grant_type=refresh_token.", oauth)
	loginForm.Properties["grant_type"] = word("password if you leave it out.", "password", "refresh_token")
	loginForm.Properties["cookie"] = word("As in JSON, but as a word: a form has only words.", "false", "true", "refresh")
	for _, name := range []string{"username", "password", "expires_in"} {
		property := *login.Properties[name].Value
		property.Nullable = false
		loginForm.Properties[name] = property.NewRef()
	}
	return openapi3.Schemas{"LoginForm": loginForm.NewRef(), "RefreshForm": refresh.NewRef()}
}

func closedObject(description string, properties openapi3.Schemas) *openapi3.Schema {
	s := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	s.Description = description
	for name, p := range properties {
		s.WithPropertyRef(name, p)
	}
	return s
}

// describeForm gives the forms of login and refresh their own schemas.
func describeForm(op *openapi3.Operation) {
	schema := map[string]string{"login": "LoginForm", "refresh": "RefreshForm"}[op.OperationID]
	if schema != "" {
		op.RequestBody.Value.Content[formType].Schema = openapi3.NewSchemaRef("#/components/schemas/"+schema, nil)
	}
}
