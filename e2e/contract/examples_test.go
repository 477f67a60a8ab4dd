package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"restaurant/e2e/testkit"
)

const pathOfLogin = "/api/v1/auth/login"

// Who presses "Send" on each operation of the document, from the first to the last, with
// its examples as they stand, gets documented answers and leaves the demo as it was:
// alice, alice again, and the manager, who may do the most. Scripts and importers go
// through the file, Swagger UI shows one tag after the other.
func TestExamples_doNoHarm(t *testing.T) {
	for name, inOrder := range map[string]func([]operation, openapi3.Tags){
		"file": func([]operation, openapi3.Tags) {},
		"tags": sortByTag,
	} {
		t.Run(name, func(t *testing.T) {
			p := startServer(t)
			demo := newDemo(t, p)
			operations, tags := readDocument(t, p.Do(http.MethodGet, "/openapi.json", "", "").Body)
			inOrder(operations, tags)
			if first := operations[0]; first.method != http.MethodPost || first.path != pathOfLogin {
				t.Errorf("the document begins with %s %s, not with the login", first.method, first.path)
			}
			for _, who := range []string{"alice", "alice", "marco"} {
				w := walk{t: t, p: p, who: who, token: p.Login(who)}
				for _, op := range operations {
					w.send(op)
				}
				for _, change := range demo.changes() {
					t.Errorf("after a walk of %s: %s", who, change)
				}
			}
		})
	}
}

// sortByTag puts operations into the order in which Swagger UI shows them.
func sortByTag(operations []operation, tags openapi3.Tags) {
	place := func(op operation) int {
		return slices.IndexFunc(tags, func(tag *openapi3.Tag) bool { return tag.Name == op.Tags[0] })
	}
	slices.SortStableFunc(operations, func(a, b operation) int { return place(a) - place(b) })
}

// What the examples of former documents did is seen. This is the control of the test above.
func TestExamples_harmIsSeen(t *testing.T) {
	p := startServer(t)
	for _, harm := range []struct{ who, method, path, body string }{
		{"", "POST", "/learn/lessons/L05/answers", `{"question":"predict","choice":1}`},
		{"", "POST", "/learn/lessons/L05/hints", `{"number":1}`},
		{"alice", "POST", "/learn/reset", `{"what":"lessons"}`},
		{"alice", "DELETE", "/api/v1/auth/sessions", ""},
		{"marco", "DELETE", "/api/v1/menu/2", ""},
		{"marco", "PATCH", "/api/v1/users/2", `{"role":"chef","vip":true,"name":"New guest"}`},
		{"alice", "POST", "/api/v1/auth/password", `{"current":"alice-likes-pizza","new":"a sentence only I know"}`},
	} {
		demo := newDemo(t, p)
		if changes := demo.changes(); len(changes) > 0 {
			t.Fatalf("before %+v: %q", harm, changes)
		}
		token := ""
		if harm.who != "" {
			token = p.Login(harm.who)
		}
		if a := p.Do(harm.method, harm.path, token, harm.body); a.Status >= http.StatusMultipleChoices {
			t.Fatalf("%+v: %d %s", harm, a.Status, a.Body)
		}
		if len(demo.changes()) == 0 {
			t.Errorf("%+v was not seen", harm)
		}
	}
}

// walk is a tool in which somebody has pressed "Authorize".
type walk struct {
	t          *testing.T
	p          *testkit.Process
	who, token string
}

// send sends an operation with each body that it has an example for, and wants a
// documented answer.
func (w *walk) send(op operation) {
	w.t.Helper()
	target, headers := op.fill(w.t)
	token := ""
	if op.Security != nil && slices.ContainsFunc(*op.Security, func(way openapi3.SecurityRequirement) bool { return len(way) > 0 }) {
		token = w.token
	}
	for _, b := range op.bodies(w.t) {
		all := headers
		if b.media != "" {
			all = append(slices.Clone(headers), "Content-Type", b.media)
		}
		a := w.p.Do(op.method, target, token, b.text, all...)
		w.t.Logf("%s: %d %s %s %s", w.who, a.Status, op.method, target, b.media)
		switch {
		case !op.documents(a.Status):
			w.t.Errorf("%s %s answers %d, which is not documented: %s", op.method, target, a.Status, a.Body)
		case slices.Contains([]int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType}, a.Status) || a.Status >= 500:
			w.t.Errorf("%s %s answers %d, so the example is no good: %s", op.method, target, a.Status, a.Body)
		}
		if op.path == pathOfLogin {
			w.wantTokens(a)
		}
	}
}

