package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// probes tries every member of every body and every parameter with values at and beyond
// the limits that the document names, and with others that a careless client sends. The
// referee judges: whether one is taken must be what the document says.
func probes(v *visitors) {
	for _, c := range v.j.calls() {
		v.probeParameters(c)
	}
	left := map[string]bool{}
	for _, c := range v.j.calls() {
		left[c.op.OperationID] = c.op.RequestBody != nil
	}
	for _, p := range bodiesToProbe(v) {
		op := v.j.paths[p.pattern].GetOperation(p.method)
		left[op.OperationID] = false
		var base any
		if err := json.Unmarshal([]byte(p.body), &base); err != nil {
			v.t.Fatal(err)
		}
		media := op.RequestBody.Value.Content["application/json"]
		for i, value := range variants(media.Schema.Value, base) {
			text, err := json.Marshal(value)
			if err != nil {
				v.t.Fatal(err)
			}
			v.do(0, p.who, p.method, p.path, strings.ReplaceAll(string(text), "probe.0", fmt.Sprint("probe.", i)))
		}
	}
	for id, untried := range left {
		if untried {
			v.t.Errorf("%s takes a body, and bodiesToProbe has none", id)
		}
	}
}

// probe is a request that succeeds, whose body is to be varied.
type probe struct{ who, method, pattern, path, body string }

func bodiesToProbe(v *visitors) []probe {
	dish := `{"name":"Probe","description":"x","category":"Pizza","sizes":[{"size":"regular","price_cents":1}],"vegetarian":true,"allergens":["milk"],"vip_only":false,"age_restricted":false,"available":false}`
	added := v.do(201, "marco", "POST", "/api/v1/menu", dish)
	placed := v.do(201, "alice", "POST", "/api/v1/orders", pizza)
	guest := v.do(201, "", "POST", "/api/v1/auth/register", `{"username":"probed","password":"a sentence only I know","name":"Probed"}`)
	v.tokens["probed"] = member[string](v, v.do(200, "", "POST", "/api/v1/auth/login", `{"username":"probed","password":"a sentence only I know"}`), "access_token")
	answered := func(pattern string, id int64) string { return strings.Replace(pattern, "{id}", fmt.Sprint(id), 1) }
	return []probe{
		{"", "POST", "/api/v1/auth/register", "/api/v1/auth/register", `{"username":"probe.0","password":"a sentence only I know","name":"Probe","birth_date":"1999-12-31"}`},
		{"", "POST", "/api/v1/auth/inspect", "/api/v1/auth/inspect", `{"token":"x","access_token":"x"}`},
		{"", "POST", "/api/v1/auth/refresh", "/api/v1/auth/refresh", `{"refresh_token":"x"}`},
		{"probed", "POST", "/api/v1/auth/password", "/api/v1/auth/password", `{"current":"wrong","new":"another sentence of mine"}`},
		{"marco", "POST", "/api/v1/menu", "/api/v1/menu", dish},
		{"marco", "PUT", "/api/v1/menu/{id}", added.Header.Get("Location"), strings.Replace(dish, "{", fmt.Sprintf(`{"id":%d,`, member[int64](v, added, "id")), 1)},
		{"alice", "POST", "/api/v1/orders", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":"x"}],"table":"7"}`},
		{"carla", "PATCH", "/api/v1/kitchen/orders/{id}", answered("/api/v1/kitchen/orders/{id}", member[int64](v, placed, "id")), `{"status":"preparing"}`},
		{"carla", "PUT", "/api/v1/kitchen/mode", "/api/v1/kitchen/mode", `{"mode":"manual","pace_ms":1000}`},
		{"marco", "PATCH", "/api/v1/users/{id}", answered("/api/v1/users/{id}", member[int64](v, guest, "id")), `{"role":"guest","vip":false,"name":"Probed"}`},
		{"", "POST", "/learn/lessons/{lesson}/answers", "/learn/lessons/L01/answers", `{"question":"predict","choice":1}`},
		{"", "POST", "/learn/lessons/{lesson}/hints", "/learn/lessons/L01/hints", `{"number":1}`},
		{"", "PUT", "/learn/progress", "/learn/progress", `{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"done","started_at":"2026-01-31T19:00:00Z","done_at":"2026-01-31T19:04:00Z","answers":{"predict":1},"hints":[1]}]}`},
		{"alice", "POST", "/lab/forge", "/lab/forge", `{"set":["role=manager"],"header":["typ=at+jwt"],"key":"own","embed":"jwk"}`},
		{"", "POST", "/lab/session/login", "/lab/session/login", `{"username":"vera","password":"vera-likes-pizza"}`},
		{"", "POST", "/lab/compare", "/lab/compare", `{"n":10,"distance_ms":0}`},
		{"", "POST", "/lab/repair", "/lab/repair", `{"guards":["exp"]}`},
		{"alice", "POST", "/lab/kiosk", "/lab/kiosk", `{"status":200,"problem":null}`},
		{"", "POST", "/lab/wire", "/lab/wire", `{"tls":false}`},
		{"", "POST", "/lab/clock", "/lab/clock", `{"advance":"1s"}`},
		{"", "POST", "/lab/weather", "/lab/weather", `{"route":"GET /learn/sheet","fault":"delay","delay_ms":10,"rate":0.5,"for_s":1}`},
		{"", "POST", "/api/v1/auth/login", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza","expires_in":60,"cookie":false}`},
		{"", "POST", "/learn/reset", "/learn/reset", `{"what":"lesson","lesson":"L01"}`}, // last: with kitchen it ends all sessions
	}
}

// variants returns copies of a JSON value in which one place is changed.
func variants(s *openapi3.Schema, value any) []any {
	list := append([]any{value}, values(s)...)
	switch value := value.(type) {
	case map[string]any:
		list = append(list, objectVariants(s, value)...)
	case []any:
		list = append(list, []any{}, slices.Repeat(value[:1], 2), slices.Repeat(value[:1], limit(s.MaxItems, 200)), slices.Repeat(value[:1], limit(s.MaxItems, 200)+1))
		if s.Items != nil {
			for _, v := range variants(s.Items.Value, value[0]) {
				list = append(list, []any{v})
			}
		}
	}
	return list
}

func objectVariants(s *openapi3.Schema, object map[string]any) (list []any) {
	with := func(name string, value any) {
		changed := maps.Clone(object)
		changed[name] = value
		list = append(list, changed)
	}
	with("surprise", 1)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		without := maps.Clone(object)
		delete(without, name)
		list = append(list, without)
		for _, v := range variants(property(s, name), object[name]) {
			with(name, v)
		}
	}
	return list
}

// property returns the schema of a member, or an empty one.
func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if ref := s.Properties[name]; ref != nil {
		return ref.Value
	}
	for _, ref := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		if ref.Value.Properties[name] != nil {
			return ref.Value.Properties[name].Value
		}
	}
	return &openapi3.Schema{}
}

