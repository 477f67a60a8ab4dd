package handlers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"restaurant/learn/lab/stage"
)

type stageAnswer struct{ Listen, URL string }

// visitor is a browser without its engine: it keeps no cookie by itself.
type visitor struct {
	t    *testing.T
	base string
}

func (v visitor) send(method, path, body, cookie string, headers ...string) (status int, answer string, header http.Header) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: stage.Cookie, Value: cookie})
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text), res.Header
}

func record(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

const cspReport = `{"csp-report":{"document-uri":"http://127.0.0.1/?case=strict","violated-directive":"script-src-attr"}}`

// openedStage opens a stage and reads its token as a thief would.
func openedStage(t *testing.T, srv *server) (v visitor, token string) {
	t.Helper()
	v = visitor{t, strings.TrimSuffix(decode[stageAnswer](t, srv.post(t, "/lab/stage", "").wants(t, 201, "")).URL, "/")}
	_, page, _ := v.send("GET", "/?case=storage", "", "")
	if token = regexp.MustCompile(`eyJ[\w.-]+`).FindString(page); token == "" {
		t.Fatalf("there is nothing to steal: %s", page)
	}
	return v, token
}

// TestStage_receives replays what a browser sends in the cases, and what the lessons then
// know. Beside each stands the same request without what makes it evidence.
func TestStage_receives(t *testing.T) {
	for _, tc := range []struct {
		name, method, path string
		body, cookie       string // TOKEN is that of the stage
		status             int
		noted              string
	}{
		{"the token", "POST", "/notepad", "TOKEN", "", 204, stage.Stolen},
		{"another token", "POST", "/notepad", "eyJhbGciOiJub25lIn0.e30.", "", 204, ""},
		{"an empty note beside the cookie", "POST", "/notepad", "", "TOKEN", 204, stage.Empty},
		{"an empty note of nobody", "POST", "/notepad", "", "", 204, ""},
		{"an order", "POST", "/order", "", "TOKEN", 201, stage.Ordered},
		{"an order of nobody", "POST", "/order", "", "", 401, ""},
		{"a report", "POST", "/report", cspReport, "", 204, stage.Blocked},
		{"a report of an icon", "POST", "/report", strings.ReplaceAll(cspReport, "script-src-attr", "img-src"), "", 204, ""},
		{"a report of another page", "POST", "/report", strings.ReplaceAll(cspReport, "case=strict", "case=order"), "", 204, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			heard := make(chan stage.Event, 9)
			s := stage.New(stage.Options{Path: "/t/apple/stage", Token: "genuine", TokenID: "id", Report: func(e stage.Event) { heard <- e }})
			fill := strings.NewReplacer("TOKEN", "genuine").Replace
			req := newRequest(tc.method, "/t/apple/stage"+tc.path, fill(tc.body))
			if tc.cookie != "" {
				req.AddCookie(&http.Cookie{Name: stage.Cookie, Value: fill(tc.cookie)})
			}
			rec := record(s, req)
			if rec.Code != tc.status || rec.Header().Get("Lab") != "deliberately-unsafe" {
				t.Errorf("it answers %d: %s", rec.Code, rec.Body)
			}
			var got stage.Event
			select {
			case got = <-heard:
			default:
			}
			want := stage.Event{}
			if tc.noted != "" {
				want = stage.Event{Method: tc.method, Route: tc.path, Status: tc.status, Noted: tc.noted}
			}
			if tc.noted == stage.Stolen {
				want.TokenID = "id"
			}
			if got != want {
				t.Errorf("it reports %+v", got)
			}
		})
	}
}

// TestStage_underAPath: on a server with other pages, the cookie is sent only to the stage.
func TestStage_underAPath(t *testing.T) {
	for path, want := range map[string]string{"/t/apple/stage": "stage_ticket=genuine; Path=/t/apple/stage/; HttpOnly; SameSite=Strict", "": "stage_ticket=genuine; Path=/; HttpOnly; SameSite=Strict"} {
		s := stage.New(stage.Options{Path: path, Token: "genuine"})
		if got := record(s, newRequest("GET", path+"/?case=cookie", "")).Header().Get("Set-Cookie"); got != want {
			t.Errorf("at %q the cookie is %s", path, got)
		}
		if got := record(s, newRequest("GET", path+"/?case=storage", "")).Header().Get("Set-Cookie"); !strings.Contains(got, "stage_ticket=; ") || !strings.Contains(got, "Max-Age=0") {
			t.Errorf("with the token in localStorage the cookie is %s", got)
		}
		if rec := record(s, newRequest("GET", path+"/elsewhere", "")); rec.Code != 404 {
			t.Errorf("it serves something else: %d", rec.Code)
		}
	}
}

// TestStage_policies holds the policies of the pages.
func TestStage_policies(t *testing.T) {
	v, _ := openedStage(t, newServer(t))
	const lax = "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'"
	for _, name := range []string{"storage", "cookie", "order", "encoded"} {
		if status, _, header := v.send("GET", "/?case="+name, "", ""); status != 200 || header.Get("Content-Security-Policy") != lax {
			t.Errorf("%s: %d, %v", name, status, header)
		}
	}
	nonces := map[string]bool{}
	for range 2 {
		_, page, header := v.send("GET", "/?case=strict", "", "")
		found := regexp.MustCompile(`^default-src 'none'; script-src 'nonce-(\w+)'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; report-uri report$`).FindStringSubmatch(header.Get("Content-Security-Policy"))
		if found == nil || !strings.Contains(page, `<script nonce="`+found[1]+`">`) {
			t.Fatalf("the strict policy is %s", header.Get("Content-Security-Policy"))
		}
		nonces[found[1]] = true
	}
	if len(nonces) != 2 {
		t.Error("the nonce is always the same")
	}
}