// wantTokens wants a login to be what people take it for, and not one for a minute.
func (w *walk) wantTokens(a testkit.Answer) {
	w.t.Helper()
	var tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int    `json:"expires_in"`
	}
	if err := json.Unmarshal(a.Body, &tokens); err != nil || a.Status != http.StatusOK || tokens.AccessToken == "" || tokens.RefreshToken == "" || tokens.ExpiresIn < 900 {
		w.t.Errorf("the login gives no lasting tokens: %d %s", a.Status, a.Body)
	}
}

// operation is one of the document.
type operation struct {
	method, path string
	*openapi3.Operation
	parameters openapi3.Parameters // also those of the path
}

// readDocument returns the operations as the text of the document lists them, and the tags.
func readDocument(t *testing.T, document []byte) (list []operation, tags openapi3.Tags) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, top := range membersInOrder(t, document) {
		if top.name != "paths" {
			continue
		}
		for _, path := range membersInOrder(t, top.value) {
			item := doc.Paths.Value(path.name)
			operations := item.Operations()
			for _, m := range membersInOrder(t, path.value) {
				method := strings.ToUpper(m.name)
				if op := operations[method]; op != nil {
					list = append(list, operation{method, path.name, op, slices.Concat(item.Parameters, op.Parameters)})
				}
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("the document has no operations")
	}
	return list, doc.Tags
}

// jsonMember is a member of an object, in the place in which it stands there.
type jsonMember struct {
	name  string
	value json.RawMessage
}

func membersInOrder(t *testing.T, object []byte) (list []jsonMember) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		m := jsonMember{name: fmt.Sprint(name)}
		if err == nil {
			err = d.Decode(&m.value)
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// fill returns the address and the headers with the examples of all parameters that have
// one. Those of paths, and those that are required, must have one.
func (op operation) fill(t *testing.T) (target string, headers []string) {
	t.Helper()
	path, query := op.path, url.Values{}
	for _, ref := range op.parameters {
		q := ref.Value
		value := cmpAny(q.Example, firstExample(q.Examples), q.Schema.Value.Example, q.Schema.Value.Default)
		switch text := fmt.Sprint(value); {
		case value == nil && q.Required:
			t.Errorf("%s %s: the parameter %s has no example", op.method, op.path, q.Name)
		case value == nil || q.In == openapi3.ParameterInHeader && q.Name == "Authorization": // OpenAPI ignores such a parameter
		case q.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+q.Name+"}", url.PathEscape(text))
		case q.In == openapi3.ParameterInQuery:
			query.Set(q.Name, text)
		case q.In == openapi3.ParameterInHeader:
			headers = append(headers, q.Name, text)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, headers
}

// cmpAny returns the first of the values that is not nil.
func cmpAny(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// firstExample returns the one that tools show first.
func firstExample(examples openapi3.Examples) any {
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		return examples[name].Value.Value
	}
	return nil
}

type exampleBody struct{ media, text string }

// bodies returns the example of each media type, or one empty body.
func (op operation) bodies(t *testing.T) (list []exampleBody) {
	t.Helper()
	if op.RequestBody == nil {
		return []exampleBody{{}}
	}
	content := op.RequestBody.Value.Content
	for _, name := range slices.Sorted(maps.Keys(content)) { // JSON before forms
		example := cmpAny(content[name].Example, firstExample(content[name].Examples))
		if example == nil {
			t.Errorf("%s %s: the body %s has no example", op.method, op.path, name)
			continue
		}
		list = append(list, exampleBody{name, encodeExample(t, name, example)})
	}
	return list
}

func encodeExample(t *testing.T, media string, example any) string {
	t.Helper()
	if media != "application/x-www-form-urlencoded" {
		text, err := json.Marshal(example)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	form := url.Values{}
	for name, value := range example.(map[string]any) {
		if list, ok := value.([]any); ok {
			for _, v := range list {
				form.Add(name, fmt.Sprint(v))
			}
		} else {
			form.Set(name, fmt.Sprint(value))
		}
	}
	return form.Encode()
}

// documents reports whether a status is documented: itself, by its class, or as the
// default of refusals.
func (op operation) documents(status int) bool {
	code := strconv.Itoa(status)
	return op.Responses.Value(code) != nil || op.Responses.Value(code[:1]+"XX") != nil || status >= 400 && op.Responses.Default() != nil
}

// demo remembers what a walk must leave as it is.
type demo struct {
	p      *testkit.Process
	people []string
	tokens map[string]string // of login sessions that nobody but their owners may end
	was    map[string]string
}

// newDemo opens a login session for everybody, and brings the lessons on to where they can
// lose something: some are done, all have begun, so that what a walk is credited for shows
// in none.
func newDemo(t *testing.T, p *testkit.Process) *demo {
	t.Helper()
	d := &demo{p: p, people: []string{"alice", "bob", "vera", "carla", "marco"}, tokens: map[string]string{}}
	for _, who := range d.people {
		d.tokens[who] = p.Login(who)
	}
	var lessons []map[string]any
	var list struct{ Items []struct{ ID string } }
	p.Call(http.MethodGet, "/learn/lessons", "", "", &list)
	for n, item := range list.Items {
		l := map[string]any{"lesson": item.ID, "state": "started", "started_at": "2026-01-31T19:00:00Z", "answers": map[string]int{}, "hints": []int{}}
		if n < 4 {
			l["state"], l["done_at"] = "done", "2026-01-31T19:04:00Z"
			l["answers"], l["hints"] = map[string]int{"predict": 1}, []int{2}
		}
		lessons = append(lessons, l)
	}
	body, err := json.Marshal(map[string]any{"table": "main", "saved_at": "2026-01-31T19:15:00Z", "lessons": lessons})
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Do(http.MethodPut, "/learn/progress", "", string(body)); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	d.was = d.state()
	return d
}

// state returns what must not change, each by its name.
func (d *demo) state() map[string]string {
	s := map[string]string{}
	keep := func(name string, a testkit.Answer) { s[name] = strconv.Itoa(a.Status) + " " + string(a.Body) }
	keep("the menu", d.p.Do(http.MethodGet, "/api/v1/menu", "", ""))
	for _, who := range d.people {
		keep(who+"'s open login", d.p.Do(http.MethodGet, "/api/v1/auth/me", d.tokens[who], ""))
		a := d.p.Do(http.MethodPost, pathOfLogin, "", fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, who, who))
		s[who+"'s password"] = strconv.Itoa(a.Status)
		var tokens struct {
			AccessToken string `json:"access_token"`
		}
		_ = json.Unmarshal(a.Body, &tokens) // without a token the next answers say so
		if who == "vera" {
			keep("the menu for VIPs", d.p.Do(http.MethodGet, "/api/v1/menu", tokens.AccessToken, ""))
		}
		if who == "marco" {
			s["the users"] = d.users(tokens.AccessToken)
		}
	}
	s["the progress"] = d.progress()
	return s
}

// users returns the accounts of the demo; a walk may add others.
func (d *demo) users(token string) string {
	var list struct{ Items []map[string]any }
	status := d.p.Call(http.MethodGet, "/api/v1/users?limit=100", token, "", &list)
	known := slices.DeleteFunc(list.Items, func(u map[string]any) bool { return !slices.Contains(d.people, fmt.Sprint(u["username"])) })
	return fmt.Sprint(status, known)
}

// progress returns the lessons without the time at which they were saved.
func (d *demo) progress() string {
	var saved struct{ Lessons json.RawMessage }
	status := d.p.Call(http.MethodGet, "/learn/progress", "", "", &saved)
	return fmt.Sprint(status, string(saved.Lessons))
}

// changes returns what is no longer as it was.
func (d *demo) changes() (list []string) {
	now := d.state()
	for _, name := range slices.Sorted(maps.Keys(d.was)) {
		if d.was[name] != now[name] {
			list = append(list, fmt.Sprintf("%s: was %.400s\nis  %.400s", name, d.was[name], now[name]))
		}
	}
	return list
}
