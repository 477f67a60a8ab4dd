package e2e

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/fetch"
)

var (
	yourLesson = region("Your lesson")
	express    = []string{"L01", "L02", "L03", "L04", "L05"}
)

// lesson is what the house tells of one lesson, as far as tests need it.
type lesson struct {
	ID, Title, State string
	Prepare, Steps   []struct {
		ID   string
		Wait int
	}
	Questions []struct {
		ID      string
		Choices []string
	}
}

func (h *house) lesson(id string) (l lesson) {
	h.t.Helper()
	h.must("GET", "/learn/lessons/"+id, "", "", &l)
	return l
}

// script is a lesson as a shell script, which has the answers in it.
func (h *house) script(id string) string {
	h.t.Helper()
	res, err := client.Get("http://" + h.addr + "/learn/lessons/" + id + ".sh")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		h.t.Fatalf("the script of %s is answered %d (%v)", id, res.StatusCode, err)
	}
	return string(text)
}

// inTerminal does a whole lesson with sh and curl, in a folder of its own.
func (h *house) inTerminal(id string) {
	h.t.Helper()
	dir := h.t.TempDir()
	file := filepath.Join(dir, id+".sh")
	if err := os.WriteFile(file, []byte(h.script(id)), 0o600); err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command("sh", file)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%s in a terminal: %v\n%s", id, err, out)
	}
}

// hand is how a guest uses the page.
type hand interface {
	// press uses a button or a link.
	press(x thing)
	// choose takes one of the choices of a question.
	choose(choices []string, n int)
}

type mouse struct{ p *tab }

func (m mouse) press(x thing)                  { m.p.t.Helper(); m.p.clicks(x) }
func (m mouse) choose(choices []string, n int) { m.p.t.Helper(); m.p.clicks(radio(choices[n-1])) }

type keyboard struct{ p *tab }

func (k keyboard) press(x thing) {
	k.p.t.Helper()
	k.p.finds(x)
	k.p.tabsTo(x)
	k.p.presses("Enter")
}

// choose goes to the group with Tab, and inside it with the arrows.
func (k keyboard) choose(choices []string, n int) {
	k.p.t.Helper()
	k.p.finds(radio(choices[0]))
	k.p.tabsTo(radio(choices[0]))
	k.p.walksTo(radio(choices[n-1]), "Down")
	k.p.presses("Space")
}

// learns does a lesson that is open on the page: it guesses, runs every request
// by its button, and answers the questions.
func (p *tab) learns(id string, by hand) {
	p.t.Helper()
	l, answers := p.house.lesson(id), answersIn(p.house.script(id))
	p.finds(heading(id + " *"))
	p.guesses(by)
	for i, step := range l.Prepare {
		p.runs(by, step.ID, "preparation "+strconv.Itoa(i+1))
	}
	for i, step := range l.Steps {
		if step.Wait > 0 {
			by.press(button("Run it here: step " + strconv.Itoa(i+1)))
			p.sees("The request is sent in 1") // some seconds of it have gone
		}
		p.runs(by, step.ID, "step "+strconv.Itoa(i+1))
	}
	for _, q := range l.Questions {
		by.choose(q.Choices, answers[q.ID])
		by.press(button("Answer"))
		p.sees("✓ Right: " + q.Choices[answers[q.ID]-1])
	}
	p.sees(id + " is done")
	if state := p.house.lesson(id).State; state != "done" {
		p.t.Errorf("the page says that %s is done, the house says %s", id, state)
	}
}

// answersIn reads the right choices, by question, out of a script.
func answersIn(script string) map[string]int {
	answers := map[string]int{}
	for _, m := range regexp.MustCompile(`question=([a-z-]+) -d choice=([0-9]+)`).FindAllStringSubmatch(script, -1) {
		answers[m[1]], _ = strconv.Atoi(m[2])
	}
	return answers
}

