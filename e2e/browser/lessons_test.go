package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/fetch"

	"restaurant/learn/course"
)

var yourLesson = region("Your lesson")

// runScript does a whole lesson with sh and curl, in a folder of its own.
func (s *server) runScript(id string) {
	s.t.Helper()
	dir := s.t.TempDir()
	file := filepath.Join(dir, id+".sh")
	if err := os.WriteFile(file, []byte(s.script(id)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("sh", file)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s in a terminal: %v\n%s", id, err, out)
	}
}

// TestLessons_inTheTerminal: the page offers no button for a request that it cannot send, such
// as one to the kiosk, and says where to send it; a request to the lab has a warning in words.
func TestLessons_inTheTerminal(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/lessons/L10")
	guest.lockInGuess(mouse{guest})
	for i, step := range guest.server.lesson("L10").Steps {
		run, says := guest.has(button("Run it here: step "+strconv.Itoa(i+1))), guest.isTrue(
			`!!document.querySelector('[data-step=' + `+quote(quote(step.ID))+` + ']')?.textContent.includes("In a terminal: ")`)
		banner := guest.isTrue(`!!document.querySelector('[data-step=' + ` + quote(quote(step.ID)) + ` + '] .lab-banner')`)
		terminal := slices.Contains([]string{"away", "without", "fake", "ticket", "ticket-home", "ticket-away"}, step.ID)
		lab := slices.Contains([]string{"forge", "ticket", "ticket-home"}, step.ID)
		if run == terminal || says != terminal || banner != lab {
			t.Errorf("step %s: button %v, sent to a terminal %v, banner %v", step.ID, run, says, banner)
		}
	}
	guest.runStep(mouse{guest}, "login", "step 1") // what the page can send, it still sends
	guest.checkAccessibility("L10 in a terminal")
	guest.checkWidths("L10-terminal")
}

// TestLessons_lastExercise appears when L18 is done, and checks the certificate with the page
// alone: the button makes the copy with one letter more.
func TestLessons_lastExercise(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	last := region("Your last exercise")
	guest.open("/#/lessons/L18")
	guest.lockInGuess(mouse{guest})
	if guest.has(last) {
		t.Error("the exercise is there before the lesson is done")
	}
	s.runScript("L18")
	guest.find(last)
	guest.click(button("Run it here: last step 4"))
	guest.waitText("The file certificate.json is not in your folder yet.")
	guest.click(button("Get it: last step 1, then last step 4"))
	guest.waitVerdict("changed", "as expected")
	for i, id := range []string{"certificate", "keys", "genuine", "changed"} {
		guest.runStep(mouse{guest}, id, "last step "+strconv.Itoa(i+1))
	}
	guest.checkAccessibility("L18, the last exercise")
	guest.checkWidths("L18-exercise")
	guest.click(radio(".http"))
	guest.waitText(`{"certificate": "{{certificate.response.body.certificate}}A"}`)

	guest.goTo("Token")
	guest.fill(element{role: "textbox", name: "Token"}, string(s.Do("GET", "/learn/certificate", "", "").Body))
	guest.waitText("A genuine certificate")
	guest.checkAccessibility("token, a certificate")
}

// TestLessons_list shows the lessons by part, with what is done.
func TestLessons_list(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/")
	guest.goTo("Lessons")
	guest.find(heading("Lessons"))
	guest.waitText(doneOf(0), "Express", "II. The wristband")
	guest.checkAccessibility("lessons")
	guest.checkWidths("lessons")
	guest.checkTabReachesAll()
	guest.click(link("* L01 Read the menu"))
	guest.find(heading("L01 Read the menu"))
	guest.find(button("Save my guess"))
}

// TestLessons_stages shows a lesson before the guess, after it, after each step, and done.
func TestLessons_stages(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.open("/#/lessons/L02")
	guest.find(button("Save my guess"))
	if guest.has(button("Run it here*")) || guest.hasText("curl") {
		t.Error("the requests can be read before the guess")
	}
	guest.checkAccessibility("lesson, not begun")
	guest.checkWidths("lesson-open")

	guest.lockInGuess(mouse{guest})
	guest.waitText("Your guess: 201", "When the server has seen all steps", "The explanation appears")
	guest.checkAccessibility("lesson, begun")
	guest.checkWidths("lesson-begun")
	guest.checkTabReachesAll()

	guest.runStep(mouse{guest}, "order", "step 1")
	guest.waitText("✓ seen", "WWW-Authenticate")
	guest.checkAccessibility("lesson, one step run")
	guest.checkWidths("lesson-run")
	for i, id := range []string{"orders", "delete", "still-there"} {
		guest.runStep(mouse{guest}, id, "step "+strconv.Itoa(i+2))
	}
	guest.click(radio("If the request comes with a valid token"))
	guest.click(button("Answer"))
	guest.waitText("L02 is done", "It is: 401: who are you?", "Without a check, three things")
	guest.checkAccessibility("lesson, done")
	guest.checkWidths("lesson-done")
}

// checkTabReachesAll wants Tab to reach all there is to press. Without motion, because what
// is still scrolling into view would count as hidden.
func (p *tab) checkTabReachesAll() {
	p.t.Helper()
	p.emulateMedia("prefers-reduced-motion", "reduce")
	if missed := p.unreached(); len(missed) > 0 {
		p.t.Errorf("Tab does not reach %q", missed)
	}
}

// TestLessons_commandsForEachShell compares what the page shows with the server's address.
func TestLessons_commandsForEachShell(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.open("/#/lessons/L04")
	guest.lockInGuess(mouse{guest})
	at := "http://" + s.Addr
	guest.waitText("curl -s " + at + "/learn/files/order.json -o order.json")
	for shell, command := range map[string]string{
		"sh":         `curl -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		"cmd":        `curl -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		"PowerShell": `curl.exe -N -H "@wristband.txt" ` + at + `/api/v1/orders/1/events`,
		".http":      `GET ` + at + `/api/v1/orders/1/events Authorization: Bearer {{wristband.response.body.access_token}}`,
	} {
		guest.click(radio(shell))
		guest.waitText(command)
	}
	guest.click(radio(".http"))
	guest.waitText("{{wristband.response.body.access_token}}")
	guest.checkAccessibility("lesson, .http")
	guest.reload()
	guest.waitText("{{wristband.response.body.access_token}}")
}

// TestLessons_missingFile leads to where it comes from.
func TestLessons_missingFile(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/lessons/L04")
	guest.lockInGuess(mouse{guest})
	guest.click(button("Run it here: step 2"))
	guest.waitText("The file wristband.txt is not in your folder yet.")
	guest.checkAccessibility("lesson, a file is missing")
	guest.click(button("Get it: preparation 1, then step 2"))
	guest.waitVerdict("menu", "as expected")
	guest.waitText("Your folder: 1 file")

	guest.reload() // the folder was in the memory of the page
	guest.click(button("Run it here: step 2"))
	guest.click(button("Log in and use my wristband"))
	guest.click(button("vera").within(loginDialog))
	guest.click(button("Log in and get my wristband").within(loginDialog))
	guest.waitVerdict("menu", "as expected")
	guest.click(element{role: "DisclosureTriangle", name: "Your folder: 1 file"})
	guest.waitText("the wristband of Vera", "Authorization: Bearer eyJ")
	guest.checkAccessibility("lesson, folder")
}

// TestLessons_stopStream where no cook ever comes.
func TestLessons_stopStream(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_KITCHEN=manual").newTab(t)
	guest.expectStatus(401)
	guest.open("/#/lessons/L04")
	guest.lockInGuess(mouse{guest})
	guest.runStep(mouse{guest}, "wristband", "preparation 1")
	guest.runStep(mouse{guest}, "order", "step 3")
	guest.click(button("Run it here: step 5"))
	guest.waitText("So far: placed")
	guest.checkAccessibility("lesson, a stream")
	guest.click(button("Stop step 5"))
	guest.waitVerdict("follow", "not as expected")
	guest.waitUntil("the focus on the step", func() bool { return guest.focused() == button("Run it here: step 5") })
	guest.waitGone(button("Stop step 5"))
}

// TestLessons_terminalShowsLive does a lesson with curl while its page is open, and
// another one while its note stands in the frame.
func TestLessons_terminalShowsLive(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.open("/#/lessons/L01")
	guest.find(button("Save my guess"))
	s.runScript("L01")
	guest.waitText("L01 is done", "You are the guest (client).")
	guest.find(link("Go on with L02 *"))
	guest.click(link("Go on with L02 *"))
	guest.find(heading("L02 *"))
	guest.find(button("Save my guess"))
	guest.goTo("My orders")
	guest.find(link("L02 *").within(yourLesson))
	guest.checkAccessibility("my orders, with a lesson")
	guest.checkWidths("note")
	s.runScript("L02")
	guest.find(link("L03 *").within(yourLesson))
	guest.waitText("L02 is done")
	guest.goTo("Lessons")
	guest.waitText(doneOf(2))
	guest.waitGone(yourLesson)
	s.runScript("L03")
	guest.waitText(doneOf(3))
}

// TestLessons_note is not there for guests who do not learn.
func TestLessons_note(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.open("/")
	guest.find(button("Order"))
	if n := guest.sent("GET /learn/lessons"); n > 0 || guest.has(yourLesson) {
		t.Errorf("a guest who has come to eat is taught: %d requests", n)
	}
	guest.open("/#/lessons/L02")
	guest.lockInGuess(mouse{guest})
	guest.goTo("Menu")
	guest.waitText("Still to see: an order without a wristband, refused (401), and 4 more.")
	guest.click(size("large", "Margherita"))
	guest.click(button("Order"))
	guest.waitText("Still to see: the list of orders, refused (401), and 3 more.")
	guest.checkAccessibility("menu, with a lesson")
	guest.reload()
	guest.click(link("L02 *").within(yourLesson))
	guest.find(heading("L02 *"))
	guest.goTo("Menu")
	guest.click(button("Hide the note about your lesson"))
	guest.waitGone(yourLesson)
	guest.reload()
	guest.find(button("Order"))
	guest.waitGone(yourLesson)
}

// TestLessons_hintsAndAnswers gives one hint after the other, and says whether an answer is right.
func TestLessons_hintsAndAnswers(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/lessons/L05")
	guest.lockInGuess(mouse{guest})
	guest.click(button("Hint 1"))
	guest.waitText("A wristband has two dots")
	guest.click(button("Hint 2"))
	guest.waitText("Run the three lines")
	guest.waitGone(button("Hint*"))
	guest.click(radio("kid, alg, typ"))
	guest.click(button("Answer"))
	guest.waitText("Not this one.")
	guest.waitText("These three are in the")
	guest.checkAccessibility("lesson, wrong answer and hints")
	guest.checkWidths("lesson-wrong")
	guest.click(button("Try again"))
	guest.click(radio("sub, iat, exp"))
	guest.click(button("Answer"))
	guest.waitText("Right: sub, iat, exp")
	eval[any](guest, `void scrollTo(0, 0)`) // half behind the line at the foot, a control is no target
	guest.checkAccessibility("lesson, right answer")
	guest.checkWidths("lesson-answers")
}

// TestLessons_secondTry: after a wrong choice the choices are closed, the focus is on the reason,
// so that it is said once, and a button opens them again. By keyboard, then by mouse, with a
// reload and a second wrong answer in between.
func TestLessons_secondTry(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	lesson, _ := course.Load().Lesson("L05")
	q := lesson.Questions[0]
	question, tryAgain := region("Question 1"), button("Try again").within(region("Question 1"))
	keys := keyboard{guest}
	listen := func() {
		t.Helper()
		eval[any](guest, `void new MutationObserver(() => (window.said ??= []).push(document.querySelector('#say').textContent)).observe(document.querySelector('#say'), {childList: true})`)
	}
	guest.open("/#/lessons/L05")
	guest.find(button("Save my guess"))
	listen()
	guest.lockInGuess(keys)
	closed := func(choice int) {
		t.Helper()
		guest.find(tryAgain)
		guest.waitText(q.WhyNotOf(choice))
		if guest.has(button("Answer").within(question)) || !guest.isTrue(`[...document.querySelectorAll('.questions > :first-child input')].every(e => e.disabled)`) {
			t.Error("another choice can be taken before the reason is read")
		}
	}
	wrong := func(by inputDevice, choice int) {
		t.Helper()
		by.choose(question, q.Choices, choice)
		by.press(button("Answer").within(question))
		closed(choice)
		guest.waitUntil("the focus on the reason", func() bool {
			return guest.isTrue(`document.activeElement.textContent.includes('Not this one. ' + ` + quote(q.WhyNotOf(choice)) + `)`)
		})
	}
	wrong(keys, 1)
	guest.checkAccessibility("lesson, closed after a wrong choice")
	guest.waitUntil("what was said before", func() bool { return guest.isTrue(`window.said?.join().includes('Your guess is saved')`) })
	said := eval[string](guest, `window.said.join()`)
	guest.reload()
	listen()
	closed(1)
	keys.press(tryAgain)
	guest.waitUntil("the focus on the choice", func() bool { return guest.focused() == radio(q.Choices[0]) })
	guest.pressKey("Space") // the same again is as wrong as before
	keys.press(button("Answer").within(question))
	closed(1)
	guest.click(tryAgain)
	wrong(mouse{guest}, 3)
	guest.click(tryAgain)
	mouse{guest}.choose(question, q.Choices, q.Answer)
	guest.click(button("Answer").within(question))
	guest.waitText("Right: " + q.Choices[q.Answer-1])
	guest.waitUntil("the focus on the answer", func() bool { return guest.isTrue(`document.activeElement.dataset.question === ` + quote(q.ID)) })
	if said += eval[string](guest, `(window.said ?? []).join()`); strings.Contains(said, "Not this one") || strings.Contains(said, "Right") {
		t.Errorf("beside the focus, it is said by the live region: %s", said)
	}
}

// TestLessons_numbers: a number counts if it is near to what the learner has measured, and
// before that the page says to measure.
func TestLessons_numbers(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/lessons/L12")
	guest.lockInGuess(mouse{guest})
	bytes := element{role: "spinbutton", name: "How many bytes*"}
	guest.waitUntil("the numbers are asked for", func() bool { return len(guest.all(element{role: "spinbutton", name: "*"})) == 4 })
	answer := func(number string) {
		t.Helper()
		guest.fill(bytes, number)
		guest.pressKey("Enter")
	}
	answer("750")
	guest.waitText("Measure first")
	guest.server.mustCall("POST", "/lab/compare", "", `{"n":10,"distance_ms":0}`, nil)
	answer("45")
	guest.waitText("Not this one.", "That of session is the ticket.")
	guest.waitUntil("the number is closed, and the focus is on the reason", func() bool {
		return guest.isTrue(`document.activeElement.closest('section')?.querySelector('input[type=number]')?.disabled && document.activeElement.textContent.includes('Not this one.')`)
	})
	guest.checkAccessibility("lesson, a wrong number")
	guest.click(button("Try again"))
	answer("745")
	guest.waitText("Right: 745 bytes")
	guest.checkAccessibility("lesson, a right number")
	guest.checkWidths("lesson-numbers")
}

// TestLessons_glossary explains a word where it stands.
func TestLessons_glossary(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/lessons/L04")
	guest.lockInGuess(mouse{guest})
	guest.click(button("wristband"))
	guest.waitText("access token: A proof of who you are")
	guest.checkAccessibility("lesson, a word")
	guest.checkWidths("lesson-word")
	guest.pressKey("Escape")
	guest.waitUntil("the word is closed", func() bool { return !guest.hasText("A proof of who you are") })
}

// TestLessons_startOver starts one lesson over, then all, and then resets the restaurant.
func TestLessons_startOver(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(401)
	s.runScript("L02")
	guest.open("/#/lessons/L02")
	guest.waitText("L02 is done")
	guest.click(button("Start over"))
	dialog := element{role: "dialog", name: "Start L02 over?"}
	guest.find(dialog)
	guest.waitText("lessons that are done: 1", "things that the server has seen: 5")
	guest.checkAccessibility("lesson, start over?")
	guest.checkWidths("anew")
	guest.click(button("Keep everything"))
	guest.waitGone(dialog)
	if state := s.lesson("L02").State; state != "done" {
		t.Errorf("after all was kept L02 is %s", state)
	}
	guest.click(button("Start over"))
	guest.click(button("Start over").within(dialog))
	guest.find(button("Save my guess"))
	if state := s.lesson("L02").State; state != "open" {
		t.Errorf("after it was started over L02 is %s", state)
	}

	s.runScript("L01")
	guest.goTo("Lessons")
	guest.waitText(doneOf(1))
	guest.click(button("Start all lessons again"))
	guest.click(button("Start again"))
	guest.waitText("All lessons start again.", doneOf(0))

	s.placeOrder(s.Login("alice"))
	guest.logIn("alice")
	guest.click(button("Fresh kitchen"))
	guest.waitText("orders: 1", "logins, also yours: 2")
	guest.checkAccessibility("fresh kitchen?")
	guest.click(button("Reset it"))
	guest.waitText("The restaurant was reset")
	guest.find(link("Log in"))
	if id := s.placeOrder(s.Login("alice")); id != 1 {
		t.Errorf("the first order of a fresh kitchen is number %d", id)
	}
}

// TestLessons_progressFile restores progress from a file, and refuses a file that is none.
func TestLessons_progressFile(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(400)
	s.runScript("L01")
	guest.open("/#/lessons")
	guest.waitText(doneOf(1))
	file := filepath.Join(t.TempDir(), "progress.json")
	kept := eval[string](guest, `fetch(document.querySelector('a[download="progress.json"]').href).then(r => r.text())`)
	if err := os.WriteFile(file, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustCall("POST", "/learn/reset", "", `{"what":"lessons"}`, nil)
	guest.waitText(doneOf(0))
	guest.restoreProgress(file)
	guest.waitText("Your progress is restored.", doneOf(1))
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte("this is no progress"), 0o600); err != nil {
		t.Fatal(err)
	}
	guest.restoreProgress(other)
	guest.waitText("400")
	guest.checkAccessibility("lessons, a file that is no progress")
	guest.click(button("Keep everything"))
	guest.waitText(doneOf(1))
}

// restoreProgress chooses a file on the page of the lessons, and has it restored.
func (p *tab) restoreProgress(file string) {
	p.t.Helper()
	p.find(button("Restore my progress"))
	root := call(p, dom.GetDocument, dom.GetDocumentParams{})
	input := call(p, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root.Root.NodeID, Selector: "input[type=file]"})
	call(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{NodeID: input.NodeID, Files: []string{file}})
	p.click(button("Restore it"))
}

