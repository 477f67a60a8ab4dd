package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

// beyondSchema are fields with rules that no schema can say; the document says them in
// words. What a schema can say of them is held by forbidden.
var beyondSchema = map[string]string{
	"advance":               "24 hours in all",
	"key":                   "which algorithm needs it",
	"lesson":                "which reset needs it",
	"problem":               "the token that comes with it",
	"embed":                 "which fields it goes with",
	"delay_ms":              "which fault needs it",
	"status":                "which fault needs it",
	"route":                 "a route of the server, and not of the lab",
	"cursor":                "it is opaque",
	"sizes":                 "regular stands alone, and each size once",
	"id":                    "two places that must agree",
	"items[0].menu_item_id": "which dishes there are",
	"items[0].size":         "which sizes a dish comes in",
	"question":              "which questions there are",
	"choice":                "how many choices a question has",
	"number":                "which questions ask for a number, and which hints there are",
	"lessons":               "how many choices a question has",
	"vegetarian":            "the library of this test reads 0 and 1 as false and true",
}

// textInWords are operations that answer with text/plain where the address asks for it. The
// document says so in words: as a second media type it would make the JSON of generated
// clients "an object or a text".
var textInWords = map[string]string{"showLesson": "L01.sh"}

// notProvoked are documented refusals that this test does not cause, by status, with what
// does.
var notProvoked = map[string]string{
	"503": "a database that is away or full, and a full queue: e2e's tests of them, and handlers' tests of hashing",
}

// TestReality drives every documented operation through a proxy that holds each request
// and each answer against the document, in both directions: what the document allows is
// not refused for its form, and what it forbids is not taken.
func TestReality(t *testing.T) {
	server := startServer(t, "RESTAURANT_KITCHEN=manual", "RESTAURANT_RATE_LIMIT=3000/s")
	j := newReferee(t, server.Do("GET", "/openapi.json", "", "").Body)
	v := newVisitors(t, j, server)
	for _, room := range []func(*visitors){house, auth, menu, orders, kitchen, kitchenMode, office, refusals, refuseForbidden, lessons} {
		room(v)
	}
	probes(newVisitors(t, j, startServer(t, "RESTAURANT_KITCHEN=manual")))
	limited(newVisitors(t, j, startServer(t, "RESTAURANT_RATE_LIMIT=8/s", "RESTAURANT_BEHIND_PROXY=on", "RESTAURANT_DEMO_DATA=on")))
	j.report(t)
}

// report fails the test for every mismatch, and for what was not tried.
func (j *referee) report(t *testing.T) {
	t.Helper()
	for _, line := range j.mismatches {
		t.Error(line)
	}
	for _, id := range slices.Sorted(maps.Keys(j.operations)) {
		j.reportUntried(t, id)
	}
	for field := range beyondSchema {
		if j.beyond[field] == 0 {
			t.Errorf("beyondSchema: nothing was refused because of %q", field)
		}
	}
	t.Logf("%d operations, %d exchanges, %d mismatches", len(j.operations), j.exchanges, len(j.mismatches))
}

// reportUntried fails the test for an operation that never succeeded, and for its
// documented statuses that were never seen.
func (j *referee) reportUntried(t *testing.T, id string) {
	t.Helper()
	succeeded := false
	for status := range j.statuses[id] {
		succeeded = succeeded || status < 400
	}
	if !succeeded {
		t.Errorf("%s: never answered with success, only %v", id, j.statuses[id])
	}
	for status := range j.operations[id].Responses.Map() {
		var code int
		_, err := fmt.Sscan(status, &code)
		if err == nil && j.statuses[id][code] == 0 && notProvoked[status] == "" {
			t.Errorf("%s: %s is documented and was never seen", id, status)
		}
	}
}

// visitors are the clients of a server: each demo user with a token, and one without.
type visitors struct {
	t      *testing.T
	j      *referee
	url    string // of the proxy
	direct *process.Client
	client *process.Client
	tokens map[string]string
}

func newVisitors(t *testing.T, j *referee, server *testkit.Process) *visitors {
	v := &visitors{t: t, j: j, url: j.proxy(t, server.URL), direct: server.Client, tokens: map[string]string{"": ""}}
	v.client = process.NewClient(v.url)
	v.client.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, name := range []string{"alice", "bob", "vera", "carla", "marco"} {
		v.tokens[name] = v.login(name)
	}
	return v
}

// login logs a demo user in and returns the access token.
func (v *visitors) login(name string) string {
	v.t.Helper()
	return member[string](v, v.do(200, "", "POST", "/api/v1/auth/login", process.DemoCredentials(name)), "access_token")
}

// do makes a request as a user, or as nobody, and fails the test unless the answer has
// the status.
func (v *visitors) do(want int, who, method, path, body string, headers ...string) process.Answer {
	v.t.Helper()
	token, known := v.tokens[who]
	if !known {
		token = who // a token itself
	}
	headers = append([]string{"Accept", "application/json"}, headers...)
	a, err := v.client.Do(v.t.Context(), method, path, token, body, headers...)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.Status != want && want != 0 {
		v.t.Errorf("%s %s %s as %q: %d, not %d: %s", method, path, brief([]byte(body)), who, a.Status, want, a.Body)
	}
	return a
}

// form is do with a form as the body.
func (v *visitors) form(want int, who, path, body string, headers ...string) process.Answer {
	v.t.Helper()
	return v.do(want, who, "POST", path, body, append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

// member returns a member of the JSON object in an answer.
func member[T any](v *visitors, a process.Answer, name string) (value T) {
	v.t.Helper()
	var object map[string]json.RawMessage
	if json.Unmarshal(a.Body, &object) != nil || json.Unmarshal(object[name], &value) != nil {
		v.t.Errorf("no %s in %s", name, a.Body)
	}
	return value
}

// cookiesOf returns the cookies that an answer sets, as a request sends them.
func cookiesOf(a process.Answer) string {
	var list []string
	for _, line := range a.Header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		list = append(list, pair)
	}
	return strings.Join(list, "; ")
}