// TestStage_isBounded: in time, in bytes, and to its own pages.
func TestStage_isBounded(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/lab/stage").wants(t, 404, "not-found")
	srv.post(t, "/lab/stage", "", with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
	v, token := openedStage(t, srv)
	for _, tc := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"as it is", token, nil, 204},
		{"from its own page", token, []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"from another port of the host", token, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"from a page in an old browser", token, []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"by a name that only leads here", token, []string{"Host", "evil.example"}, 421},
		{"too long", strings.Repeat("x", 9<<10), nil, 413},
		{"not UTF-8", "\xff", nil, 400},
	} {
		if status, answer, header := v.send("POST", "/notepad", tc.body, "", tc.headers...); status != tc.status || header.Get("Lab") != "deliberately-unsafe" {
			t.Errorf("%s: %d, %s", tc.name, status, answer)
		}
	}
	for range 30 {
		v.send("POST", "/notepad", "my diary", "")
	}
	if _, list, _ := v.send("GET", "/notepad", "", ""); strings.Count(list, "Something") != 20 || strings.Contains(list, "diary") {
		t.Errorf("the notepad has %s", list)
	}
	if status, _, _ := v.send("GET", "/?case=none", "", ""); status != 404 {
		t.Errorf("a case that there is not is answered %d", status)
	}
	srv.get(t, mePath, bearer(token)).wants(t, 401, "token-key-unknown")
	srv.get(t, "/api/v1/lounge", with("Cookie", stage.Cookie+"="+token)).wants(t, 401, "authentication-required")

	next := decode[stageAnswer](t, srv.post(t, "/lab/stage", "").wants(t, 201, ""))
	if res, err := http.Get(v.base); err == nil {
		res.Body.Close()
		t.Error("the stage before is still open")
	}
	for query, want := range map[string]string{"": next.URL, "?case=order": next.URL + "?case=order"} {
		browser := srv.get(t, "/lab/stage"+query, with("Accept", "text/html,*/*;q=0.8")).wants(t, 303, "")
		if at := browser.Header().Get("Location"); at != want {
			t.Errorf("a browser is led to %s", at)
		}
	}
	srv.get(t, "/lab/stage?case=//evil.example").wants(t, 422, "validation-failed")
}

// TestStage_hasAnotherHostName: browsers tell cookies of two ports not apart.
func TestStage_hasAnotherHostName(t *testing.T) {
	srv := newServer(t)
	for host, want := range map[string]string{"localhost:8080": "127.0.0.1", "127.0.0.1:8080": "localhost"} {
		res := srv.post(t, "/lab/stage", "", func(r *http.Request) { r.Host = host }).wants(t, 201, "")
		at, err := url.Parse(decode[stageAnswer](t, res).URL)
		if err != nil || at.Hostname() != want {
			t.Errorf("for %s it is at %s", host, at)
		}
		if status, _, _ := (visitor{t, "http://" + at.Host}).send("GET", "/", "", ""); status != 200 {
			t.Errorf("there it answers %d", status)
		}
	}
}

// TestStage_lessonNeedsEachCase replays what a browser sends while L14 is done, and then
// without each of the cases. What must not count stands beside it: the same requests without
// what they have stolen.
func TestStage_lessonNeedsEachCase(t *testing.T) {
	cases := []struct {
		name string
		play func(v visitor, token string)
	}{
		{"nothing", func(visitor, string) {}},
		{"storage", func(v visitor, token string) { v.send("POST", "/notepad", token, "") }},
		{"cookie", func(v visitor, token string) { v.send("POST", "/notepad", "", token) }},
		{"order", func(v visitor, token string) { v.send("POST", "/order", "", token) }},
		{"encoded", func(v visitor, _ string) {
			v.send("GET", "/?case=encoded", "", "")
			v.send("GET", "/notepad", "", "")
		}},
		{"strict", func(v visitor, _ string) { v.send("POST", "/report", cspReport, "") }},
	}
	for left, without := range cases {
		t.Run("without "+without.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			for _, answer := range []string{`{"question":"predict","choice":3}`, `{"question":"use","choice":3}`} {
				srv.post(t, "/learn/lessons/L14/answers", answer).wants(t, 200, "")
			}
			v, token := openedStage(t, srv)
			for i, c := range cases {
				if i != left {
					c.play(v, token)
				}
			}
			v.send("GET", "/?case=encoded", "", "")
			v.send("POST", "/notepad", "diary", "") // and with a note in between it is no proof
			v.send("GET", "/notepad", "", "")
			want := "started"
			if left == 0 {
				want = "done"
			}
			if got := srv.lessonState(t, "L14"); got != want {
				t.Errorf("the lesson is %s", got)
			}
		})
	}
}
