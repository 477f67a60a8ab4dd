package handlers

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/learn/course"
	"restaurant/tokens"
)

// The lessons have their own tests in learn; here are those that need the whole API.

// lessonState is how far the only learner is with a lesson.
func (srv *server) lessonState(t testing.TB, id string) string {
	t.Helper()
	return decode[struct{ State string }](t, srv.get(t, "/learn/lessons/"+id).wants(t, 200, "")).State
}

func TestLessons_progressHeader(t *testing.T) {
	srv := newServer(t)
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required")
	srv.get(t, ordersPath).wants(t, 401, "authentication-required")
	res := srv.do(t, "DELETE", "/api/v1/menu/1", "").wants(t, 401, "authentication-required")
	if got := res.Header().Get("Lesson-Progress"); got != "L02 3/5" {
		t.Errorf("Lesson-Progress is %q", got)
	}
	res = srv.get(t, "/api/v1/menu/1").wants(t, 200, "")
	if got := res.Header().Get("Lesson-Progress"); got != "L01 1/6, L02 4/5" {
		t.Errorf("Lesson-Progress is %q", got)
	}
	if res = srv.get(t, "/api/v1/menu/1"); res.Header().Get("Lesson-Progress") != "" {
		t.Errorf("nothing has changed, and Lesson-Progress is %q", res.Header().Get("Lesson-Progress"))
	}
	res = srv.post(t, "/learn/lessons/L02/answers", `{"question":"first-check","choice":2}`).wants(t, 200, "")
	if got := res.Header().Get("Lesson-Progress"); got != "L02 done; next=L01" {
		t.Errorf("Lesson-Progress is %q", got)
	}
	lesson := decode[map[string]any](t, srv.get(t, "/learn/lessons/L02").wants(t, 200, ""))
	if lesson["state"] != "done" || lesson["explain"] == nil || len(lesson["still_to_see"].([]any)) != 0 || len(lesson["seen"].([]any)) != 5 {
		t.Errorf("L02 is %v", lesson)
	}
	if lesson = decode[map[string]any](t, srv.get(t, "/learn/lessons/L01.json").wants(t, 200, "")); lesson["explain"] != nil || lesson["fine_print"] != nil {
		t.Error("a lesson is explained before it is done")
	}
}

// TestLessons_keepTheContract reads each lesson in each form; the helpers hold
// the JSON against the document.
func TestLessons_keepTheContract(t *testing.T) {
	srv := newServer(t)
	for _, l := range course.Load().Lessons {
		for _, form := range []string{"", ".json", ".txt", ".sh", ".cmd", ".ps1", ".http", ".hurl"} {
			res := srv.get(t, "/learn/lessons/"+l.ID+form).wants(t, 200, "")
			if isJSON := strings.HasPrefix(res.Header().Get("Content-Type"), "application/json"); isJSON != (form == "" || form == ".json") {
				t.Errorf("%s%s is %s", l.ID, form, res.Header().Get("Content-Type"))
			}
		}
		srv.lessons.Tracker().Hint(l.ID, 1)
		srv.get(t, "/learn/lessons/"+l.ID).wants(t, 200, "")
	}
	for _, path := range []string{"/learn/lessons/L99", "/learn/lessons/L01.exe", "/learn/lessons/l01", "/learn/files/none.json", "/learn/files/login.json", "/learn/files/..%2fperformance.md"} {
		srv.get(t, path).wants(t, 404, "not-found")
	}
	if got := srv.get(t, "/learn/files/order.json").wants(t, 200, "").Body.String(); !strings.Contains(got, `"menu_item_id": 1`) {
		t.Errorf("order.json is %s", got)
	}
}

