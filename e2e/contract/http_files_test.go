package contract

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"restaurant/e2e/testkit"
)

// sent is what httpYac says of a file that it has sent.
type sent struct {
	Requests []sentRequest
	Summary  struct{ TotalRequests, SuccessRequests, SkippedRequests, FailedRequests, ErroredRequests int }
}

type sentRequest struct {
	Title    string
	Response *struct { // nil without one
		StatusCode int
		Body       string
	}
}

// lesson is what the tests read of GET /learn/lessons/{id}.
type lesson struct {
	ID             string
	State          string
	StillToSee     []string `json:"still_to_see"`
	Questions      []struct{ ID string }
	Prepare, Steps []lessonStep
	After          []lessonStep // when it is done
}

type lessonStep struct {
	ID      string
	Page    *string
	Request struct {
		At     string
		Repeat int
	}
	Expect struct {
		Status   []int
		CurlExit *int `json:"curl_exit"`
		JSON     map[string]any
	}
}

func getLesson(t testing.TB, p *testkit.Process, id string) (l lesson) {
	t.Helper()
	if status := p.Call("GET", "/learn/lessons/"+id, "", "", &l); status != 200 {
		t.Fatalf("lesson %s answers %d", id, status)
	}
	return l
}

// httpYac sends all requests of a lesson's .http file, from top to bottom.
func httpYac(t testing.TB, p *testkit.Process, id string) (s sent, file string) {
	t.Helper()
	dir, file := saveFile(t, p, id, "http")
	cmd := npm(t, dir, "httpyac", "send", id+".http", "--all", "--json")
	cmd.Env = append(cmd.Env, "HOME="+dir, "NO_UPDATE_NOTIFIER=1")
	out, err := os.Create(filepath.Join(dir, "sent.json")) // at its exit, httpYac forgets what a pipe has not taken yet
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = out
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != requestFailed {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s, file
}

// requestFailed is how httpYac ends when a request has got no response.
const requestFailed = 10

// elsewhere are the lessons that no .http file completes, with what their files leave to another
// tool, and why.
var elsewhere = map[string][]string{
	"L14": {"storage", "cookie", "order", "encoded", "strict"}, // a browser runs the scripts that are its point
	"L17": {"open-tls", "stranger", "ca", "trust"},             // no client can be told in a file which certificate to trust
}

// TestHTTPFiles_completeEachLesson: the .http file of every lesson there is, sent by httpYac to
// a fresh server, is answered as the lesson says, and then the lesson is done. Of those that are
// done elsewhere, all other requests are answered as they say.
//
// REST Client runs only in Visual Studio Code. What the files use of it is in its README:
// ### between requests, comments with #, # @name and # @no-cookie-jar in front of a request, and
// {{name.response.body.member}}; it takes the comments with @sleep and @loop for comments.
func TestHTTPFiles_completeEachLesson(t *testing.T) {
	t.Parallel()
	beside(t, completeWithHTTPYac)
}

// TestHTTPFiles_rushHour is the same for the lesson that needs a quick client.
func TestHTTPFiles_rushHour(t *testing.T) { completeWithHTTPYac(t, rushHour) }

func completeWithHTTPYac(t *testing.T, id string) {
	t.Helper()
	p, before := startLesson(t, id)
	got, file := httpYac(t, p, id)
	before.wantAnswers(t, got)
	if id == "L17" {
		typeLines(t, p, file)
	}
	after := getLesson(t, p, id)
	if done := after.State == "done" && len(after.StillToSee) == 0; done != (id != "L14") {
		t.Errorf("it is %s; still to see: %v", after.State, after.StillToSee)
	}
}

// wantAnswers holds the answers against the lesson. httpYac lists a request that it repeats once
// with an answer, and then each time without one.
func (l lesson) wantAnswers(t *testing.T, got sent) {
	t.Helper()
	want, fails := [][]int{{200}}, 0 // the guess
	add := func(steps []lessonStep) {
		for _, s := range steps {
			switch {
			case slices.Contains(elsewhere[l.ID], s.ID):
			case s.Expect.CurlExit != nil:
				fails++
			default:
				want = append(want, s.Expect.Status)
			}
		}
	}
	add(l.Prepare)
	add(l.Steps)
	for range l.Questions {
		want = append(want, []int{200})
	}
	add(l.After)
	if s := got.Summary; s.ErroredRequests != fails || s.FailedRequests > 0 || s.SkippedRequests > 0 {
		t.Errorf("%d are meant to fail; it says %+v", fails, s)
	}
	answered := slices.DeleteFunc(slices.Clone(got.Requests), func(r sentRequest) bool { return r.Response == nil })
	if len(answered) != len(want) {
		t.Fatalf("%d of %d requests are answered", len(answered), len(want))
	}
	for i, r := range answered {
		if !slices.Contains(want[i], r.Response.StatusCode) {
			t.Errorf("%q: the status is %d, want one of %v", r.Title, r.Response.StatusCode, want[i])
		}
	}
	wantAfter(t, answered[len(want)-len(l.After):], l.After)
}

// wantAfter holds what is said of the certificate against the lesson.
func wantAfter(t *testing.T, requests []sentRequest, steps []lessonStep) {
	t.Helper()
	for i, step := range steps {
		want, judged := step.Expect.JSON["signature.valid"]
		if !judged {
			continue
		}
		var got struct {
			Active    bool
			Signature struct{ Valid bool }
		}
		if err := json.Unmarshal([]byte(requests[i].Response.Body), &got); err != nil || got.Signature.Valid != want || got.Active {
			t.Errorf("%s: %v, %s", step.ID, err, requests[i].Response.Body)
		}
	}
}

// typeLines types the lines for a terminal that a file has in its comments, one after the other,
// and asks for the last log of the wire again, as a learner does who goes from top to bottom.
func typeLines(t *testing.T, p *testkit.Process, file string) {
	t.Helper()
	dir, ends := t.TempDir(), []int{}
	for _, m := range regexp.MustCompile(`(?m)^# (curl .*)$`).FindAllStringSubmatch(file, -1) {
		cmd := exec.Command("sh", "-c", m[1])
		cmd.Dir = dir
		_ = cmd.Run() // its code is looked at
		ends = append(ends, cmd.ProcessState.ExitCode())
	}
	if want := []int{0, 0, 60, 0, 0}; !slices.Equal(ends, want) { // the wire, the login, the stranger, the certificate, the friend
		t.Errorf("the lines end with %v, want %v", ends, want)
	}
	if log := p.Do("GET", "/lab/wire/log", "", ""); log.Status != 200 {
		t.Errorf("the log answers %d", log.Status)
	}
}

// TestHTTPFiles_asOnThePage runs the line of docs/clients.md; httpYac exits with another code
// than 0 if a request cannot be sent.
func TestHTTPFiles_asOnThePage(t *testing.T) {
	p := startServer(t)
	dir, _ := saveFile(t, p, "L03", "http")
	mustRun(t, npxOnPage(t, p, "httpyac", dir))
	if l := getLesson(t, p, "L03"); l.State != "done" {
		t.Errorf("L03 is %s; still to see: %v", l.State, l.StillToSee)
	}
}

// TestHTTPFiles_followTheirOwnOrder: where somebody else has ordered before, alice's file
// follows the order that it has placed.
func TestHTTPFiles_followTheirOwnOrder(t *testing.T) {
	p := startServer(t)
	var bob struct {
		AccessToken string `json:"access_token"`
	}
	p.Call("POST", "/api/v1/auth/login", "", `{"username":"bob","password":"bob-likes-pizza"}`, &bob)
	if status := p.Call("POST", "/api/v1/orders", bob.AccessToken, `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, nil); status != 201 {
		t.Fatalf("bob's order is answered %d", status)
	}
	got, _ := httpYac(t, p, "L04")
	for _, r := range got.Requests {
		if r.Response != nil && r.Response.StatusCode == 404 {
			t.Errorf("%s: it is bob's", r.Title)
		}
	}
	if l := getLesson(t, p, "L04"); l.State != "done" {
		t.Errorf("L04 is %s; still to see: %v", l.State, l.StillToSee)
	}
}