func limit(most *uint64, otherwise int) int {
	if most == nil {
		return otherwise
	}
	return int(*most) //nolint:gosec // limits are small
}

// values are what a careless client sends, and what is at and just beyond the limits of a
// schema.
func values(s *openapi3.Schema) []any {
	list := []any{nil, true, "", "x", " ", "1", "2026-01-31", "2026-13-31", strings.Repeat("x", 300), 0, -1, 1, 2, 3, 1.5, 1e18, []any{}, map[string]any{}}
	list = append(list, s.Enum...)
	for _, n := range []int{int(s.MinLength) - 1, int(s.MinLength), limit(s.MaxLength, 0), limit(s.MaxLength, 0) + 1} { //nolint:gosec // limits are small
		list = append(list, strings.Repeat("y", max(n, 0)))
	}
	for _, bound := range []*float64{s.Min, s.Max} {
		if bound != nil {
			list = append(list, *bound-1, *bound, *bound+1)
		}
	}
	return list
}

// probeParameters varies one parameter of a call at a time. A header of a GET is not empty:
// an empty Last-Event-ID is none (HTML Living Standard, section 9.2.4).
func (v *visitors) probeParameters(c call) {
	pattern := c.path
	if strings.HasSuffix(pattern, "/events") { // of an order that is done, so that the stream ends
		pattern = v.done() + "/events"
	}
	for _, ref := range c.op.Parameters {
		for _, value := range texts(ref.Value.Schema.Value) {
			switch {
			case ref.Value.In == openapi3.ParameterInQuery:
				v.do(0, "marco", c.method, pattern+"?"+ref.Value.Name+"="+url.QueryEscape(value), "")
			case ref.Value.In == openapi3.ParameterInHeader && c.method == "GET" && strings.TrimSpace(value) != "":
				v.do(0, "marco", c.method, pattern, "", ref.Value.Name, value)
			case ref.Value.In == openapi3.ParameterInHeader && c.op.OperationID == "placeOrder":
				v.do(0, "marco", c.method, pattern, pizza, ref.Value.Name, value)
			}
		}
	}
}

// texts are values of a parameter.
func texts(s *openapi3.Schema) (list []string) {
	for _, value := range values(s) {
		switch value := value.(type) {
		case float64, int, bool, string:
			text := strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0")
			if _, isNumber := value.(float64); !isNumber {
				text = fmt.Sprint(value)
			}
			list = append(list, text)
		}
	}
	return list
}

// done returns the path of an order that is done.
func (v *visitors) done() string {
	path := v.do(201, "alice", "POST", "/api/v1/orders", pizza).Header.Get("Location")
	v.do(200, "alice", "POST", path+"/cancel", "")
	return path
}
