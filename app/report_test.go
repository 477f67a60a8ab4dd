package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestReports_settings: where reports may go. The good values are beside the bad ones.
func TestReports_settings(t *testing.T) {
	for _, tc := range []struct{ teacher, table, err string }{
		{"http://192.168.1.20:8080", "07-kmx", ""},
		{"http://192.168.1.20:8080/", "07-KMX", ""},
		{"http://localhost:8080", "100-abc", ""},
		{"http://[fd00::1]:8080", "07-kmx", ""},
		{"https://class.example", "07-kmx", ""},
		{"http://203.0.113.5:8080", "07-kmx", "RESTAURANT_TEACHER must be a private address"},
		{"http://[2001:db8::1]:8080", "07-kmx", "RESTAURANT_TEACHER must be a private address"},
		{"http://192.168.1.20:99999", "07-kmx", "RESTAURANT_TEACHER must be the address of a class"},
		{"192.168.1.20:8080", "07-kmx", "RESTAURANT_TEACHER must be the address of a class"},
		{"http://192.168.1.20:8080/t/07-kmx", "07-kmx", "without the path of your table"},
		{"http://a:b@192.168.1.20", "07-kmx", "RESTAURANT_TEACHER must be"},
		{"http://192.168.1.20:8080", "07", "RESTAURANT_TABLE must be the code"},
		{"http://192.168.1.20:8080", "07-kil", "RESTAURANT_TABLE must be the code"},
		{"http://192.168.1.20:8080", "", "go together"},
		{"", "07-kmx", "go together"},
	} {
		c, err := read([]string{"-teacher", tc.teacher, "-table", tc.table}, nil)
		if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s, %s: %v", tc.teacher, tc.table, err)
		}
		if err == nil && (strings.HasSuffix(c.teacher, "/") || c.tableCode != strings.ToLower(tc.table)) {
			t.Errorf("%s, %s: %+v", tc.teacher, tc.table, c)
		}
	}
	if _, err := read([]string{"-teacher", "http://localhost:1", "-table", "07-kmx", "-demo-data", "off"}, nil); err == nil {
		t.Error("lessons are reported, although there are none")
	}
}

// terminal is what a running program has printed.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *terminal) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: not yet %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// startReporting starts a restaurant of a learner's own, and returns its address.
func startReporting(t *testing.T, teacher, code string) (url string) {
	t.Helper()
	out := new(terminal)
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		err := Run(ctx, []string{"-addr", "127.0.0.1:0", "-data-dir", folder, "-teacher", teacher, "-table", code}, nil, Stdio{Out: out, Log: io.Discard})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	await(t, "running", func() bool { return strings.Contains(out.String(), "sees your lessons at table 02") })
	return regexp.MustCompile(`running at (\S+)`).FindStringSubmatch(out.String())[1]
}

// TestReports_showOwnComputers: a restaurant on a learner's own computer is seen by the teacher, with
// lessons and refusals. Its requests are not delayed, and nothing secret is sent.
func TestReports_showOwnComputers(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	code := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/02", ""), "code").(string)
	var sent terminal
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.TeeReader(r.Body, &sent))
		res := c.send(t, r.Method, r.URL.Path, string(body))
		w.WriteHeader(res.status)
		fmt.Fprint(w, res.body)
	}))
	defer relay.Close()
	own := startReporting(t, relay.URL, code)
	ask := func(method, path, body string) string {
		req, _ := http.NewRequestWithContext(t.Context(), method, own+path, strings.NewReader(body))
		if body != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return string(text)
	}
	ask(http.MethodPost, "/learn/lessons/L01/answers", "question=predict&choice=2")
	ask(http.MethodGet, "/api/v1/menu", "")
	var login struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(ask(http.MethodPost, "/api/v1/auth/login", "username=alice&password=alice-likes-pizza")), &login); err != nil {
		t.Fatal(err)
	}
	ask(http.MethodGet, "/api/v1/lounge", "")

	table := func(path ...any) any {
		return member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", ""), append([]any{"tables", 1}, path...)...)
	}
	await(t, "reported with its last request", func() bool {
		last, _ := table("last").(map[string]any)
		return table("reported") == true && last["route"] == "GET /api/v1/lounge"
	})
	if table("state") != "seated" || table("lesson") != "L01" || table("last", "problem") != "authentication-required" || table("seen") == 0.0 {
		t.Errorf("the table is %v", table())
	}
	if got := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/state", ""), "tables", 0, "reported"); got != false {
		t.Errorf("table 1 is reported: %v", got)
	}
	for _, secret := range []string{login.AccessToken, login.RefreshToken, "likes-pizza", `"answers":{"`, "127.0.0.1", "Go-http-client"} {
		if secret == "" || strings.Contains(sent.String(), secret) {
			t.Errorf("a report holds %q", secret)
		}
	}
}

