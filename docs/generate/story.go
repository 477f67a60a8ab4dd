package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// call is an operation in the document, with what tools send when somebody presses
// "Execute" without typing anything.
type call struct {
	method, path string
	// parameters has a value for each parameter in the path. Others have none, because
	// tools would send it: a filtered menu is no good first answer.
	parameters map[string]any
	// body is the example of a body in JSON, and of the form of the same members.
	body string
}

const (
	newGuest = `{"username":"new.guest","password":"new.guest-likes-pizza","name":"New guest","birth_date":"1999-12-31"}`
	oldToken = `{"token":"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIxIiwibmFtZSI6IkFsaWNlIiwiZXhwIjoxNzAwMDAwMDAwfQ.c2lnbmF0dXJl"}`
	expired  = `{"refresh_token":"the-refresh-token-that-login-gave-you"}`
	newDish  = `{"name":"Calzone","description":"Folded pizza with ham, ricotta and mozzarella","category":"Pizza","sizes":[{"size":"medium","price_cents":1150},{"size":"large","price_cents":1500}],"vegetarian":false,"allergens":["gluten","milk"],"vip_only":true,"age_restricted":false,"available":false}`
	tomorrow = `{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"done","started_at":"2100-01-01T19:00:00Z","done_at":"2100-01-01T19:04:00Z","answers":{"predict":2},"hints":[1]}]}`
	newOrder = `{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":"well done, please"}],"table":"7"}`
)

