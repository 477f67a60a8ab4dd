package app

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
)

// lessonAnswer is what the tests read of a lesson.
type lessonAnswer struct {
	ID         string
	State      string
	StillToSee []string `json:"still_to_see"`
	Questions  []struct{ ID string }
	Prepare    []lessonStep
	Steps      []lessonStep
}

type lessonStep struct {
	ID     string
	Wait   int
	Seen   *bool // nil if nothing waits for it
	Expect struct {
		JSON map[string]any
	}
}

// lesson asks the house for a lesson.
func (r *running) lesson(id string) lessonAnswer {
	r.t.Helper()
	var l lessonAnswer
	if status := r.call("GET", "/learn/lessons/"+id, "", "", &l); status != 200 {
		r.t.Fatalf("lesson %s answers %d", id, status)
	}
	return l
}

// script is the sh file of a lesson.
func (r *running) script(id string) string {
	r.t.Helper()
	a := r.exchange("GET", "/learn/lessons/"+id+".sh", "", "")
	if a.status != 200 {
		r.t.Fatalf("the script answers %d", a.status)
	}
	return string(a.text)
}

// play runs a script in an empty folder.
func play(t *testing.T, script string) (folder, said string, err error) {
	t.Helper()
	folder = t.TempDir()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	return folder, string(out), err
}

// without takes a step out of a script, or the answer to a question.
func without(t *testing.T, script, id string) string {
	t.Helper()
	blocks := strings.Split(script, "\n\n")
	kept := slices.DeleteFunc(slices.Clone(blocks), func(b string) bool { return strings.Contains(b, "\nwants "+id+" ") })
	shorter := strings.Join(kept, "\n\n")
	if len(kept) == len(blocks) {
		shorter = regexp.MustCompile(`(?m)^.*question=`+id+` .*\n`).ReplaceAllString(script, "")
	}
	if shorter == script {
		t.Fatalf("the script has no step %s:\n%s", id, script)
	}
	return shorter
}

// TestEveryLessonCanBeDone replays each lesson in a house of its own: the whole
// script makes it done, and without any one of the steps that count it does not.
func TestEveryLessonCanBeDone(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the lessons are replayed by %s: install it", program)
		}
	}
	for _, id := range lessonIDs(t) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			house := start(t, t.TempDir(), "-kitchen-pace", "50ms")
			before := house.lesson(id)
			whole := house.script(id)
			for _, left := range before.whatCounts() {
				_, said, err := play(t, without(t, whole, left))
				if l := house.lesson(id); err == nil || l.State == "done" || len(l.StillToSee) == 0 {
					t.Errorf("without %s it is %s, %v:\n%s", left, l.State, l.StillToSee, said)
				}
				if status := house.call("POST", "/learn/reset", "", fmt.Sprintf(`{"what":"lesson","lesson":%q}`, id), nil); status != 200 {
					t.Fatalf("reset answers %d", status)
				}
				if l := house.lesson(id); l.State != "open" {
					t.Fatalf("after the reset it is %s", l.State)
				}
			}
			folder, said, err := play(t, whole)
			if l := house.lesson(id); err != nil || l.State != "done" || len(l.StillToSee) > 0 {
				t.Fatalf("it is %s, %v, %v:\n%s", l.State, l.StillToSee, err, said)
			}
			before.wantJSON(t, folder)
			wantNews(t, folder, id)
		})
	}
}

func lessonIDs(t *testing.T) (ids []string) {
	t.Helper()
	files, err := filepath.Glob("learn/lessons/L*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no lessons", err)
	}
	for _, f := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return ids
}

// whatCounts are the steps and questions that the lesson waits for. Where one has
// to wait for the clock, only the step that waits: each replay would wait again.
func (l lessonAnswer) whatCounts() (ids []string) {
	for _, s := range l.Steps {
		if s.Wait > 0 {
			return []string{s.ID}
		}
		if s.Seen != nil {
			ids = append(ids, s.ID)
		}
	}
	for _, q := range l.Questions {
		ids = append(ids, q.ID)
	}
	return ids
}

// wantJSON holds the answers that the script has kept against what the lesson
// says of them; status, problem and headers the script has checked itself.
func (l lessonAnswer) wantJSON(t *testing.T, folder string) {
	t.Helper()
	for _, step := range slices.Concat(l.Prepare, l.Steps) {
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

// wantNews looks that the very answer which completed the lesson said so.
func wantNews(t *testing.T, folder, id string) {
	t.Helper()
	heads, err := filepath.Glob(filepath.Join(folder, "*.head"))
	if err != nil {
		t.Fatal(err)
	}
	news := 0
	for _, name := range heads {
		head, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		news += len(regexp.MustCompile(`(?m)^Lesson-Progress: .*\b`+id+` done; next=L\d\d`).FindAll(head, -1))
	}
	if news != 1 {
		t.Errorf("%d answers say that %s is done", news, id)
	}
}

// TestAHouseWithoutDemoAccountsHasNoLessons says why, and LAB=off shuts the lab.
func TestAHouseWithoutDemoAccountsHasNoLessons(t *testing.T) {
	dir := t.TempDir()
	house := start(t, dir, "-demo-data", "off", "-lab", "off")
	if a := house.exchange("GET", "/learn", "", ""); a.status != 404 || !strings.Contains(string(a.text), "DEMO_DATA=on") {
		t.Errorf("/learn answers %d %s", a.status, a.text)
	}
	for _, path := range []string{"/learn/lessons", "/learn/facts", "/learn/progress"} {
		if status := house.call("GET", path, "", "", nil); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	for path, body := range map[string]string{"/learn/reset": `{"what":"kitchen"}`, "/lab/forge": `{"set":["role=manager"]}`} {
		if status := house.call("POST", path, "", body, nil); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	if a := house.exchange("GET", "/api/v1/menu", "", ""); a.header.Get("Lesson-Progress") != "" {
		t.Error("somebody is credited")
	}
	if _, err := os.Stat(filepath.Join(dir, "lessons.db")); err == nil {
		t.Error("there is a lesson book")
	}
}

// TestProgressSurvivesARestartAndAKill ends the program once in order and once as
// a power cut would.
func TestProgressSurvivesARestartAndAKill(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	for _, path := range []string{"/api/v1/orders", "/api/v1/menu/1"} {
		first.call("GET", path, "", "", nil)
	}
	first.close()
	second := start(t, dir)
	if l := second.lesson("L01"); l.State != "started" || len(l.StillToSee) != 5 {
		t.Errorf("after a restart L01 is %s, %v", l.State, l.StillToSee)
	}
	second.exchange("POST", "/api/v1/orders", "", `{}`)
	second.call("GET", "/api/v1/orders", "", "", nil)
	second.call("DELETE", "/api/v1/menu/1", "", "", nil)
	if a := second.exchange("GET", "/api/v1/menu/1", "", ""); a.header.Get("Lesson-Progress") != "L02 done; next=L01" {
		t.Fatalf("Lesson-Progress is %q", a.header.Get("Lesson-Progress"))
	}
	second.call("GET", "/learn/facts", "", "", nil) // whoever reads them has everything written before
	second.kill()
	if l := start(t, dir).lesson("L02"); l.State != "done" {
		t.Errorf("after a kill L02 is %s", l.State)
	}
}