// TestReports_refused: a report is believed only with the code of a table, and only in what the
// course itself says.
func TestReports_refused(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	code := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""), "code").(string)
	report := func(body string) reply {
		return c.send(t, http.MethodPost, "/class/report", strings.ReplaceAll(body, "CODE", code))
	}
	for body, want := range map[string]int{
		`{"lessons":[],"facts":[]}`:                                                http.StatusUnprocessableEntity,
		`{"code":"CODE","lessons":[],"facts":[],"password":"x"}`:                   http.StatusBadRequest,
		`{"code":"CODE","facts":[` + strings.Repeat(`{},`, 100) + `{}]}`:           http.StatusUnprocessableEntity,
		`{"code":"CODE","lessons":[{"id":"` + strings.Repeat("x", 70_000) + `"}]}`: http.StatusRequestEntityTooLarge,
	} {
		if res := report(body); res.status != want {
			t.Errorf("%.60s is answered %d, want %d: %s", body, res.status, want, res.body)
		}
	}
	forged := `{"code":"CODE","lessons":[{"id":"L01","title":"<b>me</b>","state":"started","seen":99,"still":["call 555-1234"],"wrong":-3},{"id":"L99","state":"done"}],
		"facts":[{"route":"GET /<script>","status":200,"token":"none"},{"route":"GET /api/v1/menu","status":200,"token":"none"},{"route":"GET /api/v1/menu","status":200,"token":"eyJ"}]}`
	if res := report(forged); res.status != http.StatusNoContent {
		t.Fatalf("%d %s", res.status, res.body)
	}
	res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", "")
	for _, text := range []string{"<b>", "call 555", "L99", "<script", "eyJ", `\u003c`} {
		if strings.Contains(res.body, text) {
			t.Errorf("the teacher sees %q of a stranger", text)
		}
	}
	if member(t, res, "lesson") != "L01" || member(t, res, "seen") != member(t, res, "of") || member(t, res, "wrong") != 0.0 || len(member(t, res, "facts").([]any)) != 1 {
		t.Errorf("kept: %s", res.body)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/reset", `{"what":"all"}`)
	if res := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""); member(t, res, "reported") != false || member(t, res, "state") != "free" {
		t.Errorf("after a reset: %.300s", res.body)
	}
	limited := 0
	for range 20 {
		if report(`{"code":"CODE"}`).status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("reports may come as fast as they like")
	}
}

// TestReports_wrongCodesAreGuesses: they count where all wrong codes do.
func TestReports_wrongCodesAreGuesses(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	statuses := map[int]int{}
	for range 11 {
		statuses[c.send(t, http.MethodPost, "/class/report", `{"code":"01-zzz"}`).status]++
	}
	if statuses[http.StatusNotFound] != 10 || statuses[http.StatusTooManyRequests] != 1 {
		t.Errorf("statuses: %v", statuses)
	}
}

// TestReports_keepWhatIsUnsigned: progress that somebody has written by hand on their own computer does not look
// genuine in the spreadsheet.
func TestReports_keepWhatIsUnsigned(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	code := member(t, c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/01", ""), "code").(string)
	res := c.send(t, http.MethodPost, "/class/report", `{"code":"`+code+`","lessons":[{"id":"L01","state":"done","restored":true,"unsigned":true},{"id":"L02","state":"done","restored":true},{"id":"L03","state":"done"}]}`)
	if res.status != http.StatusNoContent {
		t.Fatalf("%d %s", res.status, res.body)
	}
	sheet := c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/export.csv", "").body
	for lesson, want := range map[string]string{"L01": "unsigned", "L02": "true", "L03": "false"} {
		if row := regexp.MustCompile(`(?m)^.*,` + lesson + `,.*$`).FindString(sheet); !strings.HasSuffix(strings.TrimSpace(row), ","+want) {
			t.Errorf("%s, want %s", row, want)
		}
	}
}