// guesses takes the first choice of the prediction, right or wrong.
func (p *tab) guesses(by hand) {
	p.t.Helper()
	p.finds(button("Lock in my guess"))
	first := text(p.finds(radio("*")).Name)
	by.choose([]string{first}, 1)
	by.press(button("Lock in my guess"))
	p.finds(button("Run it here: step 1"))
}

// runs sends the request of a step and waits for what is said about its answer.
func (p *tab) runs(by hand, id, name string) {
	p.t.Helper()
	by.press(button("Run it here: " + name))
	p.comes(id, "as expected")
}

// comes waits for what is said about the answer to a step.
func (p *tab) comes(id, verdict string) {
	p.t.Helper()
	p.until(id+" is "+verdict, func() bool {
		return p.holds(`!!document.querySelector('[data-step=' + ` + quote(quote(id)) + ` + '] .step__verdict')?.textContent.includes(` + quote(" "+verdict) + `)`)
	})
}

// TestTheExpressRouteByKeyboard goes from the start page to a wristband that one
// can read, and touches no mouse. The console stays free of errors.
func TestTheExpressRouteByKeyboard(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 404)
	keys := keyboard{guest}
	guest.opens("/")
	keys.press(link("Lessons"))
	guest.until("the focus on the new heading", func() bool { return guest.focused() == heading("Lessons") })
	keys.press(link("* L01 Read the menu"))
	for i, id := range express {
		guest.until("the focus on the heading of "+id, func() bool {
			at := guest.focused()
			return at.role == "heading" && strings.HasPrefix(at.name, id+" ")
		})
		guest.learns(id, keys)
		if i < len(express)-1 {
			keys.press(link("Go on with " + express[i+1] + " *"))
		}
	}
	if guest.has(button("Log out")) {
		t.Error("a lesson has put its wristband on the page")
	}
	keys.press(link("All lessons"))
	guest.sees("5 of 9 done")
}

func TestTheOtherLessonsByMouse(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 403, 404, 409, 422)
	guest.arrives("alice", "Lessons")
	for _, id := range []string{"L06", "L07", "L08", "L09"} {
		guest.opens("/#/lessons/" + id)
		guest.learns(id, mouse{guest})
		guest.everyone(id + " done")
		guest.looks(id + "-done")
	}
	if !guest.says("alice, guest") {
		t.Error("the lessons have taken the wristband off the page")
	}
}

func TestTheListOfLessons(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/")
	guest.goes("Lessons")
	guest.finds(heading("Lessons"))
	guest.sees("0 of 9 done", "Express", "II. The wristband")
	guest.everyone("lessons")
	guest.looks("lessons")
	guest.passesAll()
	guest.clicks(link("* L01 Read the menu"))
	guest.finds(heading("L01 Read the menu"))
	guest.finds(button("Lock in my guess"))
}

func TestALessonInEachStage(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.opens("/#/lessons/L02")
	guest.finds(button("Lock in my guess"))
	if guest.has(button("Run it here*")) || guest.says("curl") {
		t.Error("the requests can be read before the guess")
	}
	guest.everyone("lesson, not begun")
	guest.looks("lesson-open")

	guest.guesses(mouse{guest})
	guest.sees("Your guess: 201", "When all steps were seen", "The explanation appears")
	guest.everyone("lesson, begun")
	guest.looks("lesson-begun")
	guest.passesAll()

	guest.runs(mouse{guest}, "order", "step 1")
	guest.sees("✓ seen", "WWW-Authenticate")
	guest.everyone("lesson, one step run")
	guest.looks("lesson-run")
	for i, id := range []string{"orders", "delete", "still-there"} {
		guest.runs(mouse{guest}, id, "step "+strconv.Itoa(i+2))
	}
	guest.sees("L02 is done", "It is: 401: who are you?", "Without a check at the door")
	guest.everyone("lesson, done")
	guest.looks("lesson-done")
}

// passesAll wants Tab to reach all there is to press. Without motion, because what
// is still scrolling into view would count as hidden.
func (p *tab) passesAll() {
	p.t.Helper()
	p.prefers("prefers-reduced-motion", "reduce")
	if missed := p.unreached(); len(missed) > 0 {
		p.t.Errorf("Tab does not reach %q", missed)
	}
}

