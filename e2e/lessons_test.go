package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// lessonAnswer is what the tests read of a lesson.
type lessonAnswer struct {
	ID         string
	State      string
	StillToSee []string `json:"still_to_see"`
	Prepare    []lessonStep
	Steps      []lessonStep
	After      []lessonStep // when it is done
}

type lessonStep struct {
	ID       string
	Page     *string // where it is done, if it is no request
	Commands struct{ Curl string }
	Expect   struct {
		JSON map[string]any
	}
}

// getLesson asks the server for a lesson.
func getLesson(t *testing.T, p *testkit.Process, id string) lessonAnswer {
	t.Helper()
	var l lessonAnswer
	if status := p.Call("GET", "/learn/lessons/"+id, "", "", &l); status != 200 {
		t.Fatalf("lesson %s answers %d", id, status)
	}
	return l
}

// getScript asks for the sh file of a lesson.
func getScript(t *testing.T, p *testkit.Process, id string) string {
	t.Helper()
	a := p.Do("GET", "/learn/lessons/"+id+".sh", "", "")
	if a.Status != 200 {
		t.Fatalf("the script answers %d", a.Status)
	}
	return besideKiosk(t, p, string(a.Body))
}

// besideKiosk starts a kiosk beside the server if a script needs one, and returns the
// script with its address.
func besideKiosk(t *testing.T, p *testkit.Process, script string) string {
	t.Helper()
	const usual = "http://localhost:8081"
	if !strings.Contains(script, usual) {
		return script
	}
	stand := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "kiosk", "-trust", "http://"+p.Addr)
	stand.AwaitOutput("The kiosk is running")
	return strings.ReplaceAll(script, usual, "http://"+stand.Addr)
}

// runScript runs a script in an empty folder, for a user whose curl has settings of its
// own.
func runScript(t *testing.T, script string) (folder, output string, err error) {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte("fail\ninclude\nheader = \"Accept: text/html\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "CURL_HOME="+home)
	out, err := cmd.CombinedOutput()
	return folder, string(out), err
}

// rushHour is the lesson that sends 240 requests to a server that serves fewer. Whether curl is
// quick enough for it depends on what runs beside it, so it runs alone, and the limit is the lowest
// that leaves room for the 41 requests in a row that are not to be refused there.
const rushHour, lowestLimit = "L16", "41/s"

// TestLessons_areDoneByTheirScripts replays each lesson: the whole script makes it done, and
// again after a reset. handlers leaves out each step that counts (TestLessons_needEachStep).
func TestLessons_areDoneByTheirScripts(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the lessons are replayed by %s: install it", program)
		}
	}
	for _, id := range lessonIDs(t) {
		t.Run(id, func(t *testing.T) {
			limit := "50/s" // as for a learner
			if id == rushHour {
				limit = lowestLimit
			} else {
				t.Parallel()
			}
			server := testkit.Start(t, t.TempDir(), "-kitchen-pace", "50ms", "-rate-limit", limit)
			// The guest whom the learner registers is not the first one.
			for _, name := range []string{"first.guest", "second.guest"} {
				body := fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza","name":"A guest","birth_date":"1990-01-31"}`, name, name)
				if status := server.Call("POST", "/api/v1/auth/register", "", body, nil); status != 201 {
					t.Fatalf("a guest who registers is answered %d", status)
				}
			}
			before := getLesson(t, server, id)
			if slices.ContainsFunc(before.Steps, func(s lessonStep) bool { return s.Page != nil }) {
				t.Skip("it is done in a browser; e2e/browser does it")
			}
			for range 2 {
				folder, output, err := runScript(t, getScript(t, server, id))
				if l := getLesson(t, server, id); err != nil || l.State != "done" || len(l.StillToSee) > 0 {
					t.Fatalf("it is %s, %v, %v:\n%s", l.State, l.StillToSee, err, output)
				}
				before.wantJSON(t, folder)
				wantHeader(t, folder, id)
				if status := server.Call("POST", "/learn/reset", "", fmt.Sprintf(`{"what":"lesson","lesson":%q}`, id), nil); status != 200 {
					t.Fatalf("reset answers %d", status)
				}
				if l := getLesson(t, server, id); l.State != "open" {
					t.Fatalf("after the reset it is %s", l.State)
				}
			}
		})
	}
}

// forSh writes the files for cmd and PowerShell as sh understands them. Whatever is not here is
// the same in all shells.
var forSh = []struct{ line, becomes string }{
	{`\r|(?m)^@echo off$|^.*Get-Content certificate.*$`, ""},
	{`%%`, "%"}, {`(?m)^rem `, "# "}, {`%(order|guest)%`, "$$$1"}, {`curl\.exe `, "curl "},
	{`(?m)^(type|Get-Content) (\S+)$`, "cat $2"},
	{`(?m)^for /f %n in \('powershell -NoProfile -Command "(.*)"'\) do set (\w+)=%n$`, "$$$2 = $1"},
	{`, '\$1'`, `, '\1'`},
	{`(?m)^\$(\w+) = \(Get-Content (\S+)\) -match ('.*?') -replace '(.*?)'(?:, '(.*)')?$`, `$1=$$(tr -d '\r' < $2 | grep -iE $3 | sed -E 's#$4#$5#')`},
}