// TestLessons_answerInTheAcceptedType asks as clients do by default. Where `Accept` has no
// preference, a terminal gets text: it sends no body or a form. A program sends JSON.
func TestLessons_answerInTheAcceptedType(t *testing.T) {
	const text, page, object = "text/plain", "text/html", "application/json"
	srv := newServer(t)
	for _, tc := range []struct{ client, accept, get, form, json string }{
		{"curl, wget, fetch, node, requests", "*/*", text, text, object},
		{"none", "", text, text, object},
		{"axios", "application/json, text/plain, */*", object, object, object},
		{"openapi-fetch, OkHttp's JSON clients", "application/json", object, object, object},
		{"jQuery's getJSON", "application/json, text/javascript, */*; q=0.01", object, object, object},
		{"Java's HttpURLConnection", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", page, text, object},
		{"Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", page, text, object},
		{"Chromium", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", page, text, object},
		{"who wants text", "text/plain", text, text, text},
		{"who rather has text", "application/json;q=0.5, text/plain", text, text, text},
		{"who rather has JSON", "text/plain;q=0.5, application/json", object, object, object},
		{"who takes any text", "text/*", text, text, text},
		{"who takes anything but JSON", "application/json;q=0, */*", text, text, text},
		{"who takes any application", "application/*", object, object, object},
		{"who takes what there is not", "image/png", text, text, object},
	} {
		for _, call := range []struct {
			name, want string
			res        *response
		}{
			{"GET /learn", tc.get, srv.get(t, "/learn", with("Accept", tc.accept))},
			{"a form of an answer", tc.form, srv.post(t, "/learn/lessons/L01/answers", "question=predict&choice=1", asForm, with("Accept", tc.accept))},
			{"an answer in JSON", tc.json, srv.post(t, "/learn/lessons/L01/answers", `{"question":"predict","choice":1}`, with("Accept", tc.accept))},
			{"a form for a hint", tc.form, srv.post(t, "/learn/lessons/L01/hints", "number=1", asForm, with("Accept", tc.accept))},
			{"a hint in JSON", tc.json, srv.post(t, "/learn/lessons/L01/hints", `{"number":1}`, with("Accept", tc.accept))},
		} {
			status := 200
			if call.want == page {
				status = 303
			}
			call.res.wants(t, status, "")
			if got := call.res.Header().Get("Content-Type"); status == 200 && !strings.HasPrefix(got, call.want) {
				t.Errorf("%s: %s with Accept %q is answered in %s, want %s", tc.client, call.name, tc.accept, got, call.want)
			}
			if !variesBy(call.res, "Accept") {
				t.Errorf("%s: Vary is %v", call.name, call.res.Header().Values("Vary"))
			}
		}
	}
	start := srv.get(t, "/learn").Body.String()
	count := fmt.Sprintf("0 of %d lessons", len(course.Load().Counted()))
	for _, want := range []string{count, "NOW L01", "curl -i " + testURL + "/api/v1/menu", "Still to see", "hints"} {
		if !strings.Contains(start, want) {
			t.Errorf("the text says nothing of %q:\n%s", want, start)
		}
	}
}

func TestLessons_sheetsShowNoSolution(t *testing.T) {
	srv := newServer(t)
	for _, l := range course.Load().Lessons {
		page := srv.rawGet("/learn/sheet?lessons=" + l.ID).Body.String()
		for _, secret := range append([]string{l.Explain[:40], l.Predict.Why}, l.Hints...) {
			if strings.Contains(page, secret) {
				t.Errorf("the sheet of %s says %q", l.ID, secret)
			}
		}
		if strings.Contains(page, "class.js") {
			t.Errorf("the sheet of %s belongs to a class", l.ID)
		}
	}
	if sheets := strings.Count(srv.rawGet("/learn/sheet?lessons=L01-L03,L05").Body.String(), "<article"); sheets != 4 {
		t.Errorf("%d sheets", sheets)
	}
	for _, bad := range []string{"L99", "L03-L01", "L01-", "x", "L01,,L02"} {
		srv.get(t, "/learn/sheet?lessons="+bad).wants(t, 422, "validation-failed")
	}
}

func TestLessons_answersAndHints(t *testing.T) {
	srv := newServer(t)
	answers, hints := "/learn/lessons/L01/answers", "/learn/lessons/L01/hints"
	res := srv.post(t, answers, "question=predict&choice=1", asForm, with("Accept", "application/json")).wants(t, 200, "")
	if got := decode[map[string]any](t, res); got["right"] != false || got["why"] == nil {
		t.Errorf("a wrong guess: %v", got)
	}
	if got := decode[map[string]any](t, srv.post(t, answers, `{"question":"who-is-who","choice":1}`).wants(t, 200, "")); got["right"] != false || got["why"] != nil {
		t.Errorf("a wrong answer: %v", got)
	}
	res = srv.post(t, answers, `{"question":"who-is-who","choice":2}`).wants(t, 200, "")
	if got := decode[map[string]any](t, res); got["right"] != true || got["why"] == nil || res.Header().Get("Lesson-Progress") != "L01 1/6" {
		t.Errorf("the right answer: %v %v", got, res.Header())
	}
	if got := srv.post(t, hints, "number=1", asForm, with("Accept", "application/json")).wants(t, 200, ""); decode[map[string]any](t, got)["text"] == nil {
		t.Errorf("a hint: %s", got.Body)
	}
	for _, tc := range []struct {
		path, body string
		status     int
		slug       string
	}{
		{answers, `{"question":"none","choice":1}`, 422, "validation-failed"},
		{answers, `{"question":"predict","choice":0}`, 422, "validation-failed"},
		{answers, `{"question":"predict","choice":4}`, 422, "validation-failed"},
		{answers, `{"question":"predict","choice":"two"}`, 422, "validation-failed"},
		{answers, `{"question":`, 400, "malformed-json"},
		{answers, `{"question":"predict","question":"predict"}`, 400, "malformed-json"},
		{answers, `{"question":"predict","Choice":1}`, 400, "unknown-field"},
		{answers, `[]`, 422, "validation-failed"},
		{answers, strings.Repeat(" ", httpjson.MaxBody+1), 413, "body-too-large"},
		{hints, `{"number":3}`, 422, "validation-failed"},
		{"/learn/lessons/L99/hints", `{"number":1}`, 404, "not-found"},
		{"/learn/reset", `{"what":"everything"}`, 422, "validation-failed"},
		{"/learn/reset", `{"what":"lesson","lesson":"L99"}`, 404, "not-found"},
		{"/learn/reset", `{"what":"lesson"}`, 422, "validation-failed"},
	} {
		srv.post(t, tc.path, tc.body).wants(t, tc.status, tc.slug)
	}
	for call, body := range map[string]string{
		"POST " + answers: `{"question":"predict","choice":1}`, "POST " + hints: `{"number":1}`, "POST /learn/reset": `{"what":"lessons"}`,
		"PUT /learn/progress": `{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"open","answers":{},"hints":[]}]}`,
		"POST /lab/forge":     `{"set":["role=manager"]}`,
	} {
		method, path, _ := strings.Cut(call, " ")
		for _, name := range []string{"role", "table_name", "state2", "Number", "jku", ""} {
			srv.do(t, method, path, strings.Replace(body, "{", `{"`+name+`":1,`, 1), srv.as(t, "alice")).wants(t, 400, "unknown-field")
		}
		srv.do(t, method, path, body, srv.as(t, "alice")).wants(t, 200, "")
	}
	srv.post(t, answers, "question=%zz", asForm).wants(t, 400, "malformed-form")
	srv.post(t, answers, "question=predict&choice=1&choice=2", asForm).wants(t, 400, "malformed-form")
	srv.post(t, answers, "hello", with("Content-Type", "text/plain")).wants(t, 415, "unsupported-media-type")
}

// TestLessons_answersInATerminal: what curl shows of a wrong and a right answer, and of the
// one that completes a lesson.
func TestLessons_answersInATerminal(t *testing.T) {
	srv := newServer(t)
	answer := func(fields string) string {
		t.Helper()
		return srv.post(t, "/learn/lessons/L01/answers", fields, asForm, with("Accept", "*/*")).wants(t, 200, "").Body.String()
	}
	lesson, _ := course.Load().Lesson("L01")
	words := func(text string) string { return strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "")), " ") }
	for _, tc := range []struct{ fields, begins, holds, lacks string }{
		{"question=predict&choice=1", "Not this one.\n\n  ", words(lesson.Predict.WhyNotOf(1) + " " + lesson.Predict.Why + " Still to see: - the menu (200)"), "is done"},
		{"question=who-is-who&choice=1", "Not this one.\n\n  ", words(lesson.Questions[0].WhyNotOf(1) + " Think again, or take a hint."), words(lesson.Questions[0].Why)},
		{"question=predict&choice=2", "That is right.\n\n  ", words(lesson.Predict.Why), "is done"},
	} {
		if got := answer(tc.fields); !strings.HasPrefix(got, tc.begins) || !strings.Contains(words(got), tc.holds) || strings.Contains(words(got), tc.lacks) {
			t.Errorf("%s is answered\n%s", tc.fields, got)
		}
	}
	srv.get(t, "/api/v1/menu", with("User-Agent", "curl/8.5.0"))
	srv.get(t, "/api/v1/menu", with("User-Agent", "my-first-program"))
	srv.get(t, "/api/v1/menu/1")
	srv.get(t, "/api/v1/menu/9999")
	srv.get(t, kitchenPath)
	got := answer("question=who-is-who&choice=2")
	if !strings.HasPrefix(got, "That is right.\n\n  The guest is the client") || !strings.HasSuffix(got, "\n\n  L01 is done. The next lesson: curl -s "+testURL+"/learn\n") {
		t.Errorf("the last answer of a lesson is\n%s", got)
	}
}