// TestCommandsForEachShell compares what the page shows with what the house writes.
func TestCommandsForEachShell(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.opens("/#/lessons/L04")
	guest.guesses(mouse{guest})
	at := "http://" + h.addr
	guest.sees("curl -s " + at + "/learn/files/order.json -o order.json")
	for shell, command := range map[string]string{
		"sh":         `curl -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		"cmd":        `curl -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		"PowerShell": `curl.exe -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		".http":      `GET ` + at + `/api/v1/orders/1/events Authorization: Bearer {{wristband.response.body.access_token}}`,
	} {
		guest.clicks(radio(shell))
		guest.sees(command)
	}
	guest.clicks(radio(".http"))
	guest.sees("{{wristband.response.body.access_token}}")
	guest.everyone("lesson, .http")
	guest.reloads()
	guest.sees("{{wristband.response.body.access_token}}")
}

// TestAFileThatIsMissing leads to where it comes from.
func TestAFileThatIsMissing(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/#/lessons/L04")
	guest.guesses(mouse{guest})
	guest.clicks(button("Run it here: step 2"))
	guest.sees("The file wristband.txt is not in your folder yet.")
	guest.everyone("lesson, a file is missing")
	guest.clicks(button("Get it: preparation 1, then step 2"))
	guest.comes("menu", "as expected")
	guest.sees("Your folder: 1 file")

	guest.reloads() // the folder was in the memory of the page
	guest.clicks(button("Run it here: step 2"))
	guest.clicks(button("Log in and use my own wristband"))
	guest.clicks(button("vera").within(loginDialog))
	guest.clicks(button("Get my wristband").within(loginDialog))
	guest.comes("menu", "as expected")
	guest.clicks(thing{role: "DisclosureTriangle", name: "Your folder: 1 file"})
	guest.sees("the wristband of Vera", "Authorization: Bearer eyJ")
	guest.everyone("lesson, folder")
}

// TestAStreamCanBeStopped where no cook ever comes.
func TestAStreamCanBeStopped(t *testing.T) {
	t.Parallel()
	guest := openHouse(t, "KITCHEN=manual").seat(t)
	guest.provokes(401)
	guest.opens("/#/lessons/L04")
	guest.guesses(mouse{guest})
	guest.runs(mouse{guest}, "wristband", "preparation 1")
	guest.runs(mouse{guest}, "order", "step 3")
	guest.clicks(button("Run it here: step 5"))
	guest.sees("So far: placed")
	guest.everyone("lesson, a stream")
	guest.clicks(button("Stop step 5"))
	guest.comes("follow", "not what was expected")
	guest.until("the focus on the step", func() bool { return guest.focused() == button("Run it here: step 5") })
	guest.misses(button("Stop step 5"))
}

// TestATerminalShowsUpLive does a lesson with curl while its page is open, and
// another one while its note stands in the frame.
func TestATerminalShowsUpLive(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.opens("/#/lessons/L01")
	guest.finds(button("Lock in my guess"))
	h.inTerminal("L01")
	guest.sees("L01 is done", "You are the client.")
	guest.finds(link("Go on with L02 *"))
	guest.clicks(link("Go on with L02 *"))
	guest.finds(heading("L02 *"))
	guest.finds(button("Lock in my guess"))
	guest.goes("My orders")
	guest.finds(link("L02 *").within(yourLesson))
	guest.everyone("my orders, with a lesson")
	guest.looks("note")
	h.inTerminal("L02")
	guest.finds(link("L03 *").within(yourLesson))
	guest.sees("L02 is done")
	guest.goes("Lessons")
	guest.sees("2 of 9 done")
	guest.misses(yourLesson)
	h.inTerminal("L03")
	guest.sees("3 of 9 done")
}

// TestTheNoteOfTheLesson is not there for guests who do not learn.
func TestTheNoteOfTheLesson(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.opens("/")
	guest.finds(button("Order"))
	if n := guest.sent("GET /learn/lessons"); n > 0 || guest.has(yourLesson) {
		t.Errorf("a guest who has come to eat is taught: %d requests", n)
	}
	guest.opens("/#/lessons/L02")
	guest.guesses(mouse{guest})
	guest.goes("Menu")
	guest.sees("Still to see: an order without a wristband, refused (401), and 3 more.")
	guest.clicks(size("large", "Margherita"))
	guest.clicks(button("Order"))
	guest.sees("Still to see: the list of orders, refused (401), and 2 more.")
	guest.everyone("menu, with a lesson")
	guest.reloads()
	guest.clicks(link("L02 *").within(yourLesson))
	guest.finds(heading("L02 *"))
	guest.goes("Menu")
	guest.clicks(button("Hide the note about your lesson"))
	guest.misses(yourLesson)
	guest.reloads()
	guest.finds(button("Order"))
	guest.misses(yourLesson)
}

func TestHintsAndWrongAnswers(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/#/lessons/L05")
	guest.guesses(mouse{guest})
	guest.clicks(button("Hint 1"))
	guest.sees("A wristband has two dots")
	guest.clicks(button("Hint 2"))
	guest.sees("Run the three lines")
	guest.misses(button("Hint*"))
	guest.clicks(radio("kid, alg, typ"))
	guest.clicks(button("Answer"))
	guest.sees("Not this one.")
	guest.everyone("lesson, wrong answer and hints")
	guest.clicks(radio("sub, iat, exp"))
	guest.clicks(button("Answer"))
	guest.sees("Right: sub, iat, exp")
	eval[any](guest, `void scrollTo(0, 0)`) // half behind the line at the foot, a control is no target
	guest.everyone("lesson, right answer")
	guest.looks("lesson-answers")
}

func TestWordsExplainThemselves(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/#/lessons/L04")
	guest.guesses(mouse{guest})
	guest.clicks(button("wristband"))
	guest.sees("access token: A short-lived proof")
	guest.everyone("lesson, a word")
	guest.looks("lesson-word")
	guest.presses("Escape")
	guest.until("the word is closed", func() bool { return !guest.says("A short-lived proof") })
}

func TestBeginningAnew(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(401)
	h.inTerminal("L02")
	guest.opens("/#/lessons/L02")
	guest.sees("L02 is done")
	guest.clicks(button("Start over"))
	dialog := thing{role: "dialog", name: "Start L02 over?"}
	guest.finds(dialog)
	guest.sees("lessons that are done: 1", "things that were seen: 4")
	guest.everyone("lesson, start over?")
	guest.looks("anew")
	guest.clicks(button("Keep everything"))
	guest.misses(dialog)
	if state := h.lesson("L02").State; state != "done" {
		t.Errorf("after all was kept L02 is %s", state)
	}
	guest.clicks(button("Start over"))
	guest.clicks(button("Start over").within(dialog))
	guest.finds(button("Lock in my guess"))
	if state := h.lesson("L02").State; state != "open" {
		t.Errorf("after it was started over L02 is %s", state)
	}

	h.inTerminal("L01")
	guest.goes("Lessons")
	guest.sees("1 of 9 done")
	guest.clicks(button("All lessons anew"))
	guest.clicks(button("Begin anew"))
	guest.sees("All lessons begin anew.", "0 of 9 done")

	h.orders(h.token("alice"))
	guest.logsIn("alice")
	guest.clicks(button("Fresh kitchen"))
	guest.sees("orders: 1", "logins, yours among them: 2")
	guest.everyone("fresh kitchen?")
	guest.clicks(button("Put it back"))
	guest.sees("as on its first day")
	guest.finds(link("Log in"))
	if id := h.orders(h.token("alice")); id != 1 {
		t.Errorf("the first order of a fresh kitchen is number %d", id)
	}
}

func TestProgressAsAFile(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(400)
	h.inTerminal("L01")
	guest.opens("/#/lessons")
	guest.sees("1 of 9 done")
	file := filepath.Join(t.TempDir(), "progress.json")
	kept := eval[string](guest, `fetch(document.querySelector('a[download="progress.json"]').href).then(r => r.text())`)
	if err := os.WriteFile(file, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("POST", "/learn/reset", "", `{"what":"lessons"}`, nil)
	guest.sees("0 of 9 done")
	restore := func(path string) {
		guest.finds(button("Restore my progress"))
		root := call(guest, dom.GetDocument, dom.GetDocumentParams{})
		input := call(guest, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root.Root.NodeID, Selector: "input[type=file]"})
		call(guest, dom.SetFileInputFiles, dom.SetFileInputFilesParams{NodeID: input.NodeID, Files: []string{path}})
		guest.clicks(button("Restore it"))
	}
	restore(file)
	guest.sees("Your progress is restored.", "1 of 9 done")
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte("this is no progress"), 0o600); err != nil {
		t.Fatal(err)
	}
	restore(other)
	guest.sees("400")
	guest.everyone("lessons, a file that is no progress")
	guest.clicks(button("Keep everything"))
	guest.sees("1 of 9 done")
}

func TestLessonsWhileTheyLoad(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	list, listComes := held("GET /learn/lessons")
	one, oneComes := held("GET /learn/lessons/L01")
	guest.sends(list, one)
	guest.opens("/#/lessons")
	guest.sees("Reading the list of lessons")
	guest.everyone("lessons, loading")
	listComes()
	guest.clicks(link("L01 Read the menu"))
	guest.sees("Opening the lesson")
	guest.everyone("lesson, loading")
	oneComes()
	guest.finds(button("Lock in my guess"))
}

func TestLessonsInTrouble(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(404, 429, 503)
	guest.sends(refused("GET /learn/lessons*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	for path, there := range map[string]thing{"/#/lessons": link("L02 *"), "/#/lessons/L01": button("Lock in my guess")} {
		guest.sends(refused("GET /learn/lessons*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
		guest.opens(path)
		guest.sees("503", "Try again in a moment.")
		guest.everyone(path + ", refused")
		guest.sends(refused("GET /learn/lessons*", 429, "rate-limited", "Not so fast", "Wait 3 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "3"}))
		guest.clicks(button("Try again"))
		guest.finds(button("Try again in 2 s"))
		guest.everyone(path + ", throttled")
		guest.sends()
		guest.clicks(button("Try again"))
		guest.finds(there)
		guest.opens("/#/about")
	}
	guest.opens("/#/lessons/L77")
	guest.sees("404", "There is no lesson of that name")
	guest.everyone("a lesson that does not exist")
	guest.clicks(link("All lessons"))
	guest.sends(answered("GET /learn/lessons", `{"items":[]}`))
	guest.sees("There are no lessons here")
	guest.everyone("lessons, empty")
}

func TestLessonsWithoutAConnection(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(notDelivered, 401)
	guest.opens("/#/lessons/L02")
	guest.guesses(mouse{guest})
	guest.disconnect(true)
	guest.clicks(button("Run it here: step 1"))
	guest.sees("No connection to the restaurant", "Nothing is lost")
	guest.sees("Order one large Margherita.")
	guest.everyone("lesson, offline")
	guest.clicks(button("Hint 1"))
	guest.finds(button("Hint 1"))
	guest.disconnect(false)
	guest.runs(mouse{guest}, "order", "step 1")
	guest.sees("3 still to see")
}

// TestLessonsOnAStrangeHost has neither crypto.subtle nor a clipboard.
func TestLessonsOnAStrangeHost(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	_, port, _ := strings.Cut(h.addr, ":")
	h.close()
	h.settings = append(h.settings, "PUBLIC_URL=http://"+strangeHost+":"+port)
	h.open()
	guest := h.strangeSeat(t)
	guest.provokes(401, 404)
	guest.opens("/#/lessons/L03")
	guest.learns("L03", mouse{guest})
	guest.clicks(button("Copy the command of step 1"))
	guest.finds(textbox("Text to copy"))
}