// TestLessons_namesTheOrderThatTheirFilesPlace: the files for Windows take numbers from answers,
// also at a table that has orders and guests already.
func TestLessons_namesTheOrderThatTheirFilesPlace(t *testing.T) {
	for _, format := range []string{"cmd", "ps1"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, t.TempDir(), "-kitchen-pace", "50ms")
			server.Call("POST", "/api/v1/auth/register", "", `{"username":"first.guest","password":"first.guest-likes-pizza","name":"A guest","birth_date":"1990-01-31"}`, nil)
			for _, id := range []string{"L04", "L07", "L18"} {
				server.Call("POST", "/learn/reset", "", fmt.Sprintf(`{"what":"lesson","lesson":%q}`, id), nil)
				script := string(server.Do("GET", "/learn/lessons/"+id+"."+format, "", "").Body)
				for _, in := range forSh {
					script = regexp.MustCompile(in.line).ReplaceAllString(script, in.becomes)
				}
				_, output, err := runScript(t, script)
				if l := getLesson(t, server, id); err != nil || l.State != "done" || strings.Contains(output, " 404 ") {
					t.Fatalf("%s is %s, still %v, %v:\n%s\n%s", id, l.State, l.StillToSee, err, script, output)
				}
			}
		})
	}
}

// lessonIDs asks a server, which may be one without a single credit.
func lessonIDs(t *testing.T) (ids []string) {
	t.Helper()
	var list struct{ Items []struct{ ID string } }
	if status := testkit.Start(t, t.TempDir()).Call("GET", "/learn/lessons", "", "", &list); status != 200 || len(list.Items) == 0 {
		t.Fatalf("the list answers %d with %d lessons", status, len(list.Items))
	}
	for _, l := range list.Items {
		ids = append(ids, l.ID)
	}
	return ids
}

// wantJSON holds the answers that the script has kept against what the lesson
// says of them; status, problem and headers the script has checked itself.
func (l lessonAnswer) wantJSON(t *testing.T, folder string) {
	t.Helper()
	for _, step := range slices.Concat(l.Prepare, l.Steps, l.After) {
		if len(step.Expect.JSON) == 0 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, step.ID+".body"))
		if err != nil {
			t.Fatal(err)
		}
		if _, body, hasHead := bytes.Cut(text, []byte("\r\n\r\n")); hasHead {
			text = body
		}
		var answer any
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%s: %v: %s", step.ID, err, text)
		}
		for path, want := range step.Expect.JSON {
			if got := member(answer, path); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s is %v, want %v", step.ID, path, got, want)
			}
		}
	}
}

// member finds claims.vip or items.0.id in an answer.
func member(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(in) {
				return nil
			}
			v = in[n]
		default:
			return nil
		}
	}
	return v
}

// wantHeader checks that the very answer which completed the lesson said so.
func wantHeader(t *testing.T, folder, id string) {
	t.Helper()
	heads, err := filepath.Glob(filepath.Join(folder, "*.head"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, name := range heads {
		head, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		count += len(regexp.MustCompile(`(?m)^Lesson-Progress: .*\b`+id+` done; next=L\d\d`).FindAll(head, -1))
	}
	if count != 1 {
		t.Errorf("%d answers say that %s is done", count, id)
	}
}

// TestLessons_needDemoAccounts: the answer says so, and RESTAURANT_LAB=off shuts the lab.
func TestLessons_needDemoAccounts(t *testing.T) {
	dir := t.TempDir()
	server := testkit.Start(t, dir, "-demo-data", "off", "-lab", "off")
	if a := server.Do("GET", "/learn", "", ""); a.Status != 404 || !strings.Contains(string(a.Body), "RESTAURANT_DEMO_DATA=on") {
		t.Errorf("/learn answers %d %s", a.Status, a.Body)
	}
	for _, path := range []string{"/learn/lessons", "/learn/facts", "/learn/progress"} {
		if status := server.Call("GET", path, "", "", nil); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	for path, body := range map[string]string{"/learn/reset": `{"what":"kitchen"}`, "/lab/forge": `{"set":["role=manager"]}`} {
		if status := server.Call("POST", path, "", body, nil); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	if a := server.Do("GET", "/api/v1/menu", "", ""); a.Header.Get("Lesson-Progress") != "" {
		t.Error("a lesson is credited")
	}
	if _, err := os.Stat(filepath.Join(dir, "lessons.db")); err == nil {
		t.Error("there is a lesson database")
	}
}

// TestLessons_progressSurvivesRestarts ends the program once in order and once as a
// power cut would.
func TestLessons_progressSurvivesRestarts(t *testing.T) {
	dir := t.TempDir()
	first := testkit.Start(t, dir)
	for _, path := range []string{"/api/v1/orders", "/api/v1/menu/1"} {
		first.Call("GET", path, "", "", nil)
	}
	first.Call("POST", "/learn/lessons/L01/answers", "", `{"question":"predict","choice":1}`, nil) // which shows what is still to see
	first.Stop()
	second := testkit.Start(t, dir)
	if l := getLesson(t, second, "L01"); l.State != "started" || len(l.StillToSee) != 5 {
		t.Errorf("after a restart L01 is %s, %v", l.State, l.StillToSee)
	}
	second.Do("POST", "/api/v1/orders", "", `{}`)
	second.Call("GET", "/api/v1/orders", "", "", nil)
	second.Call("DELETE", "/api/v1/menu/1", "", "", nil)
	second.Call("GET", "/api/v1/menu/1", "", "", nil)
	if a := second.Do("POST", "/learn/lessons/L02/answers", "", `{"question":"first-check","choice":2}`); a.Header.Get("Lesson-Progress") != "L02 done; next=L01" {
		t.Fatalf("Lesson-Progress is %q", a.Header.Get("Lesson-Progress"))
	}
	second.Call("GET", "/learn/facts", "", "", nil) // reading the facts writes what waits
	second.Kill()
	if l := getLesson(t, testkit.Start(t, dir), "L02"); l.State != "done" {
		t.Errorf("after a kill L02 is %s", l.State)
	}
}