// TestLessons_whatIsMissingWaitsForTheGuess, because it would give the answer away.
func TestLessons_whatIsMissingWaitsForTheGuess(t *testing.T) {
	srv := newServer(t)
	missing := func() []any {
		t.Helper()
		lesson := decode[map[string]any](t, srv.get(t, "/learn/lessons/L02").wants(t, 200, ""))["still_to_see"]
		list := decode[struct{ Items []map[string]any }](t, srv.get(t, "/learn/lessons").wants(t, 200, "")).Items[1]["still_to_see"]
		if fmt.Sprint(list) != fmt.Sprint(lesson) {
			t.Errorf("the list says %v, and the lesson %v", list, lesson)
		}
		if lesson == nil {
			return nil
		}
		return lesson.([]any)
	}
	shown := func(what string) bool {
		return strings.Contains(srv.get(t, "/learn/lessons/L02.txt").wants(t, 200, "").Body.String(), what)
	}
	const next = "the list of orders, refused (401)"
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required") // so that L02 is started
	if got := missing(); got != nil || shown(next) {
		t.Errorf("before the guess %v is shown", got)
	}
	srv.post(t, "/learn/lessons/L02/answers", `{"question":"predict","choice":1}`).wants(t, 200, "")
	if got := missing(); len(got) != 4 || !slices.Contains(got, any(next)) || !shown(next) {
		t.Errorf("after it, %v is shown", got)
	}
}