// calls is the order of the document. Sent in it as they stand, by one guest or by the
// manager, the examples harm nobody: they change only what they have made themselves, in
// new demo data dish 83, order 1 and user 6, and what cannot be undone comes last and is
// refused. What a learner could not take back is refused, too: lesson L00 does not exist,
// and a restored lesson cannot have begun in the future.
var calls = []call{
	{method: "POST", path: "/api/v1/auth/login", body: `{"username":"alice","password":"alice-likes-pizza"}`},
	{method: "POST", path: "/api/v1/auth/register", body: newGuest},
	{method: "GET", path: "/api/v1/auth/me"},
	{method: "POST", path: "/api/v1/auth/inspect", body: oldToken},
	{method: "POST", path: "/api/v1/auth/refresh", body: expired},

	{method: "GET", path: "/api/v1/menu"},
	{method: "POST", path: "/api/v1/menu", body: newDish},
	{method: "GET", path: "/api/v1/menu/{id}", parameters: map[string]any{"id": 1}},
	{method: "PUT", path: "/api/v1/menu/{id}", parameters: map[string]any{"id": 83}, body: newDish},
	{method: "DELETE", path: "/api/v1/menu/{id}", parameters: map[string]any{"id": 83}},
	{method: "GET", path: "/api/v1/lounge"},

	{method: "GET", path: "/api/v1/orders"},
	{method: "POST", path: "/api/v1/orders", body: newOrder},
	{method: "GET", path: "/api/v1/orders/{id}", parameters: map[string]any{"id": 1}},
	{method: "POST", path: "/api/v1/orders/{id}/cancel", parameters: map[string]any{"id": 1}},
	{method: "GET", path: "/api/v1/orders/{id}/events", parameters: map[string]any{"id": 1}},

	{method: "GET", path: "/api/v1/kitchen/orders"},
	{method: "PATCH", path: "/api/v1/kitchen/orders/{id}", parameters: map[string]any{"id": 1}, body: `{"status":"preparing"}`},
	{method: "GET", path: "/api/v1/kitchen/mode"},
	{method: "PUT", path: "/api/v1/kitchen/mode", body: `{"mode":"auto"}`},

	{method: "GET", path: "/api/v1/users"},
	{method: "PATCH", path: "/api/v1/users/{id}", parameters: map[string]any{"id": 6}, body: `{"name":"New guest"}`},
	{method: "DELETE", path: "/api/v1/users/{id}/sessions", parameters: map[string]any{"id": 6}},

	{method: "GET", path: "/.well-known/jwks.json"},
	{method: "GET", path: "/.well-known/public.pem"},
	{method: "GET", path: "/.well-known/ended.json"},
	{method: "GET", path: "/.well-known/oauth-authorization-server"},
	{method: "GET", path: "/.well-known/openid-configuration"},
	{method: "POST", path: "/api/v1/auth/keys/rotate"},

	{method: "GET", path: "/healthz"},
	{method: "GET", path: "/readyz"},
	{method: "GET", path: "/metrics"},
	{method: "GET", path: "/openapi.json"},

	{method: "GET", path: "/learn"},
	{method: "GET", path: "/learn/lessons"},
	{method: "GET", path: "/learn/lessons/{lesson}", parameters: map[string]any{"lesson": "L01"}},
	{method: "GET", path: "/learn/files/{file}", parameters: map[string]any{"file": "order.json"}},
	{method: "POST", path: "/learn/lessons/{lesson}/answers", parameters: map[string]any{"lesson": "L00"}, body: `{"question":"predict","choice":1}`},
	{method: "POST", path: "/learn/lessons/{lesson}/hints", parameters: map[string]any{"lesson": "L00"}, body: `{"number":1}`},
	{method: "GET", path: "/learn/facts"},
	{method: "GET", path: "/learn/comparison"},
	{method: "GET", path: "/learn/certificate"},
	{method: "GET", path: "/learn/progress"},
	{method: "PUT", path: "/learn/progress", body: tomorrow},

	{method: "POST", path: "/lab/forge", body: `{"set":["role=manager"],"key":"own"}`},
	{method: "GET", path: "/lab/sleepy/lounge"},
	{method: "GET", path: "/lab/repair"},
	{method: "POST", path: "/lab/repair", body: `{"guards":["one-algorithm","own-keys","signature","exp","issuer-audience"]}`},
	{method: "GET", path: "/lab/open/menu"},
	{method: "POST", path: "/lab/open/orders"},
	{method: "GET", path: "/lab/open/orders"},
	{method: "DELETE", path: "/lab/open/orders"},
	{method: "DELETE", path: "/lab/open/menu"},
	{method: "POST", path: "/lab/open/menu"},
	{method: "GET", path: "/lab/rush"},
	{method: "POST", path: "/lab/session/login", body: `{"username":"alice","password":"alice-likes-pizza"}`},
	{method: "GET", path: "/lab/session/me"},
	{method: "POST", path: "/lab/session/logout"},
	{method: "POST", path: "/lab/compare", body: `{"n":10,"distance_ms":5}`},
	{method: "GET", path: "/lab/fat"},
	{method: "GET", path: "/lab/weigh"},
	{method: "GET", path: "/lab/clock"},
	{method: "POST", path: "/lab/clock", body: `{"advance":"1s"}`},
	{method: "POST", path: "/lab/weather", body: `{"route":"GET /api/v1/menu","fault":"delay","delay_ms":10,"for_s":1}`},
	{method: "GET", path: "/lab/weather"},
	{method: "DELETE", path: "/lab/weather"},
	{method: "POST", path: "/lab/wire", body: `{"tls":true}`},
	{method: "GET", path: "/lab/wire/log"},
	{method: "GET", path: "/lab/wire/ca.pem"},
	{method: "POST", path: "/lab/stage"},
	{method: "GET", path: "/lab/stage"},
	{method: "POST", path: "/lab/kiosk", body: `{"status":200,"problem":null}`},

	{method: "POST", path: "/learn/reopen"},
	{method: "GET", path: "/learn/reset"},
	{method: "POST", path: "/learn/reset", body: `{"what":"lesson","lesson":"L00"}`},
	{method: "POST", path: "/api/v1/auth/password", body: `{"current":"new.guest-likes-pizza","new":"another-likes-pizza"}`},
	{method: "DELETE", path: "/api/v1/auth/sessions/{id}", parameters: map[string]any{"id": "hG7fPq2LxWZ9cT4a"}},
	{method: "POST", path: "/api/v1/auth/logout"},
	{method: "GET", path: "/api/v1/auth/sessions"},
	{method: "DELETE", path: "/api/v1/auth/sessions"},
}

func find(method, path string) (call, error) {
	n := slices.IndexFunc(calls, func(c call) bool { return c.method == method && c.path == path })
	if n < 0 {
		return call{}, fmt.Errorf("calls does not say where it stands and what it sends")
	}
	return calls[n], nil
}

// addExamples adds what the call sends. Every body and every parameter of the path needs
// an example.
func (c call) addExamples(op *openapi3.Operation) error {
	for _, p := range op.Parameters {
		value, ok := c.parameters[p.Value.Name]
		if p.Value.In == "path" && !ok {
			return fmt.Errorf("calls has no example for %s", p.Value.Name)
		}
		p.Value.Example = value
		p.Value.AllowEmptyValue = op.OperationID == "listMenu" && p.Value.In == "query" && p.Value.Schema.Value.Type.Is("string")
		if p.Value.Name == "Idempotency-Key" {
			p.Value.Schema.Value.Pattern = "^[!-~]+$"
		}
	}
	if op.RequestBody == nil {
		return nil
	}
	delete(op.RequestBody.Value.Extensions, "x-originalParamName")
	for _, media := range op.RequestBody.Value.Content {
		if err := json.Unmarshal([]byte(c.body), &media.Example); err != nil {
			return fmt.Errorf("the example of its body: %w", err)
		}
	}
	return nil
}
