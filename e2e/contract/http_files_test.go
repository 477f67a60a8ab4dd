package contract

import (
	"encoding/json"
	"os"
	"path/filepath"
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
	Response struct {
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
		Config *string
		JarOut *string `json:"jar_out"`
		Repeat int
	}
	Expect struct {
		Status   []int
		JSON     map[string]any
		CurlExit *int `json:"curl_exit"`
	}
}

// needsCurl names a step that no .http file can send: it goes to another address, keeps
// cookies, is sent many times, or fails on purpose.
func (l lesson) needsCurl() (step string) {
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		r := s.Request
		if s.Page != nil || r.At != "house" || r.Config != nil || r.JarOut != nil || r.Repeat > 1 || s.Expect.CurlExit != nil {
			return s.ID
		}
	}
	return ""
}

func getLesson(t testing.TB, p *testkit.Process, id string) (l lesson) {
	t.Helper()
	if status := p.Call("GET", "/learn/lessons/"+id, "", "", &l); status != 200 {
		t.Fatalf("lesson %s answers %d", id, status)
	}
	return l
}

// saveHTTPFile puts a lesson's .http file into a new folder.
func saveHTTPFile(t testing.TB, p *testkit.Process, id string) (dir string) {
	t.Helper()
	file := p.Do("GET", "/learn/lessons/"+id+".http", "", "")
	if file.Status != 200 {
		t.Fatalf("%s.http answers %d", id, file.Status)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, id+".http"), file.Body, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// httpYac sends all requests of a lesson's .http file, from top to bottom.
func httpYac(t testing.TB, p *testkit.Process, id string) (s sent) {
	t.Helper()
	dir := saveHTTPFile(t, p, id)
	cmd := npm(t, dir, "httpyac", "send", id+".http", "--all", "--json")
	cmd.Env = append(cmd.Env, "HOME="+dir, "NO_UPDATE_NOTIFIER=1")
	out, err := os.Create(filepath.Join(dir, "sent.json")) // at its exit, httpYac forgets what a pipe has not taken yet
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

// TestHTTPFiles_completeEachLesson: the .http file of every lesson there is, sent by httpYac to
// a fresh server, is answered as the lesson says, and then the lesson is done.
//
// REST Client runs only in Visual Studio Code. What the files use of it is in its README:
// ### between requests, comments with #, # @name in front of a request, and
// {{name.response.body.member}}; it takes the comments with @sleep for comments.
func TestHTTPFiles_completeEachLesson(t *testing.T) {
	t.Parallel()
	var list struct{ Items []struct{ ID string } }
	if status := startServer(t).Call("GET", "/learn/lessons", "", "", &list); status != 200 || len(list.Items) < 9 {
		t.Fatalf("the list answers %d with %d lessons", status, len(list.Items))
	}
	for _, item := range list.Items {
		t.Run(item.ID, func(t *testing.T) {
			t.Parallel()
			p := startServer(t)
			before := getLesson(t, p, item.ID)
			if before.State == "done" {
				t.Fatal("it is done before it begins")
			}
			if step := before.needsCurl(); step != "" {
				t.Skipf("its step %s needs curl, as its file says; handlers and e2e do it", step)
			}
			got := httpYac(t, p, item.ID)
			want := [][]int{{200}} // the guess
			for _, step := range slices.Concat(before.Prepare, before.Steps) {
				want = append(want, step.Expect.Status)
			}
			for range before.Questions {
				want = append(want, []int{200})
			}
			for _, step := range before.After {
				want = append(want, step.Expect.Status)
			}
			if s := got.Summary; s.TotalRequests != len(want) || s.SuccessRequests != len(want) || len(got.Requests) != len(want) {
				t.Fatalf("of %d requests it says %+v", len(want), s)
			}
			for i, r := range got.Requests {
				if !slices.Contains(want[i], r.Response.StatusCode) {
					t.Errorf("%q: the status is %d, want one of %v", r.Title, r.Response.StatusCode, want[i])
				}
			}
			wantAfter(t, got.Requests[len(want)-len(before.After):], before.After)
			if after := getLesson(t, p, item.ID); after.State != "done" || len(after.StillToSee) > 0 {
				t.Errorf("it is %s; still to see: %v", after.State, after.StillToSee)
			}
		})
	}
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

// TestHTTPFiles_asOnThePage runs the line of docs/clients.md; httpYac exits with another code
// than 0 if a request cannot be sent.
func TestHTTPFiles_asOnThePage(t *testing.T) {
	p := startServer(t)
	mustRun(t, npxOnPage(t, p, "httpyac", saveHTTPFile(t, p, "L03")))
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
	for _, r := range httpYac(t, p, "L04").Requests {
		if r.Response.StatusCode == 404 {
			t.Errorf("%s: it is bob's", r.Title)
		}
	}
	if l := getLesson(t, p, "L04"); l.State != "done" {
		t.Errorf("L04 is %s; still to see: %v", l.State, l.StillToSee)
	}
}
