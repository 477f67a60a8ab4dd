package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"restaurant/e2e/testkit"
)

// classroom is a running class.
type classroom struct {
	*testkit.Process
	teacher string // the code of the teacher
}

// startClass starts a class over a folder. Its kitchens hurry, and its limits are those of
// learners.
func startClass(t *testing.T, dir string, tables int, args ...string) classroom {
	t.Helper()
	return launchClass(t, dir, testkit.FreeAddr(t), tables, args...)
}

func launchClass(t *testing.T, dir, addr string, tables int, args ...string) classroom {
	t.Helper()
	args = append([]string{"class", "-tables", strconv.Itoa(tables), "-unlock", "all", "-kitchen-pace", "50ms", "-rate-limit", "50/s"}, args...)
	p := testkit.Launch(t, dir, addr, args...)
	p.AwaitOutput("For the teacher only: ")
	return classroom{p, regexp.MustCompile(`/teach#(\S+)`).FindStringSubmatch(p.Output.String())[1]}
}

// seatedAt is a table of a class, for a client that begins at its address.
type seatedAt struct {
	*testkit.Process
	Table, Code, Base string
}

// path is the base path of the table.
func (s seatedAt) path() string { return "/t/" + s.Code }

// join takes a free table.
func (c classroom) join(t *testing.T) seatedAt {
	t.Helper()
	var s seatedAt
	if status := c.Call("POST", "/class/join", "", `{"name":""}`, &s); status != http.StatusCreated {
		t.Fatalf("joining answers %d", status)
	}
	s.Process = c.Below(s.Base)
	return s
}

func (c classroom) joinAll(t *testing.T, tables int) (seated []seatedAt) {
	t.Helper()
	for range tables {
		seated = append(seated, c.join(t))
	}
	return seated
}

// orders is how many orders the table has.
func (s seatedAt) orders(t *testing.T) (n int64) {
	t.Helper()
	var loss struct {
		Loses []struct {
			What  string
			Count int64
		}
	}
	if status := s.Call("GET", "/learn/reset?what=kitchen", "", "", &loss, "Accept", "application/json"); status != 200 || len(loss.Loses) == 0 || loss.Loses[0].What != "orders" {
		t.Fatalf("table %s: what a reset loses is answered %d %v", s.Table, status, loss)
	}
	return loss.Loses[0].Count
}