// TestLessons_nameTheTwoPrograms that read the menu in L01.
func TestLessons_nameTheTwoPrograms(t *testing.T) {
	srv := newServer(t)
	for _, agent := range []string{"curl/8.5.0", "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"} {
		srv.get(t, "/api/v1/menu", with("User-Agent", agent)).wants(t, 200, "")
	}
	const want = "the menu again, from another program (200): curl and Firefox"
	if got := srv.get(t, "/learn/lessons/L01").wants(t, 200, "").Body.String(); !strings.Contains(got, want) {
		t.Errorf("L01 names no programs: %s", got)
	}
}

// TestLessons_wrongChoicesSayWhy: each with its own words, and the first try is kept.
func TestLessons_wrongChoicesSayWhy(t *testing.T) {
	srv := newServer(t)
	for _, l := range course.Load().Lessons {
		path := "/learn/lessons/" + l.ID + "/answers"
		for _, q := range l.AllQuestions() {
			for choice := range len(q.Choices) {
				got := decode[map[string]any](t, srv.post(t, path, fmt.Sprintf(`{"question":%q,"choice":%d}`, q.ID, choice+1)).wants(t, 200, ""))
				want := any(nil)
				if why := q.WhyNotOf(choice + 1); why != "" {
					want = why
				}
				if got["why_not"] != want || got["right"] != (choice+1 == q.Answer) {
					t.Errorf("%s %s: choice %d is answered %v", l.ID, q.ID, choice+1, got)
				}
			}
		}
		lesson := decode[struct {
			Predict struct {
				FirstTry bool `json:"first_try"`
			}
		}](t, srv.get(t, "/learn/lessons/"+l.ID).wants(t, 200, ""))
		if want := l.Predict.Answer == 1; lesson.Predict.FirstTry != want {
			t.Errorf("%s: the first try was right: %t", l.ID, !want)
		}
	}
}

// TestLessons_creditsWhatItSaysItSees sends what looks alike, and then what counts.
func TestLessons_creditsWhatItSaysItSees(t *testing.T) {
	srv := newServer(t)
	progress := func(res *response) string { return res.Header().Get("Lesson-Progress") }
	seen := func(id string) int {
		return len(decode[struct{ Seen []any }](t, srv.get(t, "/learn/lessons/"+id).wants(t, 200, "")).Seen)
	}
	for _, step := range []struct {
		name string
		seen int
	}{{"nobody", 0}, {"alice", 1}, {"bob", 1}, {"alice", 1}, {"nobody", 2}} {
		res := srv.post(t, "/api/v1/auth/login", `{"username":"`+step.name+`","password":"not-the-password"}`).wants(t, 401, "invalid-credentials")
		if got := seen("L03"); got != step.seen || progress(res) != "" { // the answer must not say whose name is known
			t.Errorf("after a wrong password of %s %d are seen, want %d, and the answer says %q", step.name, got, step.seen, progress(res))
		}
	}
	if facts := srv.get(t, "/learn/facts", srv.as(t, "marco")).wants(t, 200, "").Body.String(); strings.Contains(facts, "known") {
		t.Errorf("the facts say whose name is known: %s", facts)
	}
	inspect := func(token string) string {
		return progress(srv.post(t, "/api/v1/auth/inspect", `{"token":"`+token+`"}`).wants(t, 200, ""))
	}
	alice, vera := srv.login(t, "alice").AccessToken, srv.login(t, "vera").AccessToken
	for _, step := range []struct{ token, want string }{{"hello", ""}, {alice[:len(alice)-9], ""}, {alice, "L05 1/4"}, {alice, ""}, {vera[:len(vera)-9], ""}, {vera, "L05 2/4"}} {
		if got := inspect(step.token); got != step.want {
			t.Errorf("inspect of %.20s… changes %q, want %q", step.token, got, step.want)
		}
	}
	for _, broken := range []string{"eyJ.eyJ.x", alice[:len(alice)-9] + "AAAAAAAAA"} {
		srv.post(t, "/learn/reset", `{"what":"lessons"}`).wants(t, 200, "")
		if got := progress(srv.get(t, mePath, bearer(broken))); got != "L06 1/5" {
			t.Errorf("%.20s… changes %q", broken, got)
		}
		if got := progress(srv.get(t, mePath, bearer(alice))); !strings.Contains(got, "L06 2/5") {
			t.Errorf("after %.20s… the genuine token changes %q", broken, got)
		}
	}
}

