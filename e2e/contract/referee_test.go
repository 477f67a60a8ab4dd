package contract

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"restaurant/e2e/testkit/process"
)

// TestReferee_seesMistakes: a document with one mistake in it is found out by a request
// that the true document has nothing against.
func TestReferee_seesMistakes(t *testing.T) {
	server := startServer(t)
	served := server.Do(http.MethodGet, "/openapi.json", "", "").Body
	alice := server.Login("alice")
	order := func(c *process.Client) { send(t, c, alice, "POST", "/api/v1/orders", pizza) }
	for _, tc := range []struct {
		name    string
		mistake func(*openapi3.T)
		send    func(*process.Client)
		says    string
	}{
		{"a status is missing", func(doc *openapi3.T) {
			doc.Paths.Value("/api/v1/orders").Post.Responses.Delete("201")
		}, order, "the status is not documented"},
		{"a header is missing", func(doc *openapi3.T) {
			delete(doc.Paths.Value("/api/v1/orders").Post.Responses.Value("201").Value.Headers, "Location")
		}, order, "the header Location is not documented"},
		{"a member of an answer is missing", func(doc *openapi3.T) {
			order := doc.Components.Schemas["Order"].Value
			delete(order.Properties, "currency")
			order.Required = nil
		}, order, `property "currency" is unsupported`},
		{"a member of an answer has another type", func(doc *openapi3.T) {
			doc.Components.Schemas["Order"].Value.Properties["total_cents"] = openapi3.NewStringSchema().NewRef()
		}, order, "value must be a string"},
		{"a request is described too narrowly", func(doc *openapi3.T) {
			doc.Components.Schemas["OrderItem"].Value.Properties["quantity"].Value.WithMin(2)
		}, order, "the document forbids what was taken"},
		{"a request is described too widely", func(doc *openapi3.T) {
			doc.Components.Schemas["PlaceOrderRequest"].Value.Properties["items"].Value.MinItems = 0
		}, func(c *process.Client) { send(t, c, alice, "POST", "/api/v1/orders", `{"items":[]}`) }, "the document allows what was refused"},
		{"a token is not asked for", func(doc *openapi3.T) {
			doc.Paths.Value("/api/v1/menu").Get.Security = openapi3.NewSecurityRequirements().With(openapi3.NewSecurityRequirement().Authenticate("Bearer"))
		}, func(c *process.Client) { send(t, c, "", "GET", "/api/v1/menu", "") }, "the document forbids what was taken"},
		{"a call is missing", func(doc *openapi3.T) { doc.Paths.Delete("/healthz") },
			func(c *process.Client) { send(t, c, "", "GET", "/healthz", "") }, "no such operation is documented"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wrong := load(t, served)
			tc.mistake(wrong)
			text, err := wrong.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			for document, says := range map[string]string{string(served): "", string(text): tc.says} {
				j := newReferee(t, []byte(document))
				tc.send(process.NewClient(j.proxy(t, server.URL)))
				if found := strings.Join(j.mismatches, "\n"); (found == "") != (says == "") || !strings.Contains(found, says) {
					t.Errorf("want %q, got %q", says, found)
				}
			}
		})
	}
}

func send(t *testing.T, c *process.Client, token, method, path, body string) {
	t.Helper()
	if _, err := c.Do(t.Context(), method, path, token, body, "Accept", "application/json"); err != nil {
		t.Fatal(err)
	}
}