// TestLessons_loading says what the page waits for.
func TestLessons_loading(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	list, listComes := hold("GET /learn/lessons")
	one, oneComes := hold("GET /learn/lessons/L01")
	guest.intercept(list, one)
	guest.open("/#/lessons")
	guest.waitText("Reading the list of lessons")
	guest.checkAccessibility("lessons, loading")
	listComes()
	guest.click(link("L01 Read the menu"))
	guest.waitText("Opening the lesson")
	guest.checkAccessibility("lesson, loading")
	oneComes()
	guest.find(button("Save my guess"))
}

// TestLessons_refused shows each kind of refusal, and counts down until it may try again.
func TestLessons_refused(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(404, 429, 503)
	guest.recordCountdown()
	guest.intercept(refuse("GET /learn/lessons*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	for path, there := range map[string]element{"/#/lessons": link("L02 *"), "/#/lessons/L01": button("Save my guess")} {
		guest.intercept(refuse("GET /learn/lessons*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
		guest.open(path)
		guest.waitText("503", "Try again in a moment.")
		guest.checkAccessibility(path + ", refused")
		guest.intercept(refuse("GET /learn/lessons*", 429, "rate-limited", "Not so fast", "Wait 3 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "3"}))
		guest.click(button("Try again"))
		guest.waitCountdown()
		guest.checkAccessibility(path + ", throttled")
		guest.intercept()
		guest.click(button("Try again"))
		guest.find(there)
		guest.open("/?again#/about") // another document, with a countdown of its own
	}
	guest.open("/#/lessons/L77")
	guest.waitText("404", "There is no lesson of that name")
	guest.checkAccessibility("a lesson that does not exist")
	guest.click(link("All lessons"))
	guest.intercept(fulfil("GET /learn/lessons", `{"items":[]}`))
	guest.waitText("There are no lessons here")
	guest.checkAccessibility("lessons, empty")
}

// TestLessons_offline keeps a lesson readable without a connection.
func TestLessons_offline(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(notDelivered, 401)
	guest.open("/#/lessons/L02")
	guest.lockInGuess(mouse{guest})
	guest.disconnect(true)
	guest.click(button("Run it here: step 1"))
	guest.waitText("No connection to the restaurant", "You can send it again.")
	guest.waitText("Order one large Margherita.")
	guest.checkAccessibility("lesson, offline")
	guest.click(button("Hint 1"))
	guest.find(button("Hint 1"))
	guest.disconnect(false)
	guest.runStep(mouse{guest}, "order", "step 1")
	guest.waitText("4 still to see")
}

// TestLessons_insecureOrigin has neither crypto.subtle nor a clipboard.
func TestLessons_insecureOrigin(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	_, port, _ := strings.Cut(s.Addr, ":")
	s.Kill()
	s.settings = append(s.settings, "RESTAURANT_PUBLIC_URL=http://"+insecureHost+":"+port)
	s.restart()
	guest := s.newInsecureTab(t)
	guest.expectStatus(401, 404)
	guest.open("/#/lessons/L03")
	guest.doLesson("L03", mouse{guest})
	guest.clickToCopy(button("Copy the command of step 1"))
}