// TestLessons_crossSiteIsRefused sends what a page of another origin can.
func TestLessons_crossSiteIsRefused(t *testing.T) {
	srv := newServer(t)
	for call, body := range map[string]string{
		"POST /learn/lessons/L01/answers": `{"question":"predict","choice":1}`, "POST /learn/lessons/L01/hints": `{"number":1}`,
		"POST /learn/reset": `{"what":"kitchen"}`, "POST /learn/reopen": "", "PUT /learn/progress": `{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[]}`,
	} {
		method, path, _ := strings.Cut(call, " ")
		srv.do(t, method, path, body, srv.as(t, "marco"), with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
		srv.do(t, method, path, body, srv.as(t, "marco"), with("Origin", "http://localhost:3000")).wants(t, 403, "cross-origin")
	}
	if got := srv.lessonState(t, "L01"); got != "open" {
		t.Errorf("L01 is %s", got)
	}
	srv.post(t, "/learn/reset", `{"what":"lessons"}`, with("Origin", testURL)).wants(t, 200, "")
}

// TestLessons_whoMayReset tries everybody where others come, too, and nobody
// in particular where only this machine does.
func TestLessons_whoMayReset(t *testing.T) {
	srv := newServer(t)
	const fresh = `{"what":"kitchen"}`
	alice := srv.login(t, "alice").AccessToken
	srv.newOrder(t, bearer(alice))
	srv.post(t, "/learn/reset", fresh).wants(t, 401, "authentication-required")
	for _, name := range []string{"alice", "vera", "carla"} {
		srv.post(t, "/learn/reset", fresh, srv.as(t, name)).wants(t, 403, "role-required")
	}
	srv.get(t, ordersPath+"/1", bearer(alice)).wants(t, 200, "")
	srv.post(t, "/learn/reset", fresh, srv.as(t, "marco")).wants(t, 200, "")
	srv.get(t, mePath, bearer(alice)).wants(t, 401, "token-revoked")
	alice = srv.login(t, "alice").AccessToken
	srv.get(t, ordersPath+"/1", bearer(alice)).wants(t, 404, "not-found")
	if o := srv.newOrder(t, bearer(alice)); o.ID != 1 {
		t.Errorf("the first order of the new day is number %d", o.ID)
	}
	srv.lessons.LoopbackOnly = true
	srv.post(t, "/learn/reset", "what=kitchen", asForm).wants(t, 200, "")
	srv.get(t, mePath, bearer(alice)).wants(t, 401, "token-revoked")
	srv.get(t, "/learn/facts").wants(t, 200, "")
}

// TestLessons_resetKeepsProgress is the reason for a lesson store of its own.
func TestLessons_resetKeepsProgress(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/api/v1/menu/1")
	srv.post(t, "/learn/reset", `{"what":"kitchen"}`, srv.as(t, "marco")).wants(t, 200, "")
	if got := srv.lessonState(t, "L01"); got != "started" {
		t.Errorf("L01 is %s", got)
	}
	preview := decode[struct{ Loses []learn.Loss }](t, srv.get(t, "/learn/reset?what=lesson&lesson=L01").wants(t, 200, ""))
	if len(preview.Loses) != 3 || preview.Loses[1].Count != 1 {
		t.Errorf("the preview says %+v", preview)
	}
	if got := srv.lessonState(t, "L01"); got != "started" {
		t.Errorf("after a look at what would be lost, L01 is %s", got)
	}
	srv.post(t, "/learn/reset", `{"what":"lesson","lesson":"L01"}`).wants(t, 200, "")
	if got := srv.lessonState(t, "L01"); got != "open" {
		t.Errorf("L01 is %s", got)
	}
}

// TestLessons_resetForgetsOrders: after a reset of the restaurant no command names an order that is deleted, and
// what was seen of it must be seen again. What needs no order stays.
func TestLessons_resetForgetsOrders(t *testing.T) {
	srv := newServer(t)
	lesson := func() string { return srv.get(t, "/learn/lessons/L04.txt").wants(t, 200, "").Body.String() }
	seen := func() int {
		return len(decode[struct{ Seen []any }](t, srv.get(t, "/learn/lessons/L04").wants(t, 200, "")).Seen)
	}
	alice := srv.as(t, "alice")
	srv.newOrder(t, alice) // before the lesson
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required")
	srv.get(t, "/api/v1/menu", alice).wants(t, 200, "")
	srv.newOrder(t, alice)
	if got := lesson(); !strings.Contains(got, "/orders/2/events") || seen() != 3 {
		t.Errorf("%d things seen, and the lesson is %s", seen(), got)
	}
	srv.post(t, "/learn/reset", `{"what":"kitchen"}`, srv.as(t, "marco")).wants(t, 200, "")
	if got := lesson(); !strings.Contains(got, "/orders/1/events") || seen() != 2 {
		t.Errorf("after the reset %d things are seen, and the lesson is %s", seen(), got)
	}
	res := srv.post(t, ordersPath, margherita, srv.as(t, "alice")).wants(t, 201, "")
	if got := res.Header().Get("Lesson-Progress"); !strings.Contains(got, "L04 3/7") {
		t.Errorf("the next order changes %q", got)
	}
}

// TestLessons_speakOfTheLearnersOwnOrder: not of one that somebody else has placed since, and
// each try has an idempotency key of its own.
func TestLessons_speakOfTheLearnersOwnOrder(t *testing.T) {
	srv := newServer(t)
	lesson := func() string { return srv.get(t, "/learn/lessons/L04.txt").wants(t, 200, "").Body.String() }
	alice := srv.as(t, "alice")
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required")
	srv.get(t, "/api/v1/menu", alice).wants(t, 200, "")
	srv.newOrder(t, alice)
	srv.newOrder(t, srv.as(t, "vera"))
	if got := lesson(); !strings.Contains(got, "/orders/1/events") || !strings.Contains(got, "my-first-pizza-1") {
		t.Errorf("after an order of somebody else: %s", got)
	}
	srv.post(t, "/learn/reset", `{"what":"lesson","lesson":"L04"}`).wants(t, 200, "")
	if got := lesson(); !strings.Contains(got, "/orders/2/events") || strings.Count(got, "my-first-pizza-2") != 3 {
		t.Errorf("in the second try: %s", got)
	}
	srv.post(t, "/learn/reset", `{"what":"lessons"}`).wants(t, 200, "")
	if got := lesson(); strings.Count(got, "my-first-pizza-3") != 3 {
		t.Errorf("in the third try: %s", got)
	}
}

// TestLessons_browsersAreLedToThePage, which has all lessons and the buttons to reset.
func TestLessons_browsersAreLedToThePage(t *testing.T) {
	srv := newServer(t)
	browser := with("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	srv.get(t, "/api/v1/menu/1")
	leads := func(res *response) {
		t.Helper()
		if res.Code != 303 || res.Header().Get("Location") != "/#/lessons" || res.Body.Len() > 200 {
			t.Errorf("%s is answered %d %v", res.request, res.Code, res.Header())
		}
	}
	leads(srv.get(t, "/learn", browser))
	leads(srv.get(t, "/learn/reset?what=kitchen", browser))
	if got := srv.lessonState(t, "L01"); got != "started" {
		t.Fatalf("after looking L01 is %s", got)
	}
	leads(srv.post(t, "/learn/reset", "what=lesson&lesson=L01", asForm, browser, with("Sec-Fetch-Site", "same-origin"), with("Origin", "null"))) // as Referrer-Policy: no-referrer makes it
	if got := srv.lessonState(t, "L01"); got != "open" {
		t.Errorf("after the reset L01 is %s", got)
	}
}

func TestLessons_progressCanBeSavedAndRestored(t *testing.T) {
	srv := newServer(t)
	srv.post(t, ordersPath, margherita)
	srv.get(t, ordersPath)
	srv.do(t, "DELETE", "/api/v1/menu/1", "")
	srv.get(t, "/api/v1/menu/1")
	srv.post(t, "/learn/lessons/L02/answers", `{"question":"first-check","choice":2}`).wants(t, 200, "")
	srv.post(t, "/learn/lessons/L05/answers", `{"question":"predict","choice":3}`).wants(t, 200, "")
	saved := srv.get(t, "/learn/progress").wants(t, 200, "").Body.String()

	other := newServer(t)
	other.do(t, "PUT", "/learn/progress", saved).wants(t, 200, "")
	for id, want := range map[string]string{"L01": "started", "L02": "done", "L03": "open", "L05": "started"} {
		if got := other.lessonState(t, id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	after := decode[map[string]any](t, other.get(t, "/learn/progress").wants(t, 200, ""))["lessons"]
	var before map[string]any
	if err := json.Unmarshal([]byte(saved), &before); err != nil {
		t.Fatal(err)
	}
	if a, b := before["lessons"], after; a == nil || !sameJSON(t, a, b) {
		t.Errorf("taken along %v\nbrought back %v", a, b)
	}
	tomorrow := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	for _, bad := range []string{
		`{"table":"kitchen","saved_at":"2026-01-31T19:15:00Z","lessons":[]}`,
		`{"table":"","saved_at":"2026-01-31T19:15:00Z","lessons":[]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z"}`,
		`{"lessons":[null]}`,
		`{"lessons":[{"state":"done"}]}`,
		`{"lessons":[{"lesson":"L99","state":"mastered"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":null}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"started","started_at":"9999-12-31T23:59:59-12:00"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"done","done_at":"9999-12-31T23:59:59-12:00"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"started","started_at":"0001-01-01T00:00:00Z"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"started","started_at":"` + tomorrow + `"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"mastered"}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"done","answers":{"predict":9}}]}`,
		`{"table":"main","saved_at":"2026-01-31T19:15:00Z","lessons":[{"lesson":"L01","state":"done","hints":[9]}]}`,
	} {
		other.do(t, "PUT", "/learn/progress", bad).wants(t, 422, "validation-failed")
	}
	if after := decode[map[string]any](t, other.get(t, "/learn/progress").wants(t, 200, ""))["lessons"]; !sameJSON(t, before["lessons"], after) {
		t.Errorf("what was refused has changed the progress to %v", after)
	}
}

// TestLessons_restoredAnswersCount: a question that comes back answered is not asked again, so it is not still
// to see, and the lesson is done by its steps. A wrong answer can be answered again.
func TestLessons_restoredAnswersCount(t *testing.T) {
	srv := newServer(t)
	srv.post(t, "/learn/lessons/L01/answers", `{"question":"who-is-who","choice":1}`).wants(t, 200, "")  // wrong
	srv.post(t, "/learn/lessons/L02/answers", `{"question":"first-check","choice":2}`).wants(t, 200, "") // right
	other := newServer(t)
	other.do(t, "PUT", "/learn/progress", srv.get(t, "/learn/progress").Body.String()).wants(t, 200, "")
	type shown struct {
		State string
		Seen  []any
	}
	lesson := func(id string) shown {
		return decode[shown](t, other.get(t, "/learn/lessons/"+id).wants(t, 200, ""))
	}
	if wrong, right := lesson("L01"), lesson("L02"); len(wrong.Seen) != 0 || len(right.Seen) != 1 {
		t.Errorf("of a wrong answer %d is seen, and of a right one %d", len(wrong.Seen), len(right.Seen))
	}
	other.post(t, ordersPath, margherita)
	other.get(t, ordersPath)
	other.do(t, "DELETE", "/api/v1/menu/1", "")
	other.get(t, "/api/v1/menu/1")
	if got := lesson("L02"); got.State != "done" {
		t.Errorf("after its steps L02 is %s", got.State)
	}
}

// TestLessons_progressSurvivesARestart: what was accepted can be written and read again,
// and is not larger than what a learner can have.
func TestLessons_progressSurvivesARestart(t *testing.T) {
	srv := newServer(t)
	hints := strings.TrimSuffix(strings.Repeat("2,1,", 6000), ",")
	accepted := `{"table":"main","saved_at":"9999-12-31T23:59:59Z","lessons":[
		{"lesson":"L01","state":"started","started_at":"1970-01-01T00:00:00Z","answers":{"predict":1},"hints":[` + hints + `]},
		{"lesson":"L02","state":"done","started_at":"2000-01-01T00:00:00+14:00","done_at":"` + time.Now().Format(time.RFC3339) + `"},
		{"lesson":"L03","state":"done"}, {"lesson":"L99","state":"open"}]}`
	srv.do(t, "PUT", "/learn/progress", accepted).wants(t, 200, "")
	before := srv.get(t, "/learn/progress").wants(t, 200, "").Body.String()
	if !strings.Contains(before, `"hints":[1,2]`) {
		t.Errorf("the progress is %s", before)
	}
	if err := srv.lessons.Close(); err != nil {
		t.Fatal(err)
	}
	again := openServer(t, srv.dir, srv.location, "")
	after := again.get(t, "/learn/progress").wants(t, 200, "").Body.String()
	saved := regexp.MustCompile(`"(saved_at|signature)":"[^"]*"`) // the signature is also over the time
	if saved.ReplaceAllString(before, "") != saved.ReplaceAllString(after, "") {
		t.Errorf("before the restart %s\nafter it %s", before, after)
	}
}

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}

// TestLessons_storeHoldsNoSecrets sends everything secret there is and reads the
// file.
func TestLessons_storeHoldsNoSecrets(t *testing.T) {
	srv := newServer(t)
	login := srv.login(t, "alice")
	srv.get(t, mePath, bearer(login.AccessToken)).wants(t, 200, "")
	srv.get(t, mePath+"?token=secret-in-the-query", bearer("x"+login.AccessToken))
	srv.get(t, "/api/v1/secret-in-the-path.pem", with("User-Agent", "secret-agent"))
	srv.post(t, "/api/v1/auth/inspect", `{"token":"`+login.AccessToken+`"}`).wants(t, 200, "")
	srv.post(t, "/api/v1/auth/refresh", `{"refresh_token":"`+login.RefreshToken+`"}`).wants(t, 200, "")
	srv.post(t, loginPath, `{"username":"secret-name","password":"secret-password"}`).wants(t, 401, "invalid-credentials")
	srv.post(t, ordersPath, `{"items":[{"menu_item_id":1,"size":"large","quantity":1,"note":"secret-note"}]}`, srv.as(t, "alice")).wants(t, 201, "")
	shown := srv.get(t, "/learn/facts", srv.as(t, "marco")).wants(t, 200, "").Body.String()
	if err := srv.lessons.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(srv.dir, "lessons.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{shown, string(file)} {
		if !strings.Contains(text, "/api/v1/auth/refresh") {
			t.Fatal("there are no facts")
		}
		for _, secret := range []string{"eyJ", login.RefreshToken, "secret", "likes-pizza", "Alice", "alice", tokens.UnverifiedID(login.AccessToken)} {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("the lesson store holds %q", secret)
			}
		}
	}
}

// TestLessons_failedLoginHasNoUser: the newest facts must not tell who has an account.
func TestLessons_failedLoginHasNoUser(t *testing.T) {
	srv := newServer(t)
	for _, name := range []string{"alice", "nobody"} {
		srv.post(t, loginPath, `{"username":"`+name+`","password":"wrong-password"}`).wants(t, 401, "invalid-credentials")
	}
	facts := decode[struct {
		Items []struct{ Who *int64 }
	}](t, srv.get(t, "/learn/facts", srv.as(t, "marco")).wants(t, 200, ""))
	if len(facts.Items) != 2 || facts.Items[0].Who != nil || facts.Items[1].Who != nil {
		t.Errorf("the facts are %+v", facts)
	}
}

// TestLessons_numbersAreTheLearnersOwn: a number is right within 20 percent of what was
// measured, and before that there is nothing to compare it with.
func TestLessons_numbersAreTheLearnersOwn(t *testing.T) {
	srv := newServer(t)
	const path = "/learn/lessons/L12/answers"
	type said struct {
		Right  bool
		Why    *string
		WhyNot *string `json:"why_not"`
	}
	answer := func(question string, number float64) said {
		return decode[said](t, srv.post(t, path, fmt.Sprintf(`{"question":%q,"number":%v}`, question, number)).wants(t, 200, ""))
	}
	for _, question := range []string{"size", "stateless", "near", "far"} {
		if got := answer(question, 750); got.Right || got.Why != nil || got.WhyNot == nil || !strings.HasPrefix(*got.WhyNot, "Measure first") {
			t.Errorf("before the comparison %s is answered %+v", question, got)
		}
	}
	if got := srv.lessonState(t, "L12"); got != "open" {
		t.Errorf("what cannot be judged was noted: L12 is %s", got)
	}
	text := srv.post(t, path, "question=far&number=5500", asForm).wants(t, 200, "").Body.String()
	if !strings.HasPrefix(text, "Not yet.") || !strings.Contains(text, "distance_ms=5") || strings.Contains(text, "Still to see") {
		t.Errorf("a terminal gets %s", text)
	}

	type door struct {
		Door           string
		Bytes, Queries float64
		MedianUS       float64 `json:"median_us"`
	}
	measure := func(distance int) (jwt, session door) {
		run := decode[struct{ Doors []door }](t, srv.post(t, "/lab/compare", fmt.Sprintf(`{"n":10,"distance_ms":%d}`, distance)).wants(t, 200, ""))
		return run.Doors[0], run.Doors[2]
	}
	jwt, session := measure(0)
	if got := answer("far", 5500); got.Right || got.WhyNot == nil || !strings.HasPrefix(*got.WhyNot, "Measure first") {
		t.Errorf("with the other comparison far is answered %+v", got)
	}
	_, far := measure(5)
	for _, row := range []struct {
		question string
		measured float64
	}{{"size", jwt.Bytes}, {"stateless", session.Queries}, {"near", jwt.MedianUS}, {"far", far.MedianUS}} {
		for factor, want := range map[float64]bool{0: false, 0.79: false, 0.81: true, 1: true, 1.19: true, 1.21: false, 100: false} {
			got := answer(row.question, factor*row.measured)
			if got.Right != want || (got.Why != nil) != want || (got.WhyNot == nil) != want {
				t.Errorf("%s: %v times %v is answered %+v", row.question, factor, row.measured, got)
			}
		}
	}
	answer("size", jwt.Bytes)
	lesson := srv.get(t, "/learn/lessons/L12").wants(t, 200, "").Body.String()
	if want := fmt.Sprintf(`"number":%v,"chosen":null,"right":true,"answer":null`, jwt.Bytes); !strings.Contains(lesson, want) {
		t.Errorf("the lesson does not say %s: %s", want, lesson)
	}

	for body, field := range map[string]string{
		`{"question":"size"}`: "number", `{"question":"size","number":null}`: "number", `{"question":"size","number":-1}`: "number",
		`{"question":"size","number":750,"choice":1}`: "choice", `{"question":"storage","number":1}`: "number",
		`{"question":"storage","number":1,"choice":2}`: "number", `{"question":"storage"}`: "choice", `{"question":"storage","choice":0}`: "choice",
	} {
		if got := srv.post(t, path, body).wants(t, 422, "validation-failed").fields(t); !slices.Equal(got, []string{field}) {
			t.Errorf("%s is refused for %v, want %s", body, got, field)
		}
	}
	srv.post(t, path, `{"question":"storage","choice":2}`).wants(t, 200, "")
}
