package contract

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// samples are values of the parameters in paths.
var samples = strings.NewReplacer("{id}", "1", "{lesson}", "L01", "{file}", "order.json")

// call is an operation with the parameters of its path filled in.
type call struct {
	method, path string
	op           *openapi3.Operation
}

func (j *referee) calls() (list []call) {
	for _, path := range slices.Sorted(maps.Keys(j.paths)) {
		for _, method := range slices.Sorted(maps.Keys(j.paths[path].Operations())) {
			list = append(list, call{method, samples.Replace(path), j.paths[path].Operations()[method]})
		}
	}
	return list
}

// documents reports whether the operation names a status.
func (c call) documents(status string) bool { return c.op.Responses.Value(status) != nil }

// refusals causes what every operation of a kind refuses: each status that the document
// names is seen at each operation that names it.
func refusals(v *visitors) {
	cookies := cookiesOf(v.do(200, "", "POST", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza","cookie":true}`))
	for _, c := range v.j.calls() {
		if c.documents("400") {
			v.do(400, "", c.method, c.path+"?q=%ff", "")
		}
		if c.documents("421") {
			v.misdirected(c)
		}
		if c.documents("401") {
			v.do(0, "no.token.really", c.method, c.path, "")
			v.do(0, "", c.method, c.path, "")
		}
		if c.documents("403") && c.method != http.MethodGet {
			v.do(403, "", c.method, c.path, "", "Cookie", cookies, "Origin", "https://strange.example", "Sec-Fetch-Site", "cross-site")
		}
		if c.op.RequestBody != nil {
			v.do(413, "marco", c.method, c.path, `{"username":"`+strings.Repeat("x", 64<<10)+`"}`)
			v.do(415, "marco", c.method, c.path, "<order/>", "Content-Type", "text/xml")
			v.do(400, "marco", c.method, c.path, `{"`)
			v.do(0, "marco", c.method, c.path, "")
		}
	}
}

// misdirected sends a request under a name of somebody else's.
func (v *visitors) misdirected(c call) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), c.method, v.url+c.path, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Host = "strange.example"
	res, err := v.client.HTTP.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusMisdirectedRequest {
		v.t.Errorf("%s %s for another host: %d, %v", c.method, c.path, res.StatusCode, err)
	}
}

// limited causes what only a server behind a proxy with a low rate limit refuses.
func limited(v *visitors) {
	for _, who := range []string{"", "alice"} {
		v.do(map[string]int{"": 401, "alice": 403}[who], who, "GET", "/learn/facts", "")
		v.do(map[string]int{"": 401, "alice": 403}[who], who, "POST", "/learn/reopen", "")
	}
	v.do(404, "marco", "POST", "/learn/reopen", "")
	for _, c := range v.j.calls() {
		if !c.documents("429") {
			continue
		}
		tries := 0
		for v.do(0, "", c.method, c.path, "").Status != http.StatusTooManyRequests {
			if tries++; tries > 100 {
				v.t.Errorf("%s %s: never too many", c.method, c.path)
				break
			}
		}
	}
}

// forbidden are what the document once described as possible and the server refuses: each
// must be both.
var forbidden = []struct{ who, method, path, body string }{
	{"", "POST", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza","cookie":"true"}`},
	{"", "POST", "/api/v1/auth/login", `{"username":"","password":"x"}`},
	{"", "POST", "/api/v1/auth/login", `{"username":"alice","password":""}`},
	{"", "POST", "/api/v1/auth/register", `{"username":"new guest","password":"a sentence only I know","name":"New guest"}`},
	{"", "POST", "/api/v1/auth/register", `{"username":"new.guest","password":"a sentence only I know","name":" "}`},
	{"", "POST", "/api/v1/auth/register", `{"username":"new.guest","password":"a sentence only I know","name":"New guest","birth_date":"31.12.1999"}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[]}`},
	{"alice", "POST", "/api/v1/orders", `{"items":null}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}],"table":""}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":"a\u0000b"}]}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"huge","quantity":1}]}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":0,"size":"large","quantity":1}]}`},
	{"alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":21}]}`},
	{"marco", "POST", "/api/v1/menu", `{"name":"Calzone","category":"Pizza","sizes":[]}`},
	{"marco", "POST", "/api/v1/menu", `{"name":"Calzone","category":"Pizza","sizes":[{"size":"regular","price_cents":0}]}`},
	{"marco", "POST", "/api/v1/menu", `{"name":"","category":"Pizza","sizes":[{"size":"regular","price_cents":1}]}`},
	{"marco", "POST", "/api/v1/menu", `{"name":"Calzone\u202e","category":"Pizza","sizes":[{"size":"regular","price_cents":1}]}`},
	{"marco", "PATCH", "/api/v1/users/1", `{}`},
	{"", "POST", "/learn/lessons/L01/answers", `{"question":"predict","choice":0}`},
	{"", "POST", "/learn/lessons/L01/hints", `{"number":0}`},
	{"", "PUT", "/learn/progress", `{"table":"","lessons":[]}`},
	{"", "PUT", "/learn/progress", `{"lessons":[null]}`},
}

// refuseForbidden sends them.
func refuseForbidden(v *visitors) {
	for _, f := range forbidden {
		req, err := http.NewRequestWithContext(v.t.Context(), f.method, v.url+f.path, strings.NewReader(f.body))
		if err != nil {
			v.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+v.tokens[f.who])
		if v.j.request(req).fault == nil {
			v.t.Errorf("%s %s %s: the document allows it", f.method, f.path, f.body)
		}
		v.do(422, f.who, f.method, f.path, f.body)
	}
}