// order places an order and returns where it is.
func (s seatedAt) order(t *testing.T, token string, headers ...string) (location string) {
	t.Helper()
	a := s.Do("POST", "/api/v1/orders", token, `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, headers...)
	if a.Status != 201 {
		t.Fatalf("table %s: an order is answered %d %s", s.Table, a.Status, a.Body)
	}
	return a.Header.Get("Location")
}

// playStage does what a browser does in the cases of lesson L14, in the order of its steps.
func (s seatedAt) playStage(t *testing.T) {
	t.Helper()
	answer := func(question string, choice int) {
		if status := s.Call("POST", "/learn/lessons/L14/answers", "", fmt.Sprintf(`{"question":%q,"choice":%d}`, question, choice), nil); status != 200 {
			t.Errorf("table %s: an answer is answered %d", s.Table, status)
		}
	}
	wants := func(a testkit.Answer, status int) testkit.Answer {
		t.Helper()
		if a.Status != status {
			t.Errorf("table %s: %d instead of %d: %s", s.Table, a.Status, status, a.Body)
		}
		return a
	}
	answer("predict", 3)
	wants(s.Do("POST", "/lab/stage", "", ""), 201)
	page := wants(s.Do("GET", "/stage/?case=storage", "", ""), 200)
	token := regexp.MustCompile(`eyJ[\w.-]+`).FindString(string(page.Body))
	ticket := wants(s.Do("GET", "/stage/?case=cookie", "", ""), 200).Header.Get("Set-Cookie")
	if want := "stage_ticket=" + token + "; Path=" + s.path() + "/stage/; HttpOnly; SameSite=Strict"; ticket != want {
		t.Errorf("table %s: the cookie is %s", s.Table, ticket)
	}
	cookie := []string{"Cookie", "stage_ticket=" + token}
	wants(s.Do("POST", "/stage/notepad", "", token), 204)
	wants(s.Do("POST", "/stage/notepad", "", "", cookie...), 204)
	wants(s.Do("POST", "/stage/order", "", "", cookie...), 201)
	wants(s.Do("GET", "/stage/?case=encoded", "", ""), 200)
	wants(s.Do("GET", "/stage/notepad", "", ""), 200)
	wants(s.Do("POST", "/stage/report", "", `{"csp-report":{"document-uri":"`+s.Base+`/stage/?case=strict","violated-directive":"script-src-attr"}}`), 204)
	answer("use", 3)
}

// doLesson does a lesson as its text says: by its own script, or in the browser.
func (s seatedAt) doLesson(t *testing.T, id string) {
	t.Helper()
	var output string
	var err error
	if l := getLesson(t, s.Process, id); slices.ContainsFunc(l.Steps, func(step lessonStep) bool { return step.Page != nil }) {
		s.playStage(t)
	} else {
		script := s.Do("GET", "/learn/lessons/"+id+".sh", "", "")
		_, output, err = runScript(t, string(script.Body))
	}
	if l := getLesson(t, s.Process, id); err != nil || l.State != "done" {
		t.Errorf("table %s: %s is %s, still %v, %v:\n%s", s.Table, id, l.State, l.StillToSee, err, output)
	}
}

// lessonsOf lists the lessons of a table by how far they are.
func (s seatedAt) lessonsOf(t *testing.T) (done, other []string) {
	t.Helper()
	var list struct {
		Items []struct {
			ID, State string
			Extra     bool
		}
	}
	if status := s.Call("GET", "/learn/lessons", "", "", &list); status != 200 {
		t.Fatalf("table %s: the list answers %d", s.Table, status)
	}
	for _, l := range list.Items {
		switch {
		case l.State == "done":
			done = append(done, l.ID)
		case !l.Extra:
			other = append(other, l.ID+" "+l.State)
		}
	}
	return done, other
}

// askedFor are the routes at which lesson L16 asks for refusals with 429.
var askedFor = regexp.MustCompile(`route=(/lab/rush|/api/v1/menu/:id|/api/v1/auth/login) `)

// wantNoLimit reads the log of the class: no client met a limit that no lesson asked for.
func (c classroom) wantNoLimit(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(c.Output.String()) {
		if strings.Contains(line, "status=429") && !askedFor.MatchString(line) || strings.Contains(line, "level=ERROR") || strings.Contains(line, "status=5") {
			t.Errorf("the log says %s", line)
		}
	}
}

// TestClass_tablesLearnBesideEachOther lets tables do different lessons at the same time by
// their own scripts, from one address. Each has done what it did and nothing else, counts its
// orders from 1, and meets no limit that its lesson does not ask for. At one table nobody sits,
// and nothing happens there.
func TestClass_tablesLearnBesideEachOther(t *testing.T) {
	t.Parallel()
	lessons := [][]string{{"L02", "L10"}, {"L11", "L14"}, {"L16"}, {"L03", "L17", "L18"}, {}}
	c := startClass(t, t.TempDir(), len(lessons), "-rate-limit", lowestLimit) // for the rush hour, beside other tests
	c.learn(t, lessons)
}

// TestClass_thirtyTablesDoAllLessons is the same for a whole class. It takes some minutes:
// make class-proof.
func TestClass_thirtyTablesDoAllLessons(t *testing.T) {
	tables, _ := strconv.Atoi(os.Getenv("CLASS_PROOF"))
	if tables == 0 {
		t.Skip("make class-proof runs it: it takes some minutes")
	}
	var all []string
	for _, id := range lessonIDs(t) {
		if strings.HasPrefix(id, "L") {
			all = append(all, id)
		}
	}
	c := startClass(t, t.TempDir(), tables)
	c.learn(t, slices.Repeat([][]string{all}, tables))
	t.Logf("%d tables did %d lessons each; %d requests", tables, len(all), strings.Count(c.Output.String(), "msg=request"))
}

// learn lets each table do its lessons. All tables are open, and as many learn at a time as this
// computer can run clients for: lesson L16 asks for more requests a second than are allowed.
func (c classroom) learn(t *testing.T, lessons [][]string) {
	t.Helper()
	seated := c.joinAll(t, len(lessons))
	var all sync.WaitGroup
	chairs := make(chan struct{}, 2*runtime.NumCPU())
	for i, s := range seated {
		all.Go(func() {
			chairs <- struct{}{}
			defer func() { <-chairs }()
			for _, id := range lessons[i] {
				s.doLesson(t, id)
			}
		})
	}
	all.Wait()
	numbers := map[string]string{}
	for i, s := range seated {
		if done, other := s.lessonsOf(t); !slices.Equal(done, lessons[i]) {
			t.Errorf("table %s has done %v instead of %v; others are %v", s.Table, done, lessons[i], other)
		}
		// Numbers begin with 1 at each table, and the same lessons use the same ones.
		at, same := s.order(t, s.Login("alice")), strings.Join(lessons[i], " ")
		number := strings.TrimPrefix(at, s.path()+"/api/v1/orders/")
		if numbers[same] = cmp.Or(numbers[same], number); number != numbers[same] || same == "" && number != "1" {
			t.Errorf("table %s: the next order is %s, and elsewhere %s", s.Table, at, numbers[same])
		}
	}
	c.wantNoLimit(t)
}

// TestClass_refusalsThatLessonsAskForAreNoTrouble lets a table do all lessons by their scripts: the
// teacher sees no trouble there. A refusal that no lesson asks for is trouble, and three are stuck.
func TestClass_refusalsThatLessonsAskForAreNoTrouble(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 1)
	s := c.join(t)
	for _, id := range lessonIDs(t) {
		s.doLesson(t, id)
		if state := c.troubles(t); len(state.Problems) != 0 || state.Tables[0].Stuck {
			t.Errorf("after %s the teacher sees %+v", id, state)
		}
	}
	s.Call("POST", "/learn/reset", "", `{"what":"lesson","lesson":"L01"}`, nil)
	for range 3 {
		s.Call("GET", "/api/v1/users", "", "", nil)
	}
	if state := c.troubles(t); len(state.Problems) != 1 || state.Problems[0].Problem != "authentication-required" || !state.Tables[0].Stuck {
		t.Errorf("after three refusals that no lesson asks for the teacher sees %+v", state)
	}
}

// teacherSees is what the teacher sees of troubles.
type teacherSees struct {
	Tables []struct {
		Lesson  *string
		Stuck   bool
		StuckBy *string `json:"stuck_by"`
	}
	Problems []struct {
		Problem string
		Tables  int
	}
}

func (c classroom) troubles(t *testing.T) (state teacherSees) {
	t.Helper()
	if status := c.Call("GET", "/teach/state", c.teacher, "", &state); status != 200 {
		t.Fatalf("what the teacher sees is answered %d", status)
	}
	return state
}
